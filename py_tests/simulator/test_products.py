"""Matrix products and other contractions agree with NumPy, whatever the maps, types and strides."""

from __future__ import annotations

import time

import ml_dtypes
import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator

SHARED, FRAGMENT = "#gpu.address_space<workgroup>", "#gpu.address_space<private>"
DTYPES = {
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
    "f64": np.float64,
    "f8E4M3FN": ml_dtypes.float8_e4m3fn,
    "f8E5M2": ml_dtypes.float8_e5m2,
    "i8": np.int8,
    "i32": np.int32,
    "i64": np.int64,
}


def tiled_gemm(transposed_a: bool, transposed_b: bool, element: str, accumulator: str, sizes: tuple[int, int, int]) -> str:
    """The body of a GEMM with tiles of 32 x 16 x 8; %A, %B and %C hold `sizes` = (M, N, K)."""
    m, n, k = sizes
    a_shape, a_tile, a_offset = ((k, m), (8, 32), "%ko, %row") if transposed_a else ((m, k), (32, 8), "%row, %ko")
    b_shape, b_tile, b_offset = ((n, k), (16, 8), "%col, %ko") if transposed_b else ((k, n), (8, 16), "%ko, %col")
    a_map = "(k,m)" if transposed_a else "(m,k)"
    b_map = "(n,k)" if transposed_b else "(k,n)"

    def view(shape: tuple[int, int], tile: tuple[int, int], name: str, offset: str, element: str) -> tuple[str, str]:
        strided = f"memref<{tile[0]}x{tile[1]}x{element}, strided<[{shape[1]}, 1], offset: ?>>"
        return (
            f"memref.subview %{name}[{offset}] [{tile[0]}, {tile[1]}] [1, 1] : "
            f"memref<{shape[0]}x{shape[1]}x{element}> to {strided}"
        ), strided

    a_view, a_strided = view(a_shape, a_tile, "A", a_offset, element)
    b_view, b_strided = view(b_shape, b_tile, "B", b_offset, element)
    c_view, c_strided = view((m, n), (32, 16), "C", "%row, %col", accumulator)
    zero = "0.0" if accumulator.startswith(("f", "bf")) else "0"
    a_type, b_type = (f"memref<{t[0]}x{t[1]}x{element}, {SHARED}>" for t in (a_tile, b_tile))
    acc = f"memref<32x16x{accumulator}, {FRAGMENT}>"
    return f"""
    %zero = arith.constant {zero} : {accumulator}
    %nk = arith.constant {k // 8} : index
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %row = affine.apply affine_map<(d0) -> (d0 * 32)>(%by)
    %col = affine.apply affine_map<(d0) -> (d0 * 16)>(%bx)
    %As = memref.alloc() : {a_type}
    %Bs = memref.alloc() : {b_type}
    %acc = memref.alloc() : {acc}
    linalg.fill ins(%zero : {accumulator}) outs(%acc : {acc})
    scf.for %k = %c0 to %nk step %c1 {{
      %ko = affine.apply affine_map<(d0) -> (d0 * 8)>(%k)
      %a = {a_view}
      %b = {b_view}
      memref.copy %a, %As : {a_strided} to {a_type}
      linalg.copy ins(%b : {b_strided}) outs(%Bs : {b_type})
      linalg.matmul indexing_maps = [affine_map<(m,n,k)->{a_map}>, affine_map<(m,n,k)->{b_map}>, affine_map<(m,n,k)->(m,n)>]
        ins(%As, %Bs : {a_type}, {b_type}) outs(%acc : {acc})
    }}
    %c = {c_view}
    scf.forall (%i, %j) in (32, 16) {{
      %v = memref.load %acc[%i, %j] : {acc}
      memref.store %v, %c[%i, %j] : {c_strided}
    }}"""


def operands(rng: np.random.Generator, element: str, shape: tuple[int, ...]) -> np.ndarray:
    dtype = np.dtype(DTYPES[element])
    if dtype.kind == "i":
        return rng.integers(-100, 100, shape).astype(dtype)
    return rng.uniform(-1, 1, shape).astype(np.float32).astype(dtype)


