"""Executing the stages of a pipeline: the simulator as instrumentation of the pass manager."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilewright.backends.base import Target
from tilewright.diagnostics import Diagnostic, DiagnosticSink, InputError, PassFailure
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation, PassEvent
from tilewright.pipeline.instrumentation.statistics import count_operations
from tilewright.pipeline.runner import run_pipeline
from tilewright.runtime.compare import compare
from tilewright.runtime.report import INPUT_STAGE, RunReport, Stage, StageFinding
from tilewright.simulator import ALL_BLOCKS, BlockSelection, simulate

WhichStages = Literal["each", "ends", "none"]


@dataclass(frozen=True)
class StageOptions:
    """Which stages are executed (``ends``: the input form and the last), on which blocks, and how exact they must be."""

    simulate: WhichStages = "each"
    blocks: BlockSelection = ALL_BLOCKS
    tolerance: float | None = None
    seed: int = 0


class SimulateStages(Instrumentation):
    """Executes the kernel after every pass on copies of the same arguments, and compares with the input form."""

    def __init__(self, kernel: Kernel, arguments: Sequence[Any], target: Target, options: StageOptions) -> None:
        self.kernel = kernel
        self.initial = list(arguments)
        self.machine = target.machine
        self.options = options
        self.report = RunReport(kernel.name, target.name, options.seed)
        self._expected: list[Any] | None = None

    def before_pipeline(self, root: ir.Operation) -> None:
        stage = Stage(INPUT_STAGE, INPUT_STAGE, _operations(root))
        self.report.stages.append(stage)
        if self.options.simulate != "none":
            arguments = self._simulate(root, stage)
            self._expected = None if stage.failed else arguments

    def after_pass(self, event: PassEvent) -> None:
        stage = self._stage(event)
        if self.options.simulate == "each":
            self._simulate(event.root, stage)

    def after_failure(self, event: PassEvent) -> None:
        stage = self._stage(event)
        stage.failed = True
        stage.findings = [StageFinding("pass-failed", error.message, error.location, error) for error in event.sink.errors]

    def after_pipeline(self, root: ir.Operation) -> None:
        last = self.report.stages[-1]
        if self.options.simulate == "ends" and not last.simulated and not last.failed:
            self._simulate(root, last)

    def _stage(self, event: PassEvent) -> Stage:
        phrases = tuple(decision.phrase for decision in event.decisions)
        stage = Stage(event.argument, event.text, _operations(event.root), event.seconds, phrases)
        self.report.stages.append(stage)
        return stage

    def _simulate(self, root: ir.Operation, stage: Stage) -> list[Any]:
        """Execute the kernel as it is now; returns the arguments as it left them."""
        arguments = [value.copy() if isinstance(value, np.ndarray) else value for value in self.initial]
        stage.simulated = True
        start = time.perf_counter()
        try:
            result = simulate(_kernel(root, self.kernel), arguments, machine=self.machine, blocks=self.options.blocks)
        except InputError as failure:
            if stage.name == INPUT_STAGE:
                raise
            stage.failed = True
            stage.findings.append(_finding("not-executable", failure.diagnostic.message, failure.diagnostic))
            self.report.arguments = None
            return arguments
        finally:
            stage.seconds = time.perf_counter() - start
        stage.findings += [_finding(finding.kind, finding.message, finding.diagnostic()) for finding in result.findings]
        stage.failed = not result.completed
        self._compare(stage, arguments)
        self.report.arguments = arguments if result.completed else None
        return arguments

    def _compare(self, stage: Stage, arguments: list[Any]) -> None:
        if self._expected is None:
            return
        for argument, actual, expected in zip(self.kernel.arguments, arguments, self._expected, strict=True):
            if isinstance(actual, np.ndarray):
                stage.comparisons.append(compare(argument.name, actual, expected, self.options.tolerance))


def run_stages(
    module: ir.Operation,
    kernel: Kernel,
    arguments: Sequence[Any],
    target: Target,
    pipeline: str,
    sink: DiagnosticSink,
    options: StageOptions,
    instrumentations: Sequence[Instrumentation] = (),
) -> RunReport:
    """Run `pipeline` on `module` and execute `kernel` along the way.

    A pass that fails ends the run: the report's last stage says so, and the errors are in `sink`. Where the input form
    did not run to its end, nothing is compared with it. Raises InputError where it cannot be executed at all.
    """
    stages = SimulateStages(kernel, arguments, target, options)
    try:
        run_pipeline(module, pipeline, target.machine, sink, [*instrumentations, stages])
    except PassFailure:
        if not stages.report.stages or not stages.report.stages[-1].failed:
            raise
    return stages.report


def _finding(kind: str, message: str, diagnostic: Diagnostic) -> StageFinding:
    return StageFinding(kind, message, diagnostic.location, diagnostic)


def _operations(root: ir.Operation) -> int:
    return count_operations(root).total()


def _kernel(root: ir.Operation, original: Kernel) -> Kernel:
    """The kernel in its present form, under the argument names of its first."""
    found = next((kernel for kernel in kernels_in(root) if kernel.name == original.name), None)
    if found is None:
        raise InputError(f"kernel '{original.name}' is no longer in the module")
    names = [argument.name for argument in original.arguments]
    arguments = tuple(type(argument)(name, argument.type) for name, argument in zip(names, found.arguments, strict=True))
    return Kernel(found.operation, found.name, arguments)
