"""Taking a program through the passes: every stage executed, and compared with the input form bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink, PassFailure
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.machine import Machine, machine_for
from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation, PassEvent
from tilewright.pipeline.runner import run_pipeline
from tilewright.runtime.arguments import ArgumentChoice, make_arguments
from tilewright.runtime.reference_fp8 import FLOATS
from tilewright.runtime.reference_jit import run_reference
from tilewright.simulator import simulate
from tilewright_tools.fuzz.lost_copies import loses_a_copy
from tilewright_tools.fuzz.program import METADATA, TABLE, TRIPS, Program, used_memories, walk
from tilewright_tools.fuzz.tracing import COUNT, kernel_of

PASSES = ("tile-plan-pipeline{{strategy={}}}", "tile-inject-software-pipeline", "tile-specialize-warps", "tile-infer-layout")
CLEAN_UP = ("canonicalize", "cse", "loop-invariant-code-motion")
INPUT_FORM = "input form"

# The reference adds up in another order, and products of products make the roundings larger: relative to the largest value.
_REFERENCE_ERROR = 0.05


@dataclass(frozen=True)
class Configuration:
    """A machine, the option of plan-pipeline, and whether upstream's clean-up runs after each pass."""

    target: str
    strategy: str = "auto"
    clean_up: bool = False

    @property
    def pipeline(self) -> str:
        """The passes as text."""
        names = [part.format(self.strategy) for part in PASSES]
        parts = [part for name in names for part in ((name, *CLEAN_UP) if self.clean_up else (name,))]
        return f"builtin.module({','.join(parts)})"

    def __str__(self) -> str:
        return f"{self.target}, strategy {self.strategy}{', cleaned up' if self.clean_up else ''}"


@dataclass(frozen=True)
class Failure:
    """What went wrong. `kind`: ``values``, a finding's kind, ``error``, ``reference``, or the type of an exception."""

    configuration: Configuration
    stage: str
    kind: str
    message: str

    def same_as(self, other: Failure | None) -> bool:
        """Whether the other is this one, as far as can be told."""
        return other is not None and (self.stage, self.kind) == (other.stage, other.kind)

    def __str__(self) -> str:
        return f"{self.configuration}: after {self.stage}: {self.kind}: {self.message}"


@dataclass(frozen=True)
class Outcome:
    """`clean`: the input form has no findings; `runs`: pipelines that kept all values; `refused`: those that are refused by
    design, a schedule by hand that is none or a copy that is lost."""

    clean: bool
    runs: int = 0
    refused: int = 0
    failure: Failure | None = None


class SameAtEveryStage(Instrumentation):
    """Executes the kernel after every pass. `wrong`: the stages that differ from the input form or have findings.

    A kernel whose input form has findings says nothing: then `input_findings` has them, and later stages are not executed.
    `expected`: what the input form leaves in the arguments, where that is known already; it had no findings then.
    """

    def __init__(self, arguments: Sequence[Any], machine: Machine, expected: list[Any] | None = None) -> None:
        self.arguments = arguments
        self.machine = machine
        self.expected = expected or []
        self.input_findings: list[str] = []
        self.wrong: list[str] = []
        self.kind = ""
        self.stage = INPUT_FORM
        self.stages = 0

    @property
    def clean_input(self) -> bool:
        """Whether the input form says something."""
        return not self.input_findings

    def before_pipeline(self, root: ir.Operation) -> None:
        if not self.expected:
            self.expected, found = self._execute(root)
            self.input_findings = [message for _, message in found]

    def before_pass(self, event: PassEvent) -> None:
        if self.clean_input and not self.wrong:
            self.stage = event.argument

    def after_pass(self, event: PassEvent) -> None:
        self.stages += 1
        if not self.clean_input or self.wrong:
            return
        values, findings = self._execute(event.root)
        for kind, message in findings:
            self._note(event, kind, message)
        for position, (value, wanted) in enumerate(zip(values, self.expected, strict=True)):
            if not np.array_equal(np.asarray(value, np.float64), np.asarray(wanted, np.float64), equal_nan=True):
                self._note(event, "values", f"argument {position} differs")

    def _note(self, event: PassEvent, kind: str, message: str) -> None:
        self.kind = self.kind or kind
        self.wrong.append(f"{event.argument}: {message}")

    def _execute(self, root: ir.Operation) -> tuple[list[Any], list[tuple[str, str]]]:
        arguments = [value.copy() if isinstance(value, np.ndarray) else value for value in self.arguments]
        result = simulate(kernels_in(root)[0], arguments, machine=self.machine)
        return arguments, [(finding.kind, str(finding.diagnostic())) for finding in result.findings]


