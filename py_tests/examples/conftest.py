"""Fixtures: a body of the language, run by the reference and by the simulator, which must agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tilewright.language as tl
from tilewright import mlir
from tilewright.ir.kernel import kernels_in
from tilewright.machine import machine_for
from tilewright.runtime.reference_jit import run_reference
from tilewright.simulator import simulate


@pytest.fixture
def kernel_of() -> Callable[..., tl.Kernel]:
    """Make a kernel of a body, whose parameters are tensors like these arrays."""

    def build(body: Callable[..., None], *arrays: np.ndarray) -> tl.Kernel:
        names = list(body.__code__.co_varnames[: body.__code__.co_argcount])
        types = {dtype.numpy: dtype for dtype in map(tl.as_dtype, ("f16", "bf16", "f32", "i32", "i64"))}
        pairs = zip(names, arrays, strict=True)
        body.__annotations__ = {name: tl.Tensor(array.shape, types[array.dtype]) for name, array in pairs}
        return tl.kernel(threads=32)(body)

    return build


@pytest.fixture
def run_both(kernel_of: Callable[..., tl.Kernel]) -> Callable[..., None]:
    """Run a body on arrays, which are modified in place, with the reference and with the simulator, which must agree."""

    def run(body: Callable[..., None], *arrays: Any) -> None:
        kernel = kernel_of(body, *arrays)
        copies = [array.copy() for array in arrays]
        with mlir.context():
            module = kernel.module()
            traced = kernels_in(module.operation)[0]
            result = simulate(traced, copies, machine=machine_for("sim"))
            run_reference(traced, list(arrays))
        assert result.findings == []
        for ours, reference in zip(copies, arrays, strict=True):
            np.testing.assert_array_equal(ours.astype(np.float64), reference.astype(np.float64))

    return run
