"""The reference runs the language's constructs as Python and NumPy would, and refuses what is not in the input form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilewright.language as tl
from tilewright import mlir
from tilewright.diagnostics import InputError
from tilewright.ir.kernel import kernels_in
from tilewright.runtime.reference_jit import run_reference

pytestmark = pytest.mark.l2_simulator


def run(body: Callable[..., None], annotations: dict[str, Any], *arguments: Any) -> None:
    """Trace `body` with these argument types, and run it on `arguments`."""
    body.__annotations__ = annotations
    with mlir.context():
        module = tl.kernel(threads=32)(body).module()
        run_reference(kernels_in(module.operation)[0], list(arguments))


FLOATS = ["f16", "bf16", "f32", "f64"]
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[float], float]]] = {
    "exp": (tl.exp, math.exp),
    "exp2": (tl.exp2, lambda x: 2.0**x),
    "log": (tl.log, math.log),
    "log2": (tl.log2, math.log2),
    "sqrt": (tl.sqrt, math.sqrt),
    "rsqrt": (tl.rsqrt, lambda x: 1 / math.sqrt(x)),
    "tanh": (tl.tanh, math.tanh),
    "sin": (tl.sin, math.sin),
    "cos": (tl.cos, math.cos),
    "erf": (tl.erf, math.erf),
    "floor": (tl.floor, math.floor),
    "ceil": (tl.ceil, math.ceil),
    "round": (tl.round, round),
    "clamped": (lambda x: tl.clamp(x, 0.5, 2.0), lambda x: min(max(x, 0.5), 2.0)),
    "abs": (tl.abs, abs),
    "negative": (lambda x: -x, lambda x: -x),
    "halved": (lambda x: x / 2.0, lambda x: x / 2),
    "at least one": (lambda x: tl.max(x, 1.0), lambda x: max(x, 1.0)),
    "at most one": (lambda x: tl.min(x, 1.0), lambda x: min(x, 1.0)),
    "chosen": (lambda x: tl.where(x > 1.0, x, 3.0), lambda x: x if x > 1 else 3.0),
}


@pytest.mark.parametrize("dtype", FLOATS)
def test_functions_of_floats(dtype: str) -> None:
    functions = list(FUNCTIONS.values())
    element = tl.as_dtype(dtype)

    def body(A: Any, B: Any) -> None:
        for i in tl.parallel(8):
            for row, (traced, _) in enumerate(functions):
                B[row, i] = traced(A[i])

    a = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0]).astype(element.numpy)
    b = np.zeros((len(functions), 8), element.numpy)
    run(body, {"A": tl.Tensor((8,), dtype), "B": tl.Tensor(b.shape, dtype)}, a, b)
    expected = np.array([[function(float(x)) for x in a] for _, function in functions])
    tolerance = {"f16": 1e-3, "bf16": 8e-3, "f32": 1e-6, "f64": 1e-12}[dtype]
    np.testing.assert_allclose(b.astype(np.float64), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["i8", "i16", "i32", "i64", "index"])
def test_integers_divide_as_python_does(dtype: str) -> None:
    def body(A: Any, B: Any, C: Any) -> None:
        for i in tl.parallel(16):
            C[0, i] = A[i] // B[i]
            C[1, i] = A[i] % B[i]
            C[2, i] = tl.cdiv(A[i], 3)
            C[3, i] = A[i] % 5 + A[i] // 5
            C[4, i] = -A[i] * 2 - 1
            C[5, i] = tl.max(tl.abs(A[i]), B[i])

    element = tl.as_dtype(dtype)
    a = np.arange(-8, 8).astype(element.numpy)
    b = np.where(np.arange(16) % 2, 3, -3).astype(element.numpy)
    c = np.zeros((6, 16), element.numpy)
    vector = tl.Tensor((16,), dtype)
    run(body, {"A": vector, "B": vector, "C": tl.Tensor((6, 16), dtype)}, a, b, c)
    expected = [a // b, a % b, -(-a // 3), a % 5 + a // 5, -a * 2 - 1, np.maximum(np.abs(a), b)]
    np.testing.assert_array_equal(c, np.array(expected))


@pytest.mark.parametrize("dtype", ["i8", "i16", "i32", "i64"])
def test_shifts_and_bits_are_those_of_numpy(dtype: str) -> None:
    def body(A: Any, B: Any) -> None:
        for i in tl.parallel(16):
            B[0, i] = A[i] << 4
            B[1, i] = (A[i] << 4) >> 4
            B[2, i] = (A[i] & 12) | (A[i] ^ 3)
            B[3, i] = ~A[i] >> 1
            B[4, i] = 1 << (A[i] & 3)
            B[5, i] = 64 >> (A[i] & 3)

    element = tl.as_dtype(dtype)
    a = (np.arange(-128, 128, 16) + np.arange(16) % 4).astype(element.numpy)
    b = np.zeros((6, 16), element.numpy)
    run(body, {"A": tl.Tensor((16,), dtype), "B": tl.Tensor(b.shape, dtype)}, a, b)
    np.testing.assert_array_equal(
        b, np.array([a << 4, (a << 4) >> 4, (a & 12) | (a ^ 3), ~a >> 1, 1 << (a & 3), 64 >> (a & 3)])
    )


def test_a_window_may_reach_over_every_edge() -> None:
    def body(A: Any, B: Any) -> None:
        for n, row in enumerate((-1, 2)):
            tile = tl.alloc_shared((4, 6), tl.f32)
            tl.copy_in(A[row:, -2:], tile, pad=7.0)
            tl.copy(tile, B[n, 0:, 0:])
        line = tl.alloc_shared((6,), tl.f32)
        tl.copy_in(A[-1, 1:], line)
        tl.copy(line, B[2, 0, 0:])

    a = np.arange(16, dtype=np.float32).reshape(4, 4)
    b = np.full((3, 4, 6), -1, np.float32)
    run(body, {"A": tl.Tensor((4, 4), tl.f32), "B": tl.Tensor(b.shape, tl.f32)}, a, b)
    padded = np.pad(a, 4, constant_values=7)
    np.testing.assert_array_equal(b[0], padded[3:7, 2:8])
    np.testing.assert_array_equal(b[1], padded[6:10, 2:8])
    np.testing.assert_array_equal(b[2, 0], np.zeros(6))


@pytest.mark.parametrize(
    ("source", "target"), [("f32", "i32"), ("i32", "f32"), ("bf16", "i16"), ("i16", "f16"), ("f16", "f16")]
)
def test_a_bitcast_keeps_the_bits(source: str, target: str) -> None:
    def body(A: Any, B: Any) -> None:
        for i in tl.parallel(4):
            B[i] = tl.bitcast(A[i], target)

    a = np.array([1, 2, 3, 1000]).astype(tl.as_dtype(source).numpy)
    b = np.zeros(4, tl.as_dtype(target).numpy)
    run(body, {"A": tl.Tensor((4,), source), "B": tl.Tensor((4,), target)}, a, b)
    assert b.tobytes() == a.tobytes()


def _expressions() -> st.SearchStrategy[str]:
    """Index expressions over i and j, as Python's text."""
    leaves = st.sampled_from(["i", "j"]) | st.integers(-9, 9).map(str)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda parts: f"({' '.join(parts)})"),
            st.tuples(inner, st.sampled_from(["//", "%"]), st.integers(1, 7).map(str)).map(
                lambda parts: f"({' '.join(parts)})"
            ),
        ),
        max_leaves=8,
    )


