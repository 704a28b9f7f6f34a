"""Structured operations: elementwise, reductions, index arithmetic, and rows of a softmax."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator

FRAGMENT = "#gpu.address_space<private>"


def test_rows_of_a_softmax(kernel_text, run_clean):
    x = np.random.default_rng(0).standard_normal((16, 32)).astype(np.float32)
    y = np.zeros_like(x)
    tile, row = f"memref<16x32xf32, {FRAGMENT}>", f"memref<16xf32, {FRAGMENT}>"
    body = f"""%ninf = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %t = memref.alloc() : {tile}
    %m = memref.alloc() : {row}
    %s = memref.alloc() : {row}
    memref.copy %X, %t : memref<16x32xf32> to {tile}
    linalg.fill ins(%ninf : f32) outs(%m : {row})
    linalg.fill ins(%zero : f32) outs(%s : {row})
    linalg.reduce ins(%t : {tile}) outs(%m : {row}) dimensions = [1]
      (%in: f32, %acc: f32) {{ %r = arith.maximumf %in, %acc : f32 linalg.yield %r : f32 }}
    linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                     iterator_types = ["parallel", "parallel"]}} ins(%m : {row}) outs(%t : {tile}) {{
    ^bb0(%mx: f32, %v: f32):
      %d = arith.subf %v, %mx : f32
      %e = math.exp %d : f32
      linalg.yield %e : f32
    }}
    linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                     iterator_types = ["parallel", "reduction"]}} ins(%t : {tile}) outs(%s : {row}) {{
    ^bb0(%v: f32, %a: f32):
      %r = arith.addf %a, %v : f32
      linalg.yield %r : f32
    }}
    scf.forall (%i, %j) in (16, 32) {{
      %v = memref.load %t[%i, %j] : {tile}
      %d = memref.load %s[%i] : {row}
      %q = arith.divf %v, %d : f32
      memref.store %q, %Y[%i, %j] : memref<16x32xf32>
    }}"""
    run_clean(kernel_text("%X: memref<16x32xf32>, %Y: memref<16x32xf32>", body), [x, y])
    e = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    np.testing.assert_allclose(y, e / e.sum(axis=1, keepdims=True), rtol=1e-5)


REDUCTIONS = {
    "addf": ("f32", np.add),
    "mulf": ("f32", np.multiply),
    "maximumf": ("f32", np.maximum),
    "minimumf": ("bf16", np.minimum),
    "maxnumf": ("f16", np.fmax),
    "addi": ("i32", np.add),
    "maxsi": ("i8", np.maximum),
    "minsi": ("i32", np.minimum),
    "xori": ("i32", np.bitwise_xor),
    "maxui": ("i8", None),
}


@pytest.mark.parametrize("dimensions", [[0], [1], [0, 2]], ids=str)
@pytest.mark.parametrize("op", REDUCTIONS)
def test_reductions_combine_with_what_their_output_holds(op, dimensions, kernel_text, run_clean):
    element, ufunc = REDUCTIONS[op]
    dtypes = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "i32": np.int32, "i8": np.int8}
    dtype = dtypes[element]
    rng = np.random.default_rng(2)
    x = (rng.integers(-9, 9, (4, 5, 6)) if element[0] == "i" else rng.uniform(0.5, 1.5, (4, 5, 6))).astype(dtype)
    kept = [extent for axis, extent in enumerate(x.shape) if axis not in dimensions]
    out = np.ones(kept, dtype)
    out_type = "memref<" + "".join(f"{extent}x" for extent in kept) + f"{element}>"
    body = f"""linalg.reduce ins(%X : memref<4x5x6x{element}>) outs(%O : {out_type}) dimensions = {dimensions}
      (%in: {element}, %acc: {element}) {{ %r = arith.{op} %in, %acc : {element} linalg.yield %r : {element} }}"""
    run_clean(kernel_text(f"%X: memref<4x5x6x{element}>, %O: {out_type}", body), [x, out])
    wide = x.astype(np.float64) if element[0] != "i" else x.astype(np.int64)
    if ufunc is None:
        wide, ufunc = x.view(np.uint8), np.maximum
    expected = ufunc(ufunc.reduce(wide, axis=tuple(dimensions)), 1)
    if op == "maxui":
        expected = expected.astype(np.uint8).view(np.int8)
    np.testing.assert_allclose(out.astype(np.float64), expected.astype(np.float64), rtol=1e-5 if element == "f32" else 0)


def test_an_arg_maximum_with_two_results_runs_in_order(kernel_text, run_clean):
    x = np.array([[1, 5, 5, 2], [7, 0, 7, 9], [3, 3, 3, 3]], np.float32)
    best, place = np.full(3, -np.inf, np.float32), np.zeros(3, np.int32)
    body = """linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>,
                                               affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%X : memref<3x4xf32>) outs(%M, %P : memref<3xf32>, memref<3xi32>) {
    ^bb0(%v: f32, %m: f32, %p: i32):
      %j = linalg.index 1 : index
      %ji = arith.index_cast %j : index to i32
      %larger = arith.cmpf ogt, %v, %m : f32
      %nm = arith.select %larger, %v, %m : f32
      %np = arith.select %larger, %ji, %p : i32
      linalg.yield %nm, %np : f32, i32
    }"""
    run_clean(kernel_text("%X: memref<3x4xf32>, %M: memref<3xf32>, %P: memref<3xi32>", body), [x, best, place])
    assert best.tolist() == [5, 9, 3]
    assert place.tolist() == [1, 3, 0]


def test_transposes_broadcasts_maps_and_named_operations(kernel_text, run_clean):
    x, v = np.arange(12, dtype=np.float32).reshape(3, 4), np.arange(4, dtype=np.float32)
    transposed, spread, mapped, summed = (np.zeros(s, np.float32) for s in ((4, 3), (3, 4), (3, 4), (3, 4)))
    body = """linalg.transpose ins(%X : memref<3x4xf32>) outs(%T : memref<4x3xf32>) permutation = [1, 0]
    linalg.broadcast ins(%V : memref<4xf32>) outs(%S : memref<3x4xf32>) dimensions = [0]
    linalg.map { math.sqrt } ins(%X : memref<3x4xf32>) outs(%M : memref<3x4xf32>)
    linalg.add ins(%X, %S : memref<3x4xf32>, memref<3x4xf32>) outs(%U : memref<3x4xf32>)
    linalg.exp ins(%U : memref<3x4xf32>) outs(%U : memref<3x4xf32>)"""
    arguments = "%X: memref<3x4xf32>, %V: memref<4xf32>, %T: memref<4x3xf32>, " + ", ".join(
        f"%{name}: memref<3x4xf32>" for name in "SMU"
    )
    run_clean(kernel_text(arguments, body), [x, v, transposed, spread, mapped, summed])
    np.testing.assert_array_equal(transposed, x.T)
    np.testing.assert_array_equal(spread, np.broadcast_to(v, (3, 4)))
    np.testing.assert_allclose(mapped, np.sqrt(x), rtol=1e-6)
    np.testing.assert_allclose(summed, np.exp(x + v), rtol=1e-6)


def test_a_body_reads_its_loop_indices_and_tables_in_memory(kernel_text, run_clean):
    table = np.array([2, 0, 1], np.int32)
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    out = np.zeros((3, 4), np.float32)
    body = """linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                              iterator_types = ["parallel", "parallel"]}
      ins(%T : memref<3xi32>) outs(%O : memref<3x4xf32>) {
    ^bb0(%t: i32, %o: f32):
      %r = arith.index_cast %t : i32 to index
      %j = linalg.index 1 : index
      %v = memref.load %X[%r, %j] : memref<3x4xf32>
      linalg.yield %v : f32
    }"""
    run_clean(kernel_text("%T: memref<3xi32>, %X: memref<3x4xf32>, %O: memref<3x4xf32>", body), [table, x, out])
    np.testing.assert_array_equal(out, x[table])


def test_reductions_over_an_empty_dimension_leave_their_output(kernel_text, run_clean):
    x, out = np.zeros((0, 4), np.float32), np.arange(4, dtype=np.float32)
    body = """linalg.reduce ins(%X : memref<?x4xf32>) outs(%O : memref<4xf32>) dimensions = [0]
      (%in: f32, %acc: f32) { %r = arith.maximumf %in, %acc : f32 linalg.yield %r : f32 }"""
    run_clean(kernel_text("%X: memref<?x4xf32>, %O: memref<4xf32>", body), [x, out])
    assert out.tolist() == [0, 1, 2, 3]


def test_an_output_that_the_body_does_not_read_may_be_uninitialised(kernel_text, run_clean, kinds):
    buffer = f"memref<4xf32, {FRAGMENT}>"
    maps = 'indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]'
    out = np.zeros(4, np.float32)

    def text(yielded: str) -> str:
        body = f"""%b = memref.alloc() : {buffer}
        linalg.generic {{{maps}}} ins(%X : memref<4xf32>) outs(%b : {buffer}) {{
        ^bb0(%x: f32, %o: f32):
          %r = arith.addf %x, %{yielded} : f32
          linalg.yield %r : f32
        }}
        memref.copy %b, %O : {buffer} to memref<4xf32>"""
        return kernel_text("%X: memref<4xf32>, %O: memref<4xf32>", body)

    run_clean(text("x"), [np.ones(4, np.float32), out])
    assert out.tolist() == [2, 2, 2, 2]
    assert kinds(text("o"), [np.ones(4, np.float32), out]) == ["uninitialised-read"]
