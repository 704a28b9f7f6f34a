"""A watcher of the passes for tests: every stage of a kernel against its own input form, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilewright.ir.kernel import kernels_in
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation, PassEvent
from tilewright.simulator import simulate


class SameAtEveryStage(Instrumentation):
    """Executes the kernel after every pass. `wrong`: the stages that differ from the input form or have findings.

    A kernel whose input form has findings says nothing: then `input_findings` has them, and later stages are not executed.
    """

    def __init__(self, arguments: list[Any], machine: Machine) -> None:
        self.arguments = arguments
        self.machine = machine
        self.expected: list[Any] = []
        self.input_findings: list[str] = []
        self.wrong: list[str] = []
        self.stages = 0

    @property
    def clean_input(self) -> bool:
        return not self.input_findings

    def before_pipeline(self, root: ir.Operation) -> None:
        self.expected, self.input_findings = self._execute(root)

    def after_pass(self, event: PassEvent) -> None:
        self.stages += 1
        if not self.clean_input:
            return
        values, findings = self._execute(event.root)
        self.wrong += [f"{event.argument}: {finding}" for finding in findings]
        for position, (value, wanted) in enumerate(zip(values, self.expected, strict=True)):
            if not np.array_equal(np.asarray(value, np.float64), np.asarray(wanted, np.float64), equal_nan=True):
                self.wrong.append(f"{event.argument}: argument {position} differs")

    def _execute(self, root: ir.Operation) -> tuple[list[Any], list[str]]:
        arguments = [value.copy() if isinstance(value, np.ndarray) else value for value in self.arguments]
        result = simulate(kernels_in(root)[0], arguments, machine=self.machine)
        return arguments, [str(finding.diagnostic()) for finding in result.findings]