@settings(max_examples=25, deadline=None)
@given(expressions=st.lists(_expressions(), min_size=4, max_size=8))
def test_index_arithmetic_is_that_of_python(expressions: list[str]) -> None:
    def body(A: Any) -> None:
        for i, j in tl.parallel(5, 4):
            for position, expression in enumerate(expressions):
                A[position, i, j] = eval(expression, {}, {"i": i - 2, "j": j})

    result = np.zeros((len(expressions), 5, 4), np.int64)
    run(body, {"A": tl.Tensor(result.shape, tl.index)}, result)
    expected = [[[eval(text, {}, {"i": i - 2, "j": j}) for j in range(4)] for i in range(5)] for text in expressions]
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(("source", "target"), [(s, t) for s in ["f16", "bf16", "f32"] for t in ["f16", "bf16", "f32", "i32"]])
def test_conversions_round_once(source: str, target: str) -> None:
    def body(A: Any, B: Any) -> None:
        for i in tl.parallel(256):
            B[i] = tl.cast(A[i], target)

    values = np.random.default_rng(1).uniform(-1000, 1000, 256).astype(tl.as_dtype(source).numpy)
    result = np.zeros(256, tl.as_dtype(target).numpy)
    run(body, {"A": tl.Tensor((256,), source), "B": tl.Tensor((256,), target)}, values, result)
    np.testing.assert_array_equal(result, values.astype(np.float32).astype(result.dtype))


