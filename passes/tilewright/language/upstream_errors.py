"""MLIR's own errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tilewright.diagnostics import DiagnosticSink, InputError, SourceLocation
from tilewright.mlir import ir


@contextmanager
def located_mlir_errors(prefix: str, fallback: SourceLocation) -> Iterator[None]:
    """Raise InputError with the first diagnostic of an MLIR error in the current context; none reaches other handlers."""
    sink = DiagnosticSink()
    context = ir.Context.current
    assert context is not None
    handler = context.attach_diagnostic_handler(sink.handle_mlir)
    try:
        yield
    except ir.MLIRError as error:
        for found in error.error_diagnostics:
            sink.error(found.location, found.message)
        message = sink.errors[0].message if sink.errors else str(error)
        location = sink.errors[0].location if sink.errors else fallback
        raise InputError(prefix + message, location if location.file else fallback) from None
    finally:
        handler.detach()
