"""What a simulation found wrong with a kernel, and its result as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from tilewright.diagnostics import UNKNOWN_LOCATION, Diagnostic, Note, SourceLocation, source_location
from tilewright.mlir import ir


@dataclass(frozen=True)
class Finding:
    """Something wrong that the kernel does: `op` at `location` did it first in thread block `block` (x, y, z).

    Kinds: of memory ``uninitialised-read``, ``out-of-bounds``, ``parallel-write``; of asynchronous copies ``in-flight-read``,
    ``in-flight-write``, ``source-overwritten``, ``not-waited``, ``group-mismatch``; of synchronisation ``channel-order``,
    ``bytes-mismatch``, ``over-arrival``, ``deadlock``; of layouts ``ownership``; of sparse products ``sparse-metadata``; and
    ``division-by-zero``, ``step-limit``.
    """

    kind: str
    message: str
    location: SourceLocation = UNKNOWN_LOCATION
    notes: tuple[Note, ...] = ()
    op: str = ""
    block: tuple[int, int, int] = (0, 0, 0)

    def diagnostic(self) -> Diagnostic:
        block = ", ".join(str(coordinate) for coordinate in self.block)
        message = f"{self.kind}: '{self.op}' {self.message} (thread block {block})"
        return Diagnostic("error", message, self.location, self.notes)


@dataclass
class SimulationResult:
    """`blocks` thread blocks were executed in `seconds`; `completed` is False where a finding ended the execution."""

    findings: list[Finding] = field(default_factory=list)
    blocks: int = 0
    seconds: float = 0.0
    completed: bool = True

    @property
    def ok(self) -> bool:
        return self.completed and not self.findings


class Aborted(Exception):
    """A finding after which the kernel cannot go on; the finding is recorded already."""


class Site:
    """An operation as findings speak of it; where it stands is worked out only when one does."""

    __slots__ = ("_location", "name", "operation")

    def __init__(self, operation: ir.Operation) -> None:
        self.operation = operation
        self.name = operation.name
        self._location: SourceLocation | None = None

    @property
    def location(self) -> SourceLocation:
        if self._location is None:
            self._location = source_location(self.operation.location)
        return self._location

    @property
    def result_name(self) -> str:
        """The name of the operation's result: from a name location, else as MLIR prints it."""
        location = self.operation.location
        if isinstance(location, ir.NameLoc):
            return f"'{location.name_str}'"
        return f"'{self.operation.results[0].get_name()}'"


class Recorder:
    """Collects findings in order; the same kind at the same operation counts once."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.block: tuple[int, int, int] = (0, 0, 0)
        self._seen: set[tuple[SourceLocation, str, str]] = set()

    def report(self, kind: str, site: Site, message: str, notes: tuple[Note, ...] = ()) -> None:
        key = (site.location, site.name, kind)
        if key not in self._seen:
            self._seen.add(key)
            self.findings.append(Finding(kind, message, site.location, notes, site.name, self.block))