def configurations(seed: int) -> list[Configuration]:
    """What a seed is run with: specialized warps where they are legal, and one of the other pipelines."""
    asked = Configuration("cuda:sm_90a", "warp_specialize")
    others = [Configuration("cuda:sm_90a", "async"), Configuration("cuda:sm_80"), asked]
    return [replace(c, clean_up=seed % 7 == 0) for c in (Configuration("cuda:sm_90a"), others[seed % 3])]


def choices(program: Program) -> dict[str, ArgumentChoice]:
    """How the arguments are made that cannot be just random."""
    found = {COUNT: ArgumentChoice("value", value=program.count)}
    names = {memory.name for memory in used_memories(program)}
    if TABLE in names:
        found[TABLE] = ArgumentChoice("random", bounds=(0, TRIPS))
    if METADATA in names:
        # Pairs of positions that ascend: 0 and 1 three times, then one of three with 3.
        found[METADATA] = ArgumentChoice("random", bounds=(0x444C, 0x444F))
    return found


def shapes(program: Program) -> dict[str, tuple[int, ...]]:
    """The shapes of the arguments that have one only at launch."""
    return {memory.name: program.shape(memory) for memory in used_memories(program) if memory.dynamic}


def check(program: Program, pipelines: Sequence[Configuration], reference: bool = False) -> Outcome:
    """Run a program with each configuration, up to the first that goes wrong; with `reference`, also the input form through
    upstream's lowering. Raises what tracing raises."""
    outcome = Outcome(True)
    with mlir.context(DiagnosticSink()) as sink:
        module = kernel_of(program).module().operation
        kernel = kernels_in(module)[0]
        arguments = make_arguments(kernel, choices(program), shapes(program), program.seed)
        wanted = _reference(kernel, arguments) if reference and has_reference(program) else None
        expected = None
        for configuration in pipelines:
            watcher = SameAtEveryStage(arguments, machine_for(configuration.target), expected)
            failure = _run(module.clone(), configuration, watcher, sink)
            expected = watcher.expected
            if not watcher.clean_input:
                return Outcome(False)
            if failure is None and wanted is not None:
                failure = _against(wanted, expected, configuration)
            if failure is None:
                outcome = replace(outcome, runs=outcome.runs + 1)
            elif failure.kind == "error" and (_by_hand(program) or _is_of_a_lost_copy(failure, program)):
                outcome = replace(outcome, refused=outcome.refused + 1)
            else:
                return replace(outcome, failure=failure)
    return outcome


def _by_hand(program: Program) -> bool:
    """Whether a schedule is explicit: then it may be none, and an error is a right answer."""
    return any(statement.arguments.get("explicit") for statement in walk(program.statements))


def _is_of_a_lost_copy(failure: Failure, program: Program) -> bool:
    """Whether the error says that a copy is lost, and the program loses one."""
    return " is lost" in failure.message and loses_a_copy(program)


def has_reference(program: Program) -> bool:
    """Whether upstream's lowering says what a kernel computes.

    It knows no asynchronous copies and no barriers; and it rounds each partial sum of 8-bit floats, the simulator the sum.
    """
    dtypes = {memory.name: memory.dtype for memory in program.memories}
    statements = list(walk(program.statements))
    sums = (one.arguments["source"] for one in statements if one.kind == "reduce" and one.arguments["op"] == "sum")
    by_hand = any(one.kind in ("prefetch", "barrier", "roles") for one in statements)
    return not by_hand and not any(dtypes[source] in FLOATS for source in sums)


def _run(module: ir.Operation, configuration: Configuration, watcher: SameAtEveryStage, sink: DiagnosticSink) -> Failure | None:
    before = len(sink.errors)
    try:
        run_pipeline(module, configuration.pipeline, watcher.machine, sink, [watcher])
    except PassFailure:
        return Failure(configuration, watcher.stage, "error", str(sink.errors[before]))
    except Exception as crash:
        # A pass or the simulator broke down: that is what is looked for.
        return Failure(configuration, watcher.stage, type(crash).__name__, str(crash))
    return Failure(configuration, watcher.stage, watcher.kind, watcher.wrong[0]) if watcher.wrong else None


def _reference(kernel: Kernel, arguments: Sequence[Any]) -> list[Any]:
    """What upstream's lowering computes."""
    values = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
    run_reference(kernel, values)
    return values


def _against(wanted: Sequence[Any], values: Sequence[Any], configuration: Configuration) -> Failure | None:
    for position, (value, other) in enumerate(zip(values, wanted, strict=True)):
        if not isinstance(value, np.ndarray):
            continue
        left, right = value.astype(np.float64), other.astype(np.float64)
        # An infinity may be the rounding of a value just below it.
        finite = np.isfinite(left) & np.isfinite(right)
        error = float(np.abs(left - right)[finite].max(initial=0.0))
        if error > _REFERENCE_ERROR * float(np.abs(right[finite]).max(initial=1.0)):
            return Failure(configuration, INPUT_FORM, "reference", f"argument {position} differs by {error:.3g}")
    return None
