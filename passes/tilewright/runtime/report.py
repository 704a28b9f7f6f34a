"""What a run found, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tilewright.diagnostics import Diagnostic, SourceLocation
from tilewright.runtime.compare import Comparison

INPUT_STAGE = "input"


@dataclass(frozen=True)
class StageFinding:
    """Something wrong with a stage: found by the simulator, or why the stage could not be made or executed."""

    kind: str
    message: str
    location: SourceLocation
    diagnostic: Diagnostic

    def record(self) -> dict[str, str]:
        return {"kind": self.kind, "message": self.message, "location": str(self.location)}


@dataclass
class Stage:
    """One form of the kernel: the input, or what a pass left. `seconds` is the time that its simulation took."""

    name: str
    text: str
    operations: int
    pass_seconds: float = 0.0
    decisions: tuple[str, ...] = ()
    simulated: bool = False
    seconds: float = 0.0
    failed: bool = False
    comparisons: list[Comparison] = field(default_factory=list)
    findings: list[StageFinding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.failed and not self.findings and all(comparison.ok for comparison in self.comparisons)

    @property
    def max_abs_error(self) -> float | None:
        """Over all memref arguments, against the input form; None where the stage was not executed."""
        if not self.simulated:
            return None
        return max((comparison.error for comparison in self.comparisons), default=0.0)

    def record(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ok": self.ok,
            "max_abs_error": self.max_abs_error,
            "findings": [finding.record() for finding in self.findings],
            "seconds": self.seconds,
            "pass_seconds": self.pass_seconds,
            "operations": self.operations,
            "simulated": self.simulated,
            "decisions": list(self.decisions),
        }


@dataclass
class RunReport:
    """The stages of one kernel, the input form first; `arguments` are the values after the last stage, if it was executed."""

    kernel: str
    target: str
    seed: int
    stages: list[Stage] = field(default_factory=list)
    arguments: list[Any] | None = None

    @property
    def ok(self) -> bool:
        return bool(self.stages) and all(stage.ok for stage in self.stages)

    def record(self) -> dict[str, Any]:
        return {
            "kernel": self.kernel,
            "target": self.target,
            "seed": self.seed,
            "ok": self.ok,
            "stages": [stage.record() for stage in self.stages],
        }
