"""Every example, at its SMOKE parameters and each of its VARIANTS: the reference (upstream's lowering and JIT) agrees with
NumPy, and the simulator, which shares no code with it, agrees with the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tilewright.language as tl
from tilewright import mlir
from tilewright.ir.kernel import kernels_in
from tilewright.language.loading import kernels_of, load_module, own_arguments, rounded_as
from tilewright.machine import machine_for
from tilewright.runtime.reference_jit import run_reference
from tilewright.simulator import simulate

pytestmark = pytest.mark.l2_simulator

FOLDER = Path(__file__).parents[2] / "examples"
# By element type, relative to the largest value of an output, or to 1 if that is larger; integers are exact.
TOLERANCES = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 2e-5, "float8_e4m3fn": 0.07, "float8_e5m2": 0.13}


@dataclass(frozen=True)
class Case:
    name: str
    module: ModuleType
    parameters: dict[str, Any]

    def kernels(self) -> list[tl.Kernel]:
        return kernels_of(self.module.build(**self.parameters))

    def arguments(self, kernels: list[tl.Kernel]) -> dict[str, np.ndarray]:
        """By name: what the example makes itself, random values for the rest."""
        own = own_arguments(self.module, np.random.default_rng(0), self.parameters)
        random = np.random.default_rng(0)
        return {name: value for kernel in kernels for name, value in random_arguments(kernel, own, random).items()} | own


def _cases() -> list[Case]:
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.py")):
        module = load_module(path)
        variants = {"smoke": {}, **module.VARIANTS}
        found += [Case(f"{path.stem}: {name}", module, {**module.SMOKE, **changed}) for name, changed in variants.items()]
    return found


CASES = _cases()
BY_HAND = [case for case in CASES if getattr(case.module, "SPECIALIZED_BY_HAND", False)]
COMPILED = [case for case in CASES if case not in BY_HAND]


def random_arguments(kernel: tl.Kernel, known: Mapping[str, Any], random: np.random.Generator) -> dict[str, np.ndarray]:
    """Arrays for the tensors of a kernel that are not known: floats in [-1, 1), integers in [0, 3)."""
    arguments: dict[str, np.ndarray] = {}
    for name, declared in kernel.arguments.items():
        if name in known:
            continue
        assert isinstance(declared, tl.Tensor)
        shape = tuple(extent for extent in declared.shape if isinstance(extent, int))
        drawn = random.uniform(-1, 1, shape) if declared.dtype.is_float else random.integers(0, 3, shape)
        arguments[name] = drawn.astype(declared.dtype.numpy)
    return arguments


def run_jit(kernels: Sequence[tl.Kernel], arguments: dict[str, np.ndarray]) -> None:
    """Run the input forms with the reference, one after another; arrays are modified in place."""
    for kernel in kernels:
        with mlir.context():
            module = kernel.module()
            run_reference(kernels_in(module.operation)[0], [arguments[name] for name in kernel.arguments])


def run_simulator(kernels: Sequence[tl.Kernel], arguments: dict[str, np.ndarray]) -> None:
    """Simulate the input forms, one after another; arrays are modified in place."""
    for kernel in kernels:
        with mlir.context():
            module = kernel.module()
            values = [arguments[name] for name in kernel.arguments]
            result = simulate(kernels_in(module.operation)[0], values, machine=machine_for("sim"))
        assert [str(finding.diagnostic()) for finding in result.findings] == []
        assert result.completed


def assert_close(case: Case, name: str, actual: np.ndarray, expected: np.ndarray) -> None:
    """Equal up to a few roundings of the output's type, or of a coarser one that the example names."""
    coarser = rounded_as(case.module, case.parameters)
    dtype = coarser[name].numpy if name in coarser else actual.dtype
    actual, finite = actual.astype(np.float64), np.isfinite(expected)
    assert np.array_equal(actual[~finite], expected[~finite])
    scale = max(1.0, float(np.abs(expected[finite]).max(initial=0.0)))
    error = float(np.abs(actual[finite] - expected[finite]).max(initial=0.0))
    tolerance = 0.0 if dtype.kind in "iub" else TOLERANCES[dtype.name]
    assert error <= tolerance * scale


@pytest.mark.parametrize("case", COMPILED, ids=[case.name for case in COMPILED])
def test_reference_agrees_with_numpy(case: Case) -> None:
    kernels = case.kernels()
    arguments = case.arguments(kernels)
    expected = case.module.reference({name: array.copy() for name, array in arguments.items()}, **case.parameters)
    run_jit(kernels, arguments)
    assert expected
    for name, values in expected.items():
        assert_close(case, name, arguments[name], values)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_full_parameters_build(path: Path) -> None:
    modules = [case.module for case in CASES if case.module.__file__ == str(path)]
    assert all(kernel.text() for kernel in kernels_of(modules[0].build(**modules[0].FULL)))


@pytest.mark.parametrize("case", COMPILED, ids=[case.name for case in COMPILED])
def test_simulator_agrees_with_the_reference(case: Case) -> None:
    kernels = case.kernels()
    compiled = case.arguments(kernels)
    simulated = {name: array.copy() for name, array in compiled.items()}
    run_jit(kernels, compiled)
    run_simulator(kernels, simulated)
    # What kernels hand on to one another is rounded on the way more coarsely than its type says.
    handed_on = {name for kernel in kernels[:-1] for name in kernel.arguments} & set(kernels[-1].arguments)
    for name in set(compiled) - handed_on:
        assert_close(case, name, simulated[name], compiled[name].astype(np.float64))


@pytest.mark.parametrize("case", BY_HAND, ids=[case.name for case in BY_HAND])
def test_simulator_agrees_with_numpy_on_what_is_specialized_by_hand(case: Case) -> None:
    kernels = case.kernels()
    arguments = case.arguments(kernels)
    expected = case.module.reference({name: array.copy() for name, array in arguments.items()}, **case.parameters)
    run_simulator(kernels, arguments)
    assert expected
    for name, values in expected.items():
        assert_close(case, name, arguments[name], values)
