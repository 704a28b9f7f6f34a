"""Fixtures: kernels from text, and running them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tilewright import mlir
from tilewright.ir.kernel import kernels_in
from tilewright.machine import machine_for
from tilewright.mlir import ir
from tilewright.simulator import SimulationResult, simulate

Run = Callable[..., SimulationResult]


@pytest.fixture
def kernel_text() -> Callable[..., str]:
    """The text of a module with one kernel `k`: its arguments, body, grid and number of threads."""

    def build(arguments: str, body: str, grid: str = "1, 1, 1", threads: int = 128, prelude: str = "") -> str:
        constants = "\n".join(f"%c{n} = arith.constant {n} : index" for n in range(5))
        return f"""{prelude}
gpu.module @kernels {{
  gpu.func @k({arguments}) kernel
      attributes {{known_block_size = array<i32: {threads}, 1, 1>, known_grid_size = array<i32: {grid}>}} {{
    {constants}
    {body}
    gpu.return
  }}
}}
"""

    return build


@pytest.fixture
def run() -> Run:
    """Simulate the only kernel of a module's text; arrays are modified in place."""

    def execute(text: str, arguments: Sequence[Any], **options: Any) -> SimulationResult:
        with mlir.context() as sink:
            try:
                module = ir.Module.parse(text)
            except ir.MLIRError:
                pytest.fail("\n".join(str(diagnostic) for diagnostic in sink.diagnostics))
            (kernel,) = kernels_in(module.operation, text)
            return simulate(kernel, arguments, machine=machine_for("sim"), **options)

    return execute


@pytest.fixture
def run_clean(run: Run) -> Run:
    """As `run`, for a kernel that must complete without a finding."""

    def execute(text: str, arguments: Sequence[Any], **options: Any) -> SimulationResult:
        result = run(text, arguments, **options)
        assert [str(finding.diagnostic()) for finding in result.findings] == []
        assert result.completed
        return result

    return execute


@pytest.fixture
def kinds(run: Run) -> Callable[..., list[str]]:
    """The kinds of the findings of a kernel."""

    def execute(text: str, arguments: Sequence[Any], **options: Any) -> list[str]:
        return [finding.kind for finding in run(text, arguments, **options).findings]

    return execute
