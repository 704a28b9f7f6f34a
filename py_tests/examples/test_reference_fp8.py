"""The reference converts 8-bit floats as ml_dtypes does, in every direction and for every value that is hard."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tilewright.language as tl
from tilewright import mlir
from tilewright.ir.kernel import kernels_in
from tilewright.runtime.reference_jit import run_reference

pytestmark = pytest.mark.l2_simulator

NUMPY = {"f8E4M3FN": ml_dtypes.float8_e4m3fn, "f8E5M2": ml_dtypes.float8_e5m2}


def converted(values: np.ndarray, source: str, target: str) -> np.ndarray:
    def body(A: Any, B: Any) -> None:
        for i in tl.parallel(len(values)):
            B[i] = tl.cast(A[i], target)

    body.__annotations__ = {"A": tl.Tensor(values.shape, source), "B": tl.Tensor(values.shape, target)}
    result = np.zeros(values.shape, tl.as_dtype(target).numpy)
    with mlir.context():
        module = tl.kernel(threads=32)(body).module()
        run_reference(kernels_in(module.operation)[0], [values, result])
    return result


@pytest.mark.parametrize("source", NUMPY)
@pytest.mark.parametrize("target", ["f16", "bf16", "f32", "f64"])
def test_every_byte_extends_exactly(source: str, target: str) -> None:
    values = np.arange(256, dtype=np.uint8).view(NUMPY[source])
    expected = values.astype(np.float64)
    np.testing.assert_array_equal(converted(values, source, target).astype(np.float64), expected)


@pytest.mark.parametrize("target", NUMPY)
@pytest.mark.parametrize("source", ["f16", "bf16", "f32"])
def test_truncation_rounds_to_nearest_even(source: str, target: str) -> None:
    bytes_ = np.arange(256, dtype=np.uint8).view(NUMPY[target]).astype(np.float64)
    exact = np.unique(bytes_[np.isfinite(bytes_)])
    ties = (exact[1:] + exact[:-1]) / 2
    near = np.concatenate([ties * (1 + 2.0**-7), ties * (1 - 2.0**-7)])
    random = np.random.default_rng(0).normal(0, 1, 512) * 2.0 ** np.random.default_rng(1).integers(-20, 20, 512)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 448.0, 464.0, 480.0, 57344.0, 61440.0, 61441.0, 1e30, 1e-30])
    with np.errstate(over="ignore"):
        values = np.concatenate([exact, ties, near, random, special]).astype(tl.as_dtype(source).numpy)
        expected = values.astype(np.float32).astype(NUMPY[target])
    np.testing.assert_array_equal(converted(values, source, target).astype(np.float64), expected.astype(np.float64))
    signs = np.signbit(expected.astype(np.float64))[~np.isnan(expected.astype(np.float64))]
    actual = converted(values, source, target).astype(np.float64)
    np.testing.assert_array_equal(np.signbit(actual)[~np.isnan(actual)], signs)


def test_one_type_of_8_bits_becomes_the_other() -> None:
    values = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e5m2)
    expected = values.astype(np.float32).astype(ml_dtypes.float8_e4m3fn).astype(np.float64)
    np.testing.assert_array_equal(converted(values, "f8E5M2", "f8E4M3FN").astype(np.float64), expected)


def test_arithmetic_rounds_after_each_operation() -> None:
    def body(A: Any, B: Any) -> None:
        for i in tl.parallel(256):
            B[i] = A[i] * 3.0 + A[i]

    values = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn)
    body.__annotations__ = {"A": tl.Tensor((256,), "f8E4M3FN"), "B": tl.Tensor((256,), "f8E4M3FN")}
    result = np.zeros(256, ml_dtypes.float8_e4m3fn)
    with mlir.context():
        module = tl.kernel(threads=32)(body).module()
        run_reference(kernels_in(module.operation)[0], [values, result])
    with np.errstate(invalid="ignore"):
        tripled = (values.astype(np.float32) * 3).astype(ml_dtypes.float8_e4m3fn)
        expected = (tripled.astype(np.float32) + values.astype(np.float32)).astype(ml_dtypes.float8_e4m3fn)
    np.testing.assert_array_equal(result.astype(np.float64), expected.astype(np.float64))
