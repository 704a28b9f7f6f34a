"""What a campaign found, as text and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tilewright_tools.mutation.campaign import Verdict
from tilewright_tools.mutation.mutants import Mutant

COLUMNS = ("killed", "timeout", "survived", "uncovered", "equivalent")


@dataclass(frozen=True)
class Judged:
    """A mutant with what became of it; `reason` is why nothing can tell it from the original, if that is known."""

    mutant: Mutant
    verdict: Verdict
    reason: str | None

    @property
    def outcome(self) -> str:
        alive = self.verdict.outcome in ("survived", "uncovered")
        return "equivalent" if alive and self.reason is not None else self.verdict.outcome


def score(judged: Sequence[Judged]) -> float:
    """The share of mutants, equivalent ones aside, that a test noticed."""
    counts = Counter(one.outcome for one in judged)
    noticed = counts["killed"] + counts["timeout"]
    total = len(judged) - counts["equivalent"]
    return noticed / total if total else 1.0


def survivors(judged: Sequence[Judged]) -> list[Judged]:
    return [one for one in judged if one.outcome in ("survived", "uncovered")]


def report_record(judged: Sequence[Judged], broken: Sequence[str]) -> dict[str, object]:
    return {
        "score": score(judged),
        "mutants": len(judged),
        "outcomes": dict(Counter(one.outcome for one in judged)),
        "files": {name: dict(counts) for name, counts in _counts(judged, "file")},
        "rules": {name: dict(counts) for name, counts in _counts(judged, "rule")},
        "survivors": [
            {
                "id": one.mutant.id,
                "file": one.mutant.file,
                "line": one.mutant.line,
                "function": one.mutant.function,
                "rule": one.mutant.rule,
                "original": one.mutant.original,
                "mutated": one.mutant.mutated,
                "outcome": one.outcome,
                "tests": one.verdict.tests,
                "left_out": one.verdict.left_out,
            }
            for one in survivors(judged)
        ],
        "broken_tests": list(broken),
    }


def print_report(judged: Sequence[Judged], broken: Sequence[str]) -> None:
    for one in survivors(judged):
        print(f"{one.outcome} {one.mutant.id} {one.mutant.diff}")
        met = f"{one.verdict.tests} tests passed on it" if one.verdict.tests else "no test executes the line"
        print(f"  {met}" + (f", {one.verdict.left_out} were left out for time" if one.verdict.left_out else ""))
    for key in ("file", "rule"):
        groups = list(_counts(judged, key))
        width = max((len(name) for name, _ in groups), default=0)
        print(f"{key:{width}}" + "".join(f"{column:>12}" for column in COLUMNS))
        for name, counts in groups:
            print(f"{name:{width}}" + "".join(f"{counts[column]:>12}" for column in COLUMNS))
    for test in broken:
        print(f"not used, it fails on the unchanged source: {test}")
    counts = Counter(one.outcome for one in judged)
    considered = len(judged) - counts["equivalent"]
    print(f"{counts['killed'] + counts['timeout']} of {considered} mutants killed, {100 * score(judged):.1f} %")


def _counts(judged: Sequence[Judged], key: str) -> Iterator[tuple[str, Counter[str]]]:
    groups: dict[str, Counter[str]] = {}
    for one in judged:
        groups.setdefault(getattr(one.mutant, key), Counter())[one.outcome] += 1
    yield from sorted(groups.items())
