"""Diagnostics: what a person is told, and where in the source it happened.

Everything that goes wrong becomes a `Diagnostic`; MLIR's own errors, the passes' remarks and the simulator's
findings print alike: ``file:line:column: severity: message``, then notes in the same form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tilewright.mlir import ir

Severity = Literal["error", "warning", "remark", "note"]


@dataclass(frozen=True, order=True)
class SourceLocation:
    """A place in a source file; lines and columns count from 1, and 0 means unknown."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.file:
            return "<unknown>"
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


UNKNOWN_LOCATION = SourceLocation()


@dataclass(frozen=True)
class Note:
    message: str
    location: SourceLocation = UNKNOWN_LOCATION

    def __str__(self) -> str:
        return f"{self.location}: note: {self.message}"


@dataclass(frozen=True)
class Diagnostic:
    severity: Severity
    message: str
    location: SourceLocation = UNKNOWN_LOCATION
    notes: tuple[Note, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.location}: {self.severity}: {self.message}"]
        return "\n".join(lines + [str(note) for note in self.notes])


class TilewrightError(Exception):
    """An error with a location that a tool prints on one line; its class decides the exit code."""

    exit_code = 1

    def __init__(
        self,
        message: str,
        location: SourceLocation = UNKNOWN_LOCATION,
        notes: tuple[Note, ...] = (),
    ) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic("error", message, location, notes)


class InputError(TilewrightError):
    """The input is wrong, or a check failed (exit code 1)."""


class UsageError(TilewrightError):
    """The tool was called wrongly (exit code 2)."""

    exit_code = 2


class InfrastructureError(TilewrightError):
    """A device, a tool or a service is missing (exit code 3)."""

    exit_code = 3


class PassFailure(InputError):
    """A pass, upstream or ours, reported errors: they are in the sink already."""


@dataclass
class DiagnosticSink:
    """Collects diagnostics in order; `rename` maps file names of parsed text to what the user called it."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    rename: dict[str, str] = field(default_factory=dict)

    def emit(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)

    def locate(self, location: SourceLocation) -> SourceLocation:
        return SourceLocation(self.rename.get(location.file, location.file), location.line, location.column)

    def remark(self, location: ir.Location, message: str, notes: tuple[Note, ...] = ()) -> None:
        self.emit(Diagnostic("remark", message, self.locate(source_location(location)), notes))

    def error(self, location: ir.Location, message: str, notes: tuple[Note, ...] = ()) -> None:
        self.emit(Diagnostic("error", message, self.locate(source_location(location)), notes))

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.diagnostics if d.severity == "error"]

    def handle_mlir(self, diagnostic: Any) -> bool:
        """An MLIR diagnostic handler: takes every diagnostic, so that none reaches the C++ stderr."""
        severity: Severity = diagnostic.severity.name.lower()
        notes = tuple(
            Note(note.message, self.locate(source_location(note.location)))
            for note in diagnostic.notes
            if not note.message.startswith("see current operation")
        )
        self.emit(Diagnostic(severity, diagnostic.message, self.locate(source_location(diagnostic.location)), notes))
        return True


def source_location(location: ir.Location) -> SourceLocation:
    """The innermost file position of an MLIR location: named, fused and call-site locations are looked through."""
    from tilewright.mlir import ir

    if isinstance(location, ir.FileLineColLoc):
        return SourceLocation(location.filename, location.start_line, location.start_col)
    if isinstance(location, ir.NameLoc):
        return source_location(location.child_loc)
    if isinstance(location, ir.CallSiteLoc):
        return source_location(location.callee)
    if isinstance(location, ir.FusedLoc):
        places = (source_location(part) for part in location.locations)
        return next((place for place in places if place.file), UNKNOWN_LOCATION)
    return UNKNOWN_LOCATION
