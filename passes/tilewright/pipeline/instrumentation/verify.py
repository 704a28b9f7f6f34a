"""Verify the IR after every pass, and name the pass that broke it."""

from __future__ import annotations

from dataclasses import replace

from tilewright.diagnostics import Diagnostic, PassFailure, source_location
from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation, PassEvent


class VerifyEach(Instrumentation):
    """Fails the run after the first pass that leaves invalid IR."""

    def after_pass(self, event: PassEvent) -> None:
        first_new = len(event.sink.diagnostics)
        if _is_valid(event.root):
            return
        found = event.sink.diagnostics[first_new:]
        del event.sink.diagnostics[first_new:]
        if not found:
            found = [Diagnostic("error", "the IR is invalid", event.sink.locate(source_location(event.root.location)))]
        for diagnostic in found:
            event.sink.emit(replace(diagnostic, message=f"after pass '{event.argument}': {diagnostic.message}"))
        raise PassFailure(f"pass '{event.argument}' left invalid IR")


def _is_valid(operation: ir.Operation) -> bool:
    try:
        return operation.verify()
    except ir.MLIRError:
        return False
