"""Comparison of arguments: NaN, infinities, integers, tolerances by dtype."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from tilewright.runtime.compare import LARGEST_ERROR, compare, default_tolerance, max_abs_error

pytestmark = pytest.mark.l0_backend_agnostic

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("left", "right", "error"),
    [
        ([1.0, NAN, INFINITY, -INFINITY], [1.0, NAN, INFINITY, -INFINITY], 0.0),
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([NAN], [1.0], LARGEST_ERROR),
        ([INFINITY], [-INFINITY], LARGEST_ERROR),
        ([INFINITY], [3.0], LARGEST_ERROR),
        ([], [], 0.0),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float16, ml_dtypes.bfloat16])
def test_the_error_of_floats(left: list[float], right: list[float], error: float, dtype: type):
    assert max_abs_error(np.array(left, dtype), np.array(right, dtype)) == error


def test_the_error_of_integers_does_not_round_or_wrap():
    big = 1 << 62
    assert max_abs_error(np.array([big + 1]), np.array([big])) == 1.0
    assert max_abs_error(np.array([127], np.int8), np.array([-128], np.int8)) == 255.0
    assert max_abs_error(np.array([True]), np.array([False])) == 1.0


def test_tolerances_follow_the_dtype_and_the_magnitude():
    assert default_tolerance(np.array([7])) == 0.0
    narrow, wide = (default_tolerance(np.array([1.0], dtype)) for dtype in (np.float16, np.float32))
    assert 1e-3 < narrow < 1e-1 and 1e-7 < wide < 1e-5
    assert default_tolerance(np.array([100.0], np.float32)) == pytest.approx(100 * wide)
    assert default_tolerance(np.array([NAN, INFINITY], np.float32)) == wide


def test_a_given_tolerance_is_absolute():
    left, right = np.array([1000.0]), np.array([1000.5])
    assert compare("A", left, right, 0.5).ok
    assert not compare("A", left, right, 0.4).ok


def test_an_element_of_fp8_is_not_taken_for_its_neighbour():
    expected = np.array([448.0, 1.0], ml_dtypes.float8_e4m3fn)
    assert not compare("A", np.array([416.0, 1.0], expected.dtype), expected, None).ok
    assert compare("A", np.array([448.0, 1.125], expected.dtype), expected, None).ok
