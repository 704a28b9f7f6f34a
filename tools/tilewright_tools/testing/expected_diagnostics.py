"""`--verify-diagnostics`: comments in the input that say which diagnostics it must produce, and no others.

``// expected-error@+1 {{part of the message}}``; kinds error, warning, remark and note; ``-re`` for a text with regular
expressions in ``{{…}}`` inside double braces; places @+N, @-N, @above, @below and @unknown, without one this line. A comment
holds one, up to the end of its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tilewright.diagnostics import Diagnostic, SourceLocation

_DESIGNATOR = re.compile(
    r"expected-(?P<kind>error|warning|remark|note)(?P<regex>-re)?\s*"
    r"(?:@(?P<place>[+-]\d+|above|below|unknown))?\s*\{\{(?P<text>.*)\}\}\s*$"
)
_ANY_DESIGNATOR = re.compile(r"expected-(?:error|warning|remark|note)\b")


@dataclass(frozen=True)
class Expectation:
    """One comment: `line` is where the diagnostic must be, None for one without a location."""

    kind: str
    line: int | None
    pattern: re.Pattern[str]
    text: str
    location: SourceLocation

    def matches(self, kind: str, location: SourceLocation, message: str) -> bool:
        line = location.line or None
        return self.kind == kind and self.line == line and self.pattern.search(message) is not None


def verify_diagnostics(text: str, name: str, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What does not fit: expectations that nothing met, diagnostics that nothing expected, malformed comments."""
    expectations, problems = parse_expectations(text, name)
    open_expectations = list(expectations)
    for kind, location, message in _flattened(diagnostics):
        met = next((e for e in open_expectations if e.matches(kind, location, message)), None)
        if met is not None:
            open_expectations.remove(met)
        elif not any(e.matches(kind, location, message) for e in expectations):
            problems.append(Diagnostic("error", f"unexpected {kind}: {message}", location))
    for expectation in open_expectations:
        message = f'expected {expectation.kind} "{expectation.text}" was not produced'
        problems.append(Diagnostic("error", message, expectation.location))
    return problems


def parse_expectations(text: str, name: str) -> tuple[list[Expectation], list[Diagnostic]]:
    """Every expectation of `text`, and an error for each comment that looks like one but is not."""
    lines = text.split("\n")
    expectations: list[Expectation] = []
    problems: list[Diagnostic] = []
    for number, line in enumerate(lines, start=1):
        found = list(_DESIGNATOR.finditer(line))
        starts = {match.start() for match in found}
        for match in _ANY_DESIGNATOR.finditer(line):
            if match.start() not in starts:
                place = SourceLocation(name, number, match.start() + 1)
                problems.append(Diagnostic("error", "malformed: write expected-error@+1 {{part of the message}}", place))
        for match in found:
            place = SourceLocation(name, number, match.start() + 1)
            try:
                pattern = _pattern(match["text"], is_regex=match["regex"] is not None)
            except re.error as failure:
                problems.append(Diagnostic("error", f"not a regular expression: {failure}", place))
                continue
            line_expected = _expected_line(match["place"], number, lines)
            expectations.append(Expectation(match["kind"], line_expected, pattern, match["text"], place))
    return expectations, problems


def _pattern(text: str, *, is_regex: bool) -> re.Pattern[str]:
    """A literal, or in the -re form literal text with regular expressions between double braces."""
    if not is_regex:
        return re.compile(re.escape(text))
    parts = re.split(r"\{\{(.*?)\}\}", text)
    return re.compile("".join(part if index % 2 else re.escape(part) for index, part in enumerate(parts)))


def _expected_line(place: str | None, number: int, lines: list[str]) -> int | None:
    if place is None:
        return number
    if place == "unknown":
        return None
    if place in ("above", "below"):
        step = -1 if place == "above" else 1
        line = number + step
        while 1 <= line <= len(lines) and _ANY_DESIGNATOR.search(lines[line - 1]):
            line += step
        return line
    return number + int(place)


def _flattened(diagnostics: Iterable[Diagnostic]) -> Iterable[tuple[str, SourceLocation, str]]:
    for diagnostic in diagnostics:
        yield diagnostic.severity, diagnostic.location, diagnostic.message
        for note in diagnostic.notes:
            yield "note", note.location, note.message