@pytest.mark.parametrize("transposed_a", [False, True], ids=["N", "T"])
@pytest.mark.parametrize("transposed_b", [False, True], ids=["N", "T"])
@pytest.mark.parametrize(
    ("element", "accumulator"),
    [("f16", "f32"), ("bf16", "f32"), ("f32", "f32"), ("f64", "f64"), ("f8E4M3FN", "f32"), ("f8E5M2", "f32"), ("i8", "i32")],
)
def test_a_tiled_gemm_agrees_with_numpy(transposed_a, transposed_b, element, accumulator, kernel_text, run_clean):
    m, n, k = 64, 48, 40
    rng = np.random.default_rng(3)
    a, b = operands(rng, element, (m, k)), operands(rng, element, (k, n))
    stored_a = np.ascontiguousarray(a.T) if transposed_a else a
    stored_b = np.ascontiguousarray(b.T) if transposed_b else b
    c = np.zeros((m, n), DTYPES[accumulator])
    types = [f"{x}x{y}x{t}" for (x, y), t in ((stored_a.shape, element), (stored_b.shape, element), (c.shape, accumulator))]
    arguments = ", ".join(f"%{name}: memref<{t}>" for name, t in zip("ABC", types, strict=True))
    body = tiled_gemm(transposed_a, transposed_b, element, accumulator, (m, n, k))
    result = run_clean(kernel_text(arguments, body, grid="3, 2, 1"), [stored_a, stored_b, c])
    assert result.blocks == 6
    np.testing.assert_allclose(c, a.astype(np.float64) @ b.astype(np.float64), rtol=1e-5, atol=1e-5)


def test_a_product_of_i32_wraps_as_its_accumulator_does(kernel_text, run_clean):
    rng = np.random.default_rng(4)
    a, b = (rng.integers(-(2**31), 2**31, (8, 8)).astype(np.int32) for _ in range(2))
    c = np.full((8, 8), 5, np.int32)
    body = "linalg.matmul ins(%A, %B : memref<8x8xi32>, memref<8x8xi32>) outs(%C : memref<8x8xi32>)"
    run_clean(kernel_text("%A: memref<8x8xi32>, %B: memref<8x8xi32>, %C: memref<8x8xi32>", body), [a, b, c])
    exact = a.astype(object) @ b.astype(object) + 5
    assert (c == np.array([(int(v) + 2**31) % 2**32 - 2**31 for v in exact.ravel()]).reshape(8, 8)).all()


@pytest.mark.parametrize(
    ("op", "subscripts", "shapes"),
    [
        ("batch_matmul", "bmk,bkn->bmn", ((3, 8, 5), (3, 5, 7), (3, 8, 7))),
        ("matvec", "mk,k->m", ((8, 5), (5,), (8,))),
        ("vecmat", "k,kn->n", ((5,), (5, 7), (7,))),
        ("dot", "k,k->", ((9,), (9,), ())),
        ("mmt4d", "mkac,nkbc->mnab", ((2, 3, 4, 5), (2, 3, 6, 5), (2, 2, 4, 6))),
        ("batch_reduce_matmul", "bmk,bkn->mn", ((3, 8, 5), (3, 5, 7), (8, 7))),
    ],
)
def test_named_contractions_accumulate_into_their_output(op, subscripts, shapes, kernel_text, run_clean):
    rng = np.random.default_rng(5)
    a, b, c = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    types = ["memref<" + "".join(f"{extent}x" for extent in shape) + "f32>" for shape in shapes]
    body = f"linalg.{op} ins(%A, %B : {types[0]}, {types[1]}) outs(%C : {types[2]})"
    expected = c.astype(np.float64) + np.einsum(subscripts, a.astype(np.float64), b.astype(np.float64))
    arguments = ", ".join(f"%{name}: {t}" for name, t in zip("ABC", types, strict=True))
    run_clean(kernel_text(arguments, body), [a, b, c])
    np.testing.assert_allclose(c, expected, rtol=1e-5, atol=1e-5)


def test_a_convolution_reduces_its_window_in_order(kernel_text, run_clean):
    rng = np.random.default_rng(6)
    image, weights = rng.standard_normal((10, 9)).astype(np.float32), rng.standard_normal((3, 2)).astype(np.float32)
    out = np.zeros((8, 8), np.float32)
    body = "linalg.conv_2d ins(%A, %B : memref<10x9xf32>, memref<3x2xf32>) outs(%C : memref<8x8xf32>)"
    run_clean(kernel_text("%A: memref<10x9xf32>, %B: memref<3x2xf32>, %C: memref<8x8xf32>", body), [image, weights, out])
    expected = sum(image[i : i + 8, j : j + 8].astype(np.float64) * weights[i, j] for i in range(3) for j in range(2))
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


