"""The interface: arguments, selections of blocks, and what the simulator refuses."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from tilewright import mlir
from tilewright.diagnostics import InputError, UsageError
from tilewright.mlir import ir
from tilewright.simulator import numpy_dtype, parse_blocks

pytestmark = pytest.mark.l2_simulator


@pytest.mark.parametrize(
    ("text", "count"),
    [("all", 24), ("5", 5), ("100", 24), ("1,2,0", 1)],
)
def test_blocks_are_selected_x_fastest(text, count):
    chosen = parse_blocks(text).select((2, 3, 4))
    assert len(chosen) == count
    assert chosen[:3] == ([(1, 2, 0)] if count == 1 else [(0, 0, 0), (1, 0, 0), (0, 1, 0)])


@pytest.mark.parametrize("text", ["", "none", "0", "-1", "1,2", "1,2,3,4", "a,b,c"])
def test_a_selection_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="blocks are"):
        parse_blocks(text)


def test_a_block_outside_of_the_grid_is_refused():
    with pytest.raises(UsageError, match="no block"):
        parse_blocks("2,0,0").select((2, 1, 1))


def test_every_element_type_has_a_dtype():
    expected = {
        "f16": np.float16,
        "bf16": ml_dtypes.bfloat16,
        "f32": np.float32,
        "f64": np.float64,
        "f8E4M3FN": ml_dtypes.float8_e4m3fn,
        "f8E5M2": ml_dtypes.float8_e5m2,
        "i1": np.bool_,
        "i8": np.int8,
        "i64": np.int64,
        "index": np.int64,
    }
    with mlir.context():
        for name, dtype in expected.items():
            assert numpy_dtype(ir.Type.parse(name)) == np.dtype(dtype)
        with pytest.raises(InputError, match="i7"):
            numpy_dtype(ir.Type.parse("i7"))


BODY = """%v = arith.addi %n, %c1 : index
    %w = arith.index_cast %v : index to i32
    memref.store %w, %O[%c0] : memref<?xi32>"""
ARGUMENTS = "%O: memref<?xi32>, %S: memref<4xf32>, %n: index, %f: f16"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([np.zeros(2, np.int32), np.zeros(4, np.float32), 3], "takes 4 arguments"),
        ([np.zeros(2, np.int64), np.zeros(4, np.float32), 3, 1.0], "argument 'O' .* dtype int64"),
        ([np.zeros((2, 2), np.int32), np.zeros(4, np.float32), 3, 1.0], "argument 'O' .* shape 2x2"),
        ([np.zeros(2, np.int32), np.zeros(5, np.float32), 3, 1.0], "argument 'S' .* shape 5"),
        ([np.zeros(2, np.int32), 1.0, 3, 1.0], "argument 'S' .* needs an array"),
        ([np.zeros(2, np.int32), np.zeros(4, np.float32), 3.5, 1.0], "argument 'n' .* needs an integer"),
        ([np.zeros(2, np.int32), np.zeros(4, np.float32), 3, "x"], "argument 'f' .* needs a number"),
        ([np.zeros(2, np.int32), np.zeros(4, np.float32), 2**63, 1.0], "argument 'n' .* cannot hold"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_at_the_kernel(values, message, kernel_text, run):
    with pytest.raises(InputError, match=message) as refused:
        run(kernel_text(ARGUMENTS, BODY), values)
    assert refused.value.diagnostic.location.line == 3


def test_scalars_and_arrays_with_strides_are_accepted(kernel_text, run_clean):
    wide = np.zeros(6, np.int32)
    run_clean(kernel_text(ARGUMENTS, BODY), [wide[::2], np.zeros(4, np.float32), np.int64(3), 1])
    assert wide.tolist() == [4, 0, 0, 0, 0, 0]


def test_an_unknown_operation_is_refused_where_it_stands(kernel_text, run):
    with pytest.raises(InputError, match=r"does not know op 'memref.prefetch'") as refused:
        run(
            kernel_text("%X: memref<4xf32>", "memref.prefetch %X[%c0], read, locality<3>, data : memref<4xf32>"),
            [np.zeros(4, np.float32)],
        )
    assert refused.value.diagnostic.location.line > 0


def test_a_linalg_operation_without_loops_is_refused(kernel_text, run):
    text = kernel_text("%X: memref<4xf32>", "linalg.softmax dimension(0) ins(%X : memref<4xf32>) outs(%X : memref<4xf32>)")
    with pytest.raises(InputError, match=r"does not know op 'linalg.softmax'"):
        run(text, [np.zeros(4, np.float32)])


def test_thread_ids_are_refused(kernel_text, run):
    with pytest.raises(InputError, match="belong to the whole thread block"):
        run(kernel_text("", "%t = gpu.thread_id x"), [])


def test_a_kernel_without_block_size_or_grid_is_refused(run):
    head = "gpu.module @m { gpu.func @k() kernel attributes {"
    tail = "} { gpu.return } }"
    with pytest.raises(InputError, match="has no block size"):
        run(f"{head}known_grid_size = array<i32: 1, 1, 1>{tail}", [])
    with pytest.raises(InputError, match="has no grid"):
        run(f"{head}known_block_size = array<i32: 1, 1, 1>{tail}", [])


def test_a_grid_of_the_arguments_bounds_the_blocks(run_clean):
    text = """gpu.module @m {
  gpu.func @k(%X: memref<?xi32>, %n: index) kernel
      attributes {known_block_size = array<i32: 32, 1, 1>, tile.grid = affine_map<(n)[x] -> (x ceildiv 4, n)>} {
    %x = gpu.block_id x
    %y = gpu.block_id y
    %gx = gpu.grid_dim x
    %b = gpu.block_dim x
    %one = arith.constant 1 : i32
    %p = affine.apply affine_map<(x, y) -> (x * 4 + y)>(%x, %y)
    %s = affine.apply affine_map<(a, b) -> (a * 100 + b)>(%gx, %b)
    %v = arith.index_cast %s : index to i32
    memref.store %v, %X[%p] : memref<?xi32>
    gpu.return
  }
}"""
    x = np.zeros(9, np.int32)
    assert run_clean(text, [x, 1]).blocks == 3
    assert x.tolist() == [332, 0, 0, 0, 332, 0, 0, 0, 332]


def test_a_finding_prints_as_a_located_error(kernel_text, run):
    body = "%b = memref.alloc() : memref<4xf32>\nmemref.copy %b, %O : memref<4xf32> to memref<4xf32>"
    (finding,) = run(kernel_text("%O: memref<4xf32>", body), [np.zeros(4, np.float32)]).findings
    first, note = str(finding.diagnostic()).split("\n")
    assert ": error: uninitialised-read: 'memref.copy' reads element [0] of '%alloc', which nothing has written" in first
    assert "(thread block 0, 0, 0)" in first
    assert ": note: '%alloc' in global memory is allocated here" in note


@pytest.mark.parametrize(("panel", "grid"), [(1, (3, 3, 1)), (2, (3, 5, 2)), (4, (2, 3, 1))])
def test_blocks_start_in_panels(panel, grid, kernel_text, run_clean):
    started = np.zeros(grid, np.int32)
    memory = f"memref<{'x'.join(map(str, grid))}xi32>"
    body = f"""%one = arith.constant 1 : i32
    %x = gpu.block_id x
    %y = gpu.block_id y
    %z = gpu.block_id z
    %n = memref.atomic_rmw addi %one, %Count[%c0] : (i32, memref<1xi32>) -> i32
    memref.store %n, %Started[%x, %y, %z] : {memory}"""
    text = kernel_text(f"%Count: memref<1xi32>, %Started: {memory}", body, ", ".join(map(str, grid)))
    text = text.replace("known_block_size", f"tile.block_swizzle = {panel} : i32, known_block_size")
    run_clean(text, [np.zeros(1, np.int32), started])
    columns, rows, _ = grid
    for (x, y, z), place in np.ndenumerate(started):
        at = y // panel
        height = min(panel, rows - at * panel)
        forth = x if at % 2 == 0 else columns - 1 - x
        assert place == z * columns * rows + at * panel * columns + forth * height + y % panel
