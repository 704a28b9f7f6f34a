"""Mutants that change nothing that a test could see, each with the reason: a list that people keep."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tilewright.diagnostics import InputError, SourceLocation
from tilewright_tools.mutation.mutants import Mutant


@dataclass(frozen=True)
class Equivalent:
    """Named by text, so that it holds while the line stays as it is, wherever it moves in its file."""

    file: str
    original: str
    mutated: str
    reason: str

    def matches(self, mutant: Mutant) -> bool:
        return (self.file, self.original, self.mutated) == (mutant.file, mutant.original, mutant.mutated)


def load_equivalents(path: Path) -> list[Equivalent]:
    """The entries of a JSON list; raises InputError for one that is not complete."""
    if not path.exists():
        return []
    try:
        return [Equivalent(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (TypeError, ValueError) as failure:
        needed = "a list of objects with file, original, mutated and reason"
        raise InputError(f"not {needed}: {failure}", SourceLocation(str(path))) from failure


def reason_for(mutant: Mutant, equivalents: list[Equivalent]) -> str | None:
    return next((entry.reason for entry in equivalents if entry.matches(mutant)), None)