@pytest.mark.parametrize("target", ["f16", "bf16", "f32"])
def test_integers_become_floats(target: str) -> None:
    def body(A: Any, B: Any) -> None:
        for i in tl.parallel(64):
            B[i] = tl.cast(A[i], target)

    values = np.arange(-32, 32, dtype=np.int32)
    result = np.zeros(64, tl.as_dtype(target).numpy)
    run(body, {"A": tl.Tensor((64,), tl.i32), "B": tl.Tensor((64,), target)}, values, result)
    np.testing.assert_array_equal(result.astype(np.int32), values)


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32", "f64", "i32", "index"])
def test_scalar_arguments(dtype: str) -> None:
    def body(value: Any, A: Any) -> None:
        A[0] = value

    result = np.zeros(1, tl.as_dtype(dtype).numpy)
    run(body, {"value": tl.as_dtype(dtype), "A": tl.Tensor((1,), dtype)}, 3, result)
    assert float(result[0]) == 3.0


def test_dynamic_shapes_and_windows_over_all_edges() -> None:
    rows, columns = tl.dynamic("rows"), tl.dynamic("columns")

    def body(A: Any, B: Any) -> None:
        bx, by = tl.grid(tl.cdiv(columns, 8) + 1, tl.cdiv(rows, 4) + 1)
        tile = tl.alloc_shared((4, 8), tl.f32)
        tl.copy_in(A[by * 4 - 2 :, bx * 8 - 4 :], tile, pad=7.0)
        for i, j in tl.parallel(4, 8):
            tile[i, j] = tile[i, j] + 1.0
        tl.copy_out(tile, B[by * 4 - 2 :, bx * 8 - 4 :])

    a = np.random.default_rng(2).uniform(-1, 1, (13, 27)).astype(np.float32)
    b = np.zeros_like(a)
    matrix = tl.Tensor((rows, columns), tl.f32)
    run(body, {"A": matrix, "B": matrix}, a, b)
    np.testing.assert_array_equal(b, a + 1)


def test_windows_with_single_subscripts_and_padding() -> None:
    def body(A: Any, B: Any) -> None:
        batch = tl.grid(2)
        tile = tl.alloc_fragment((3, 4), tl.bf16)
        tl.copy_in(A[batch, 1:, 2:], tile, pad=5.0)
        tl.copy(tile, B[batch])

    a = np.arange(2 * 3 * 5).reshape(2, 3, 5).astype(tl.bf16.numpy)
    b = np.zeros((2, 3, 4), tl.bf16.numpy)
    run(body, {"A": tl.Tensor(a.shape, tl.bf16), "B": tl.Tensor(b.shape, tl.bf16)}, a, b)
    padded = np.pad(a.astype(np.float32)[:, 1:, 2:], ((0, 0), (0, 1), (0, 1)), constant_values=5)
    np.testing.assert_array_equal(b.astype(np.float32), padded)


