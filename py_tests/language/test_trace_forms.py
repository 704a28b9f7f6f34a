"""What each construct of the language becomes in tile IR."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import tilewright.language as tl
from tilewright import mlir
from tilewright.diagnostics import InputError
from tilewright.ir.kernel import kernels_in
from tilewright.language.dtypes import DTYPES
from tilewright.language.loading import load_module
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect

EXAMPLES = Path(__file__).parents[2] / "examples"
DESIGN_GEMM = """
gpu.module @kernels {
  gpu.func @gemm(%A: memref<4096x4096xf16>, %B: memref<4096x4096xf16>, %C: memref<4096x4096xf16>) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 16, 32, 1>} {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %nk = arith.constant 64 : index
    %c1 = arith.constant 1 : index
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %row = affine.apply affine_map<(d0) -> (d0 * 128)>(%by)
    %col = affine.apply affine_map<(d0) -> (d0 * 256)>(%bx)
    %As = memref.alloc() : memref<128x64xf16, #gpu.address_space<workgroup>>
    %Bs = memref.alloc() : memref<256x64xf16, #gpu.address_space<workgroup>>
    %acc = memref.alloc() : memref<128x256xf32, #gpu.address_space<private>>
    linalg.fill ins(%zero : f32) outs(%acc : memref<128x256xf32, #gpu.address_space<private>>)
    scf.for %k = %c0 to %nk step %c1 {
      %ko = affine.apply affine_map<(d0) -> (d0 * 64)>(%k)
      %a = memref.subview %A[%row, %ko] [128, 64] [1, 1]
        : memref<4096x4096xf16> to memref<128x64xf16, strided<[4096, 1], offset: ?>>
      memref.copy %a, %As
        : memref<128x64xf16, strided<[4096, 1], offset: ?>> to memref<128x64xf16, #gpu.address_space<workgroup>>
      %b = memref.subview %B[%col, %ko] [256, 64] [1, 1]
        : memref<4096x4096xf16> to memref<256x64xf16, strided<[4096, 1], offset: ?>>
      memref.copy %b, %Bs
        : memref<256x64xf16, strided<[4096, 1], offset: ?>> to memref<256x64xf16, #gpu.address_space<workgroup>>
      linalg.matmul
        indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(n,k)>, affine_map<(m,n,k)->(m,n)>]
        ins(%As, %Bs : memref<128x64xf16, #gpu.address_space<workgroup>>, memref<256x64xf16, #gpu.address_space<workgroup>>)
        outs(%acc : memref<128x256xf32, #gpu.address_space<private>>)
    } {tile.num_stages = 3 : i32}
    %c = memref.subview %C[%row, %col] [128, 256] [1, 1]
      : memref<4096x4096xf16> to memref<128x256xf16, strided<[4096, 1], offset: ?>>
    scf.forall (%i, %j) in (128, 256) {
      %v = memref.load %acc[%i, %j] : memref<128x256xf32, #gpu.address_space<private>>
      %h = arith.truncf %v : f32 to f16
      memref.store %h, %c[%i, %j] : memref<128x256xf16, strided<[4096, 1], offset: ?>>
    }
    gpu.return
  }
}
"""


def operations_of(kernel: tl.Kernel) -> list[str]:
    """Names of the kernel's operations in program order, those of structured bodies left out."""
    names: list[str] = []
    with mlir.context():
        module = kernel.module()

        def visit(operation: ir.Operation) -> ir.WalkResult:
            names.append(operation.name)
            return ir.WalkResult.SKIP if operation.name.startswith("linalg.") else ir.WalkResult.ADVANCE

        kernels_in(module.operation)[0].operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return [name for name in names if name not in ("gpu.func", "gpu.return", "scf.yield", "scf.forall.in_parallel")]


def traced(body: Callable[..., None], **annotations: object) -> tl.Kernel:
    """A kernel of `body`, whose parameters have these types."""
    body.__annotations__ = dict(annotations)
    return tl.kernel(threads=128)(body)


def test_gemm_is_the_one_of_the_design() -> None:
    shapes = {"M": 4096, "N": 4096, "K": 4096, "block_m": 128, "block_n": 256, "block_k": 64}
    traced_text = load_module(EXAMPLES / "gemm.py").build(**shapes, transpose_b=True).text()
    with mlir.context():
        module = ir.Module.parse(traced_text)
        function = kernels_in(module.operation)[0].operation
        del function.attributes["arg_attrs"]
        assert str(module) == str(ir.Module.parse(DESIGN_GEMM))


def test_text_parses_again_and_is_the_same() -> None:
    def body(A):
        tile = tl.alloc_shared((8, 8), tl.f32)
        tl.copy_in(A[0:, 4:], tile, pad=1.5)

    kernel = traced(body, A=tl.Tensor((10, 10), tl.f32))
    text = kernel.text()
    assert "pad = 1.500000e+00 : f32" in text
    with mlir.context():
        assert str(ir.Module.parse(text)) == str(kernel.module())


def test_a_crossing_window_may_have_a_single_subscript_anywhere() -> None:
    def body(A, B):
        tile = tl.alloc_shared((8, 16), tl.f32)
        tl.copy_in(A[4:, 2, 0:], tile)
        tl.copy_out(tile, B[1, 4:, 0:])

    text = traced(body, A=tl.Tensor((10, 3, 16), tl.f32), B=tl.Tensor((3, 10, 16), tl.f32)).text()
    assert "memref.subview %A[0, 2, 0] [10, 1, 16] [1, 1, 1]" in text
    # The view has the two dimensions of the tile; a leading subscript needs no view.
    assert "(memref<10x16xf32, strided<[48, 1], offset: 32>>, index, index, memref<8x16xf32" in text
    assert "memref<3x10x16xf32>, index, index, index) -> ()" in text


def test_a_single_subscript_behind_a_dynamic_dimension_is_refused() -> None:
    def body(A):
        tl.copy_in(A[4:, 2, 0:], tl.alloc_shared((8, 16), tl.f32))

    with pytest.raises(InputError, match="behind a dynamic dimension of A no dimension can have a single subscript"):
        traced(body, A=tl.Tensor((tl.dynamic("N"), 3, 16), tl.f32)).text()


def test_operations_are_at_the_line_of_the_user() -> None:
    def body(A):
        tile = tl.alloc_shared((4,), tl.f32)
        tl.copy(A[0:4], tile)

    line = body.__code__.co_firstlineno
    text = traced(body, A=tl.Tensor((8,), tl.f32)).text(debug_info=True)
    assert f'test_trace_forms.py":{line + 1}:' in text
    assert f'test_trace_forms.py":{line + 2}:' in text


def test_arguments_carry_their_names() -> None:
    def body(Left, count):
        Left[0] = tl.cast(count, tl.f32)

    with mlir.context():
        module = traced(body, Left=tl.Tensor((4,), tl.f32), count=tl.i32).module()
        kernel = kernels_in(module.operation)[0]
        assert [argument.name for argument in kernel.arguments] == ["Left", "count"]
        assert kernel.threads == 128
        assert kernel.grid([None, 1]) == (1, 1, 1)


def test_dynamic_grid_is_an_affine_map() -> None:
    def body(A, B, n):
        tl.grid(tl.cdiv(A.shape[0], 32), tl.cdiv(B.shape[1], 16) + 1, n)

    rows, columns = tl.dynamic("rows"), tl.dynamic("columns")
    types = {"A": tl.Tensor((rows, columns), tl.f32), "B": tl.Tensor((rows, columns), tl.f32), "n": tl.i32}

    class Array:
        shape = (100, 40)

    with mlir.context():
        module = traced(body, **types).module()
        assert kernels_in(module.operation)[0].grid([Array(), Array(), 5]) == (4, 4, 5)


def test_affine_arithmetic_is_composed_and_the_rest_is_removed() -> None:
    def body(A):
        block = tl.grid(8)
        start = block * 16 + 4
        unused = start * 3
        for i in tl.parallel(4):
            A[start + i - block * 16] = A[(start + i) // 2 % 8]
        del unused

    text = traced(body, A=tl.Tensor((64,), tl.f32)).text()
    assert "affine_map<(d0, d1) -> ((d0 * 8 + d1 floordiv 2 + 2) mod 8)>" in text
    assert "affine_map<(d0) -> (d0 + 4)>" in text
    assert text.count("affine.apply") == 2


def test_a_window_of_a_stage_is_a_rank_reduced_subview() -> None:
    def body(A):
        tiles = tl.alloc_shared((3, 8, 8), tl.f16)
        for k in tl.serial(4):
            tl.copy(A[k * 8 :, 0:8], tiles[k % 3])
            tl.copy(tiles[1], A[0:8, 8:16])

    text = traced(body, A=tl.Tensor((32, 16), tl.f16)).text()
    assert "to memref<8x8xf16, strided<[8, 1], offset: ?>, #gpu.address_space<workgroup>>" in text
    assert "[1, 0, 0] [1, 8, 8] [1, 1, 1]" in text
    assert "to memref<8x8xf16, strided<[8, 1], offset: 64>, #gpu.address_space<workgroup>>" in text
    assert "[0, 8] [8, 8] [1, 1] : memref<32x16xf16> to memref<8x8xf16, strided<[16, 1], offset: 8>>" in text


def test_explicit_window_drops_leading_dimensions() -> None:
    def body(A):
        tile = tl.alloc_shared((8, 8), tl.f16)
        tl.copy(A.window((1, 8, 0), (8, 8)), tile)

    text = traced(body, A=tl.Tensor((2, 32, 16), tl.f16)).text()
    assert "[1, 8, 0] [1, 8, 8] [1, 1, 1]" in text


def test_control_flow() -> None:
    def body(A, n):
        count = tl.alloc_fragment((1,), tl.index)
        count[0] = tl.cast(0, tl.index)
        with tl.while_(lambda: count[0] < n):
            with tl.if_(count[0] % 2 == 0):
                tl.atomic_add(A, count[0], 1.0)
            with tl.else_():
                tl.atomic_max(A, count[0], 2.0)
            count[0] = count[0] + 1

    names = operations_of(traced(body, A=tl.Tensor((16,), tl.f32), n=tl.index))
    assert [name for name in names if name.startswith("scf.")] == ["scf.while", "scf.condition", "scf.if"]
    assert names.count("memref.atomic_rmw") == 2


def test_loop_bounds_may_be_dynamic() -> None:
    def body(A, n):
        for k in tl.pipelined(n, tl.cdiv(A.shape[0], 8), num_stages=2, strategy="async"):
            for i in tl.parallel(n):
                A[k * 8 + i] = 0.0

    text = traced(body, A=tl.Tensor((tl.dynamic("M"),), tl.f32), n=tl.i32).text()
    assert 'tile.num_stages = 2 : i32, tile.strategy = "async"' in text
    assert "arith.index_cast %n : i32 to index" in text


def test_explicit_schedule_marks_the_statements() -> None:
    def body(A, B):
        a = tl.alloc_shared((8,), tl.f32)
        b = tl.alloc_fragment((8,), tl.f32)
        for k in tl.pipelined(4, num_stages=2, stage=[0, 1, 1], order=[2, 0, 1]):
            with tl.if_(k > 0):
                tl.copy(A[k * 8 :], a)
            tl.copy(a, b)
            for i in tl.parallel(8):
                B[i] = b[i]

    vector = tl.Tensor((32,), tl.f32)
    text = traced(body, A=vector, B=vector).text()
    for stage, order in ((0, 2), (1, 0), (1, 1)):
        assert f"tile.order = {order} : i32, tile.stage = {stage} : i32" in text


def test_a_sparse_product_is_a_statement() -> None:
    def body(A, E, B):
        total = tl.alloc_fragment((8, 8), tl.f32)
        for _ in tl.pipelined(4, num_stages=2, stage=[1], order=[0]):
            tl.gemm_sp(A, E, B, total, transpose_b=True)

    tensors = {"A": tl.Tensor((8, 16), tl.f16), "E": tl.Tensor((8, 1), tl.i32), "B": tl.Tensor((8, 32), tl.f16)}
    text = traced(body, **tensors).text()
    assert '"tile.gemm_sp"(%A, %E, %B, %alloc) {tile.order = 0 : i32, tile.stage = 1 : i32, transpose_b = true}' in text


def test_reduction_fills_with_what_changes_nothing() -> None:
    def body(A, B):
        tile = tl.alloc_fragment((4, 8), tl.f16)
        out = tl.alloc_fragment((4,), tl.f32)
        tl.copy(A[0:4, 0:8], tile)
        tl.reduce(tile, out, op="min", axis=-1)
        tl.copy(out, B[0:])

    text = traced(body, A=tl.Tensor((4, 8), tl.f16), B=tl.Tensor((4,), tl.f32)).text()
    assert "arith.constant 0x7F800000 : f32" in text
    assert "dimensions = [1]" in text and "arith.minimumf" in text and "arith.extf" in text


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_every_cast_verifies(source: str, target: str) -> None:
    def body(A, B):
        for i in tl.parallel(8):
            B[i] = tl.cast(A[i], target)

    assert "memref.store" in traced(body, A=tl.Tensor((8,), source), B=tl.Tensor((8,), target)).text()


def test_a_kernel_can_be_specialized_by_hand() -> None:
    def body(A, B):
        stages = tl.alloc_shared((2, 16, 16), tl.f16)
        full, empty = tl.mbarrier(arrivals=1, stages=2), tl.mbarrier(arrivals=128, stages=2)
        with tl.specialize():
            with tl.warp_group("producer", warps=1, registers=40):
                for k in tl.serial(4):
                    stage = tl.stage_index(k, versions=2)
                    empty.wait(stage, tl.phase(k, stages=2, initial=1))
                    full.expect(stages[stage], stage=stage)
                    tl.async_copy(A[k * 16 :, 0:], stages[stage], barrier=full, stage=stage)
                    full.arrive(stage, elect=True)
            with tl.warp_group("consumer", warps=4):
                for k in tl.serial(4):
                    stage = tl.stage_index(k, versions=2)
                    full.wait(stage, tl.phase(k, stages=2))
                    tl.copy(stages[stage], B[k * 16 :, 0:])
                    empty.arrive(stage)

    names = operations_of(traced(body, A=tl.Tensor((64, 16), tl.f16), B=tl.Tensor((64, 16), tl.f16)))
    synchronisation = [name for name in names if name.startswith("tile.") and name not in ("tile.stage_index", "tile.phase")]
    assert synchronisation == [
        "tile.mbarrier_init",
        "tile.mbarrier_init",
        "tile.specialize",
        "tile.warp_group",
        "tile.mbarrier_wait",
        "tile.mbarrier_expect",
        "tile.bulk_copy",
        "tile.mbarrier_arrive",
        "tile.warp_group",
        "tile.mbarrier_wait",
        "tile.mbarrier_arrive",
    ]


def test_asynchronous_groups() -> None:
    def body(A):
        tile = tl.alloc_shared((8,), tl.f32)
        tl.async_copy(A[4:], tile, group=1, pad=0)
        tl.commit_group(1)
        tl.wait_group(0)

    names = operations_of(traced(body, A=tl.Tensor((10,), tl.f32)))
    assert [name for name in names if name.startswith("tile.")] == ["tile.copy_async", "tile.commit_group", "tile.wait_group"]
