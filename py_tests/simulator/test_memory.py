"""Views of memory, what may be read, and what is out of bounds."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.diagnostics import InputError

pytestmark = pytest.mark.l2_simulator

SHARED = "#gpu.address_space<workgroup>"


def test_views_are_views(kernel_text, run_clean):
    x = np.arange(48, dtype=np.float32).reshape(6, 8)
    column, corner, expanded, collapsed, turned, recast = (
        np.zeros(s, np.float32) for s in ((6,), (2, 3), (3, 2, 8), (48,), (8, 6), (3, 2))
    )
    body = """%n = arith.constant 6 : index
    %v0 = memref.subview %X[0, %c3] [%n, 1] [1, 1] : memref<6x8xf32> to memref<?xf32, strided<[8], offset: ?>>
    %o0 = memref.cast %P0 : memref<6xf32> to memref<?xf32>
    memref.copy %v0, %o0 : memref<?xf32, strided<[8], offset: ?>> to memref<?xf32>
    %v1 = memref.subview %X[%c1, 1] [2, 3] [%c2, 3] : memref<6x8xf32> to memref<2x3xf32, strided<[?, 3], offset: ?>>
    memref.copy %v1, %P1 : memref<2x3xf32, strided<[?, 3], offset: ?>> to memref<2x3xf32>
    %v2 = memref.expand_shape %X [[0, 1], [2]] output_shape [3, 2, 8] : memref<6x8xf32> into memref<3x2x8xf32>
    memref.copy %v2, %P2 : memref<3x2x8xf32> to memref<3x2x8xf32>
    %v3 = memref.collapse_shape %X [[0, 1]] : memref<6x8xf32> into memref<48xf32>
    memref.copy %v3, %P3 : memref<48xf32> to memref<48xf32>
    %v4 = memref.transpose %X (i, j) -> (j, i) : memref<6x8xf32> to memref<8x6xf32, strided<[1, 8]>>
    memref.copy %v4, %P4 : memref<8x6xf32, strided<[1, 8]>> to memref<8x6xf32>
    %v5 = memref.reinterpret_cast %X to offset: [%c4], sizes: [3, %c2], strides: [%n, 2]
      : memref<6x8xf32> to memref<3x?xf32, strided<[?, 2], offset: ?>>
    %d = memref.dim %v5, %c1 : memref<3x?xf32, strided<[?, 2], offset: ?>>
    %o5 = memref.subview %P5[0, 0] [3, %d] [1, 1] : memref<3x2xf32> to memref<3x?xf32, strided<[2, 1]>>
    memref.copy %v5, %o5 : memref<3x?xf32, strided<[?, 2], offset: ?>> to memref<3x?xf32, strided<[2, 1]>>"""
    types = ["6", "2x3", "3x2x8", "48", "8x6", "3x2"]
    arguments = "%X: memref<6x8xf32>, " + ", ".join(f"%P{i}: memref<{t}xf32>" for i, t in enumerate(types))
    run_clean(kernel_text(arguments, body), [x, column, corner, expanded, collapsed, turned, recast])
    np.testing.assert_array_equal(column, x[:, 3])
    np.testing.assert_array_equal(corner, x[1:5:2, 1:8:3])
    np.testing.assert_array_equal(expanded, x.reshape(3, 2, 8))
    np.testing.assert_array_equal(collapsed, x.ravel())
    np.testing.assert_array_equal(turned, x.T)
    np.testing.assert_array_equal(recast, [[4 + 6 * i + 2 * j for j in range(2)] for i in range(3)])


def test_writes_through_a_view_make_just_its_elements_valid(kernel_text, kinds):
    out = np.zeros((2, 4), np.float32)
    buffer, half = f"memref<2x4xf32, {SHARED}>", f"memref<2x2xf32, strided<[4, 1], offset: ?>, {SHARED}>"

    def text(second: int) -> str:
        body = f"""%b = memref.alloc() : {buffer}
        %z = arith.constant 1.0 : f32
        %second = arith.constant {second} : index
        %left = memref.subview %b[0, %c0] [2, 2] [1, 1] : {buffer} to {half}
        %right = memref.subview %b[0, %second] [2, 2] [1, 1] : {buffer} to {half}
        linalg.fill ins(%z : f32) outs(%left : {half})
        linalg.fill ins(%z : f32) outs(%right : {half})
        memref.copy %b, %O : {buffer} to memref<2x4xf32>"""
        return kernel_text("%O: memref<2x4xf32>", body)

    assert kinds(text(2), [out]) == []
    assert kinds(text(1), [out]) == ["uninitialised-read"]


def test_an_integer_buffer_that_nothing_wrote_is_found_as_well(kernel_text, kinds):
    out = np.zeros(1, np.int32)

    def text(store: str) -> str:
        body = f"""%b = memref.alloc() : memref<2xi32>
        %v = arith.constant 7 : i32
        {store}
        %r = memref.load %b[%c1] : memref<2xi32>
        memref.store %r, %O[%c0] : memref<1xi32>"""
        return kernel_text("%O: memref<1xi32>", body)

    assert kinds(text("memref.store %v, %b[%c1] : memref<2xi32>"), [out]) == []
    assert out.tolist() == [7]
    assert kinds(text("memref.store %v, %b[%c0] : memref<2xi32>"), [out]) == ["uninitialised-read"]


def test_a_buffer_allocated_in_a_loop_is_fresh_in_every_iteration(kernel_text, kinds):
    out = np.zeros(1, np.float32)

    def text(inside: bool) -> str:
        alloc = "%b = memref.alloc() : memref<1xf32>"
        body = f"""%z = arith.constant 1.0 : f32
        {"" if inside else alloc}
        scf.for %i = %c0 to %c3 step %c1 {{
          {alloc if inside else ""}
          %first = arith.cmpi eq, %i, %c0 : index
          scf.if %first {{ memref.store %z, %b[%c0] : memref<1xf32> }}
          memref.copy %b, %O : memref<1xf32> to memref<1xf32>
        }}"""
        return kernel_text("%O: memref<1xf32>", body)

    assert kinds(text(False), [out]) == []
    assert kinds(text(True), [out]) == ["uninitialised-read"]


def test_a_buffer_that_no_memory_holds_is_an_error_at_its_allocation(kernel_text, run):
    body = "%b = memref.alloc() : memref<1099511627776xf32>"
    with pytest.raises(InputError, match=r"'memref.alloc' has 1099511627776 elements; there is no memory on this machine"):
        run(kernel_text("%O: memref<1xf32>", body), [np.zeros(1, np.float32)])


def test_every_thread_block_starts_with_fresh_memory(kernel_text, run):
    out = np.zeros(1, np.float32)
    body = """%b = memref.alloc() : memref<1xf32>
    %z = arith.constant 1.0 : f32
    %x = gpu.block_id x
    %first = arith.cmpi eq, %x, %c0 : index
    scf.if %first { memref.store %z, %b[%c0] : memref<1xf32> }
    memref.copy %b, %O : memref<1xf32> to memref<1xf32>"""
    (finding,) = run(kernel_text("%O: memref<1xf32>", body, grid="3, 1, 1"), [out]).findings
    assert finding.kind == "uninitialised-read"
    assert finding.block == (1, 0, 0)


@pytest.mark.parametrize(
    ("access", "good", "bad"),
    [
        ("%v = memref.load %X[%p] : memref<?xf32>", 7, 8),
        ("memref.store %z, %X[%p] : memref<?xf32>", 0, -1),
        ("%s = memref.subview %X[%p] [4] [1] : memref<?xf32> to memref<4xf32, strided<[1], offset: ?>>", 4, 5),
        ("%s = memref.subview %X[%p] [2] [3] : memref<?xf32> to memref<2xf32, strided<[3], offset: ?>>", 4, 5),
        ("%s = memref.reinterpret_cast %X to offset: [%p], sizes: [2], strides: [4] : memref<?xf32> to "
         "memref<2xf32, strided<[4], offset: ?>>", 3, 4),
        ("scf.forall (%i) in (4) { %q = arith.addi %i, %p : index\n memref.store %z, %X[%q] : memref<?xf32> }", 4, 5),
        ("%o = memref.atomic_rmw addf %z, %X[%p] : (f32, memref<?xf32>) -> f32", 7, 8),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_ends_the_execution(access, good, bad, kernel_text, run):
    def text(position: int) -> str:
        return kernel_text(
            "%X: memref<?xf32>", f"%p = arith.constant {position} : index\n%z = arith.constant 0.0 : f32\n{access}"
        )

    assert run(text(good), [np.zeros(8, np.float32)]).ok
    result = run(text(bad), [np.zeros(8, np.float32)])
    assert [finding.kind for finding in result.findings] == ["out-of-bounds"]
    assert not result.completed


def test_a_finding_is_reported_once_for_each_operation(kernel_text, run):
    out = np.zeros(4, np.float32)
    body = """%b = memref.alloc() : memref<4xf32>
    scf.for %i = %c0 to %c4 step %c1 {
      %v = memref.load %b[%i] : memref<4xf32>
      memref.store %v, %O[%i] : memref<4xf32>
    }
    %w = memref.load %b[%c0] : memref<4xf32>"""
    result = run(kernel_text("%O: memref<4xf32>", body, grid="4, 1, 1"), [out])
    assert [finding.kind for finding in result.findings] == ["uninitialised-read"] * 2
    assert result.completed
    assert result.blocks == 4


def test_an_endless_loop_meets_the_step_limit(kernel_text, run):
    body = """scf.while : () -> () {
      %go = arith.cmpi eq, %c0, %c0 : index
      scf.condition(%go)
    } do {
      scf.yield
    }"""
    result = run(kernel_text("", body), [], step_limit=1000)
    assert [finding.kind for finding in result.findings] == ["step-limit"]
    assert result.findings[0].op == "scf.while"
    assert not result.completed
    assert run(kernel_text("", "scf.for %i = %c0 to %c4 step %c1 { }"), [], step_limit=1000).ok


def test_dynamic_shapes_and_rank_zero(kernel_text, run_clean):
    x, out = np.arange(15, dtype=np.float32).reshape(3, 5), np.zeros((), np.float32)
    body = """%m = memref.dim %X, %c0 : memref<?x?xf32>
    %n = memref.dim %X, %c1 : memref<?x?xf32>
    %t = memref.alloc(%m, %n) : memref<?x?xf32>
    memref.copy %X, %t : memref<?x?xf32> to memref<?x?xf32>
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
                    iterator_types = ["reduction", "reduction"]} ins(%t : memref<?x?xf32>) outs(%O : memref<f32>) {
    ^bb0(%v: f32, %a: f32):
      %r = arith.addf %v, %a : f32
      linalg.yield %r : f32
    }"""
    run_clean(kernel_text("%X: memref<?x?xf32>, %O: memref<f32>", body), [x, out])
    assert out == x.sum()


def test_dynamic_operands_that_disagree_end_the_execution(kernel_text, run):
    body = """linalg.matmul ins(%A, %B : memref<?x?xf32>, memref<?x?xf32>) outs(%C : memref<?x?xf32>)
    %d = memref.cast %C : memref<?x?xf32> to memref<4x4xf32>"""
    arguments = ", ".join(f"%{name}: memref<?x?xf32>" for name in "ABC")

    def findings(a: tuple[int, int], c: tuple[int, int]) -> list[tuple[str, str]]:
        arrays = [np.zeros(shape, np.float32) for shape in (a, (3, 4), c)]
        return [(finding.kind, finding.op) for finding in run(kernel_text(arguments, body), arrays).findings]

    assert findings((4, 3), (4, 4)) == []
    assert findings((4, 1), (4, 4)) == [("out-of-bounds", "linalg.matmul")]
    assert findings((5, 3), (5, 4)) == [("out-of-bounds", "memref.cast")]