def test_while_if_and_atomics() -> None:
    def body(A: Any, n: Any) -> None:
        block = tl.grid(4)
        step = tl.alloc_fragment((1,), tl.index)
        step[0] = block
        with tl.while_(lambda: step[0] < n):
            with tl.if_((step[0] % 2 == 0) & (step[0] > 0)):
                tl.atomic_add(A, 0, tl.cast(step[0], tl.i64))
            with tl.else_():
                tl.atomic_max(A, 1, tl.cast(step[0], tl.i64))
            step[0] = step[0] + 4
        tl.atomic_min(A, 2, tl.cast(block, tl.i64))

    result = np.array([0, 0, 100])
    run(body, {"A": tl.Tensor((3,), tl.i64), "n": tl.i32}, result, 11)
    np.testing.assert_array_equal(result, [2 + 4 + 6 + 8 + 10, 9, 0])


def test_reductions_along_each_axis() -> None:
    def body(A: Any, Rows: Any, Columns: Any) -> None:
        tile = tl.alloc_fragment((4, 8), tl.f16)
        tl.copy(A[0:, 0:], tile)
        for position, op in enumerate(("sum", "max", "min")):
            rows, columns = tl.alloc_fragment((4,), tl.f32), tl.alloc_fragment((8,), tl.f16)
            tl.reduce(tile, rows, op=op, axis=1)
            tl.fill(columns, 0.0)
            tl.reduce(tile, columns, op=op, axis=0, clear=False)
            tl.copy(rows, Rows[position])
            tl.copy(columns, Columns[position])

    a = np.random.default_rng(3).integers(-8, 8, (4, 8)).astype(np.float16)
    rows, columns = np.zeros((3, 4), np.float32), np.zeros((3, 8), np.float16)
    types = {"A": tl.Tensor((4, 8), tl.f16), "Rows": tl.Tensor((3, 4), tl.f32), "Columns": tl.Tensor((3, 8), tl.f16)}
    run(body, types, a, rows, columns)
    np.testing.assert_array_equal(rows, [a.sum(axis=1), a.max(axis=1), a.min(axis=1)])
    np.testing.assert_array_equal(columns, [a.sum(axis=0), np.maximum(a.max(axis=0), 0), np.minimum(a.min(axis=0), 0)])


def test_three_dimensional_grid_and_zero_trips() -> None:
    def body(A: Any, n: Any) -> None:
        x, y, z = tl.grid(2, 3, 4)
        A[z, y, x] = x + y * 10 + z * 100
        for _ in tl.pipelined(n, num_stages=3):
            A[z, y, x] = tl.cast(-1, tl.index)

    result = np.zeros((4, 3, 2), np.int64)
    run(body, {"A": tl.Tensor((4, 3, 2), tl.index), "n": tl.index}, result, 0)
    z, y, x = np.indices((4, 3, 2))
    np.testing.assert_array_equal(result, x + y * 10 + z * 100)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(4, np.float64), "argument A needs dtype float32, not float64"),
        (np.zeros(5, np.float32), r"argument A needs the shape of memref<4xf32>, not \[5\]"),
        (np.zeros(8, np.float32)[::2], "argument A must be contiguous"),
        (3.0, "argument A needs an array"),
    ],
)
def test_arguments_that_do_not_fit(array: Any, message: str) -> None:
    def body(A: Any) -> None:
        A[0] = 1.0

    with pytest.raises(InputError, match=message):
        run(body, {"A": tl.Tensor((4,), tl.f32)}, array)


def test_other_forms_are_refused() -> None:
    def body(A: Any) -> None:
        tile = tl.alloc_shared((4,), tl.f32)
        tl.async_copy(A[0:], tile)
        tl.commit_group()
        tl.wait_group()

    with pytest.raises(InputError, match=r"'tile\.copy_async' op is not in the input form") as caught:
        run(body, {"A": tl.Tensor((4,), tl.f32)}, np.zeros(4, np.float32))
    assert caught.value.diagnostic.location.line == body.__code__.co_firstlineno + 2
