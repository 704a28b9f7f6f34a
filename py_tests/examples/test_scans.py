"""tl.scan and tl.arg_reduce are NumPy's, in the reference and in the simulator, which share no code; misuse is located."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tilewright.language as tl
from tilewright.diagnostics import InputError

pytestmark = pytest.mark.l2_simulator

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.int32]
NO_OP: Any = "mean"
UFUNCS = {"sum": np.add, "max": np.maximum, "min": np.minimum}


def whole_numbers(dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Small enough for every sum of them to be exact in the type, with many that are equal."""
    return np.random.default_rng(0).integers(-3, 4, shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", list(UFUNCS))
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, -2])
def test_a_scan(dtype: Any, op: Any, reverse: bool, axis: int, run_both) -> None:
    def body(A: Any, B: Any) -> None:
        tl.scan(A, B, op=op, axis=axis, reverse=reverse)

    a = whole_numbers(dtype, (3, 5, 4))
    b = np.zeros_like(a)
    run_both(body, a, b)
    wide = np.flip(a.astype(np.float64), axis) if reverse else a.astype(np.float64)
    expected = UFUNCS[op].accumulate(wide, axis)
    np.testing.assert_array_equal(b.astype(np.float64), np.flip(expected, axis) if reverse else expected)


def test_a_scan_may_overwrite_its_source(run_both) -> None:
    def body(A: Any) -> None:
        tl.cumsum(A, A, axis=1, reverse=True)

    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    expected = np.flip(np.flip(a, 1).cumsum(1), 1)
    run_both(body, a)
    np.testing.assert_array_equal(a, expected)


def test_each_step_of_a_scan_rounds_to_the_element_type(run_both) -> None:
    def body(A: Any, B: Any) -> None:
        tl.cumsum(A, B, axis=0)

    a, b = np.ones(300, ml_dtypes.bfloat16), np.zeros(300, ml_dtypes.bfloat16)
    run_both(body, a, b)
    assert b[-1] == 256


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["max", "min"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("places", [np.int32, np.int64])
def test_an_arg_reduction_takes_the_first_of_equal_elements(dtype: Any, op: Any, axis: int, places: Any, run_both) -> None:
    def body(A: Any, Values: Any, Places: Any) -> None:
        tl.arg_reduce(A, Values, Places, op=op, axis=axis, start=100)

    a = whole_numbers(dtype, (6, 9))
    values, found = np.zeros(a.shape[1 - axis], dtype), np.zeros(a.shape[1 - axis], places)
    run_both(body, a, values, found)
    expected = (a.argmax if op == "max" else a.argmin)(axis)
    np.testing.assert_array_equal(found, expected + 100)
    np.testing.assert_array_equal(values, (a.max if op == "max" else a.min)(axis))


def test_an_arg_reduction_goes_on_where_one_left_off(run_both) -> None:
    def body(A: Any, Values: Any, Places: Any) -> None:
        tile = tl.alloc_shared((4, 3), tl.f32)
        for k in tl.serial(3):
            tl.copy(A[0:, k * 3 :], tile)
            with tl.if_(k == 0):
                tl.arg_reduce(tile, Values, Places, op="max", axis=1)
            with tl.else_():
                tl.arg_reduce(tile, Values, Places, op="max", axis=1, start=k * 3, clear=False)

    a, values, found = whole_numbers(np.float32, (4, 9)), np.zeros(4, np.float32), np.zeros(4, np.int32)
    run_both(body, a, values, found)
    np.testing.assert_array_equal(found, a.argmax(1))


def test_nothing_that_can_be_compared_has_no_place(run_both) -> None:
    def body(A: Any, Values: Any, Places: Any) -> None:
        tl.arg_reduce(A, Values, Places, op="max", axis=1)

    a = np.array([[np.nan, np.nan], [np.nan, 2.0]], np.float32)
    values, found = np.zeros(2, np.float32), np.zeros(2, np.int32)
    run_both(body, a, values, found)
    assert found.tolist() == [-1, 1] and values.tolist() == [-np.inf, 2.0]


def test_the_largest_magnitude(run_both) -> None:
    def body(A: Any, B: Any, C: Any, D: Any) -> None:
        tl.reduce(A, B, op="absmax", axis=1)
        tl.reduce(C, D, op="absmax", axis=0)

    a, c = whole_numbers(np.float16, (4, 6)), whole_numbers(np.int32, (4, 6)) - 5
    b, d = np.zeros(4, np.float16), np.zeros(6, np.int32)
    run_both(body, a, b, c, d)
    np.testing.assert_array_equal(b, np.abs(a).max(1))
    np.testing.assert_array_equal(d, np.abs(c).max(0))


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda a, v, p: tl.scan(a, a, op=NO_OP, axis=0), "tl.scan has no op 'mean'; there are sum, max, min"),
        (lambda a, v, p: tl.scan(a, a, op="sum", axis=2), r"tl.scan along axis 2 of shape \[4, 8\]; it must be from -2 to 1"),
        (
            lambda a, v, p: tl.scan(a, v, op="sum", axis=0),
            r"tl.scan of \[4, 8\] of f32 into \[4\] of f32; they must be the same",
        ),
        (lambda a, v, p: tl.arg_reduce(a, v, p, op=NO_OP, axis=1), "tl.arg_reduce has no op 'mean'; there are max, min"),
        (lambda a, v, p: tl.arg_reduce(a, v, p, op="max", axis=-3), "tl.arg_reduce along axis -3"),
        (lambda a, v, p: tl.arg_reduce(a, v, p, op="max", axis=0), r"gives \[8\]; its values have \[4\]"),
        (lambda a, v, p: tl.arg_reduce(a, v, v, op="max", axis=1), "gives f32 and i32 or i64, not f32 and f32"),
    ],
)
def test_misuse_is_located(misuse: Callable[..., None], message: str, kernel_of) -> None:
    def body(A: Any, Values: Any, Places: Any) -> None:
        misuse(A, Values, Places)

    arrays = np.zeros((4, 8), np.float32), np.zeros(4, np.float32), np.zeros(4, np.int32)
    with pytest.raises(InputError, match=message) as caught:
        kernel_of(body, *arrays).text()
    assert caught.value.diagnostic.location.file == __file__
