"""Comparison of what two stages computed."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import ml_dtypes
import numpy as np

# The error where one value is finite and the other is not; JSON knows no infinity.
LARGEST_ERROR = sys.float_info.max
_ROUNDINGS = 8
# A type of a few bits is compared at half a rounding: eight would let anything pass.
_COARSE = 1 / 32


@dataclass(frozen=True)
class Comparison:
    """One argument: the largest absolute error and the error that is allowed."""

    argument: str
    error: float
    tolerance: float

    @property
    def ok(self) -> bool:
        return self.error <= self.tolerance


def compare(argument: str, actual: np.ndarray, expected: np.ndarray, tolerance: float | None) -> Comparison:
    """Compare arrays of one shape and dtype; without `tolerance` it is what `default_tolerance` says."""
    allowed = default_tolerance(expected) if tolerance is None else tolerance
    return Comparison(argument, max_abs_error(actual, expected), allowed)


def max_abs_error(actual: np.ndarray, expected: np.ndarray) -> float:
    """The largest absolute difference; a NaN equals a NaN at the same place, an infinity the same infinity."""
    if actual.size == 0:
        return 0.0
    if actual.dtype.kind in "iub":
        return _integer_error(actual, expected)
    left, right = actual.astype(np.float64), expected.astype(np.float64)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    if same.all():
        return 0.0
    differences = np.abs(left[~same] - right[~same])
    return float(differences.max()) if np.isfinite(differences).all() else LARGEST_ERROR


def _integer_error(actual: np.ndarray, expected: np.ndarray) -> float:
    different = actual != expected
    if not different.any():
        return 0.0
    left, right = actual[different].astype(object), expected[different].astype(object)
    return float(max(abs(int(a) - int(b)) for a, b in zip(left, right, strict=True)))


def default_tolerance(expected: np.ndarray) -> float:
    """A few roundings of the dtype, or half a coarse one, at the largest finite magnitude, at least 1; integers: none."""
    if expected.dtype.kind in "iub":
        return 0.0
    values = np.abs(expected.astype(np.float64))
    finite = values[np.isfinite(values)]
    magnitude = float(finite.max()) if finite.size else 0.0
    epsilon = float(ml_dtypes.finfo(expected.dtype).eps)
    return (0.5 if epsilon > _COARSE else _ROUNDINGS) * epsilon * max(1.0, magnitude)