def test_a_product_gives_the_same_bits_whatever_the_strides_of_its_operands(kernel_text, run_clean):
    rng = np.random.default_rng(7)
    a, b = (rng.standard_normal((32, 32)).astype(np.float32) for _ in range(2))
    plain, strided = (np.zeros((32, 32), np.float32) for _ in range(2))
    versions = "memref<2x32x48xf32, #gpu.address_space<workgroup>>"
    view = "memref<32x32xf32, strided<[48, 1], offset: ?>, #gpu.address_space<workgroup>>"
    body = f"""linalg.matmul ins(%A, %B : memref<32x32xf32>, memref<32x32xf32>) outs(%C : memref<32x32xf32>)
    %As = memref.alloc() : {versions}
    %Bs = memref.alloc() : {versions}
    %a = memref.subview %As[%c1, 0, %c4] [1, 32, 32] [1, 1, 1] : {versions} to {view}
    %b = memref.subview %Bs[%c0, 0, %c3] [1, 32, 32] [1, 1, 1] : {versions} to {view}
    memref.copy %A, %a : memref<32x32xf32> to {view}
    memref.copy %B, %b : memref<32x32xf32> to {view}
    linalg.matmul ins(%a, %b : {view}, {view}) outs(%D : memref<32x32xf32>)"""
    arguments = ", ".join(f"%{name}: memref<32x32xf32>" for name in "ABCD")
    run_clean(kernel_text(arguments, body), [a, b, plain, strided])
    assert plain.tobytes() == strided.tobytes()
    np.testing.assert_allclose(plain, a.astype(np.float64) @ b, rtol=1e-5, atol=1e-5)


def test_an_f16_accumulator_is_rounded_once_a_product(kernel_text, run_clean):
    rng = np.random.default_rng(8)
    a, b = (rng.uniform(-1, 1, (8, 8)).astype(np.float16) for _ in range(2))
    c = np.ones((8, 8), np.float16)
    body = "linalg.matmul ins(%A, %B : memref<8x8xf16>, memref<8x8xf16>) outs(%C : memref<8x8xf16>)"
    run_clean(kernel_text("%A: memref<8x8xf16>, %B: memref<8x8xf16>, %C: memref<8x8xf16>", body), [a, b, c])
    np.testing.assert_allclose(c, 1 + a.astype(np.float64) @ b.astype(np.float64), rtol=2e-3)


def test_a_gemm_of_512_cubed_takes_a_fraction_of_a_second(kernel_text, run_clean):
    rng = np.random.default_rng(9)
    a, b = (rng.standard_normal((512, 512)).astype(np.float16) for _ in range(2))
    c = np.zeros((512, 512), np.float32)
    body = f"""%As = memref.alloc() : memref<128x64xf16, {SHARED}>
    %Bs = memref.alloc() : memref<64x128xf16, {SHARED}>
    %acc = memref.alloc() : memref<128x128xf32, {FRAGMENT}>
    %zero = arith.constant 0.0 : f32
    %c8 = arith.constant 8 : index
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %row = affine.apply affine_map<(d0) -> (d0 * 128)>(%by)
    %col = affine.apply affine_map<(d0) -> (d0 * 128)>(%bx)
    linalg.fill ins(%zero : f32) outs(%acc : memref<128x128xf32, {FRAGMENT}>)
    scf.for %k = %c0 to %c8 step %c1 {{
      %ko = affine.apply affine_map<(d0) -> (d0 * 64)>(%k)
      "tile.copy_in"(%A, %row, %ko, %As) : (memref<512x512xf16>, index, index, memref<128x64xf16, {SHARED}>) -> ()
      "tile.copy_in"(%B, %ko, %col, %Bs) : (memref<512x512xf16>, index, index, memref<64x128xf16, {SHARED}>) -> ()
      linalg.matmul ins(%As, %Bs : memref<128x64xf16, {SHARED}>, memref<64x128xf16, {SHARED}>)
        outs(%acc : memref<128x128xf32, {FRAGMENT}>)
    }}
    "tile.copy_out"(%acc, %C, %row, %col) : (memref<128x128xf32, {FRAGMENT}>, memref<512x512xf32>, index, index) -> ()"""
    text = kernel_text("%A: memref<512x512xf16>, %B: memref<512x512xf16>, %C: memref<512x512xf32>", body, grid="4, 4, 1")
    started = time.perf_counter()
    run_clean(text, [a, b, c])
    # The figure is 0.3 s; a machine shared with other tests gets some slack.
    assert time.perf_counter() - started < 3
    np.testing.assert_allclose(c, a.astype(np.float64) @ b.astype(np.float64), rtol=1e-4, atol=1e-3)
