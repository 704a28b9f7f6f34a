"""The one seam of the pass manager: what instrumentation sees, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilewright.diagnostics import DiagnosticSink
    from tilewright.mlir import ir
    from tilewright.transforms.base import Decision


@dataclass
class PassEvent:
    """One pass of a run. `ordinal` counts from 1; `text` is the argument with its options; `anchor` the path of operations
    it runs under, for example ``builtin.module/gpu.module``. `seconds` and `decisions` are set once it has run.
    """

    ordinal: int
    argument: str
    text: str
    anchor: str
    root: ir.Operation
    sink: DiagnosticSink
    seconds: float = 0.0
    decisions: list[Decision] = field(default_factory=list)


class Instrumentation:
    """Watches a run; every method may be left out. `before_*` are called in the order given, and so are `after_*`."""

    def before_pipeline(self, root: ir.Operation) -> None:
        """The input form, before the first pass."""

    def should_run(self, event: PassEvent) -> bool:
        """False skips the pass; no other method is then called for it."""
        return True

    def before_pass(self, event: PassEvent) -> None: ...

    def after_pass(self, event: PassEvent) -> None:
        """The pass has succeeded; raise PassFailure, errors in the sink, to stop the run."""

    def after_failure(self, event: PassEvent) -> None:
        """The pass has failed, or what it left was refused; no more passes run."""

    def after_pipeline(self, root: ir.Operation) -> None:
        """After the last pass, failed or not."""
