"""A campaign: every mutant meets the tests that execute its line, until one fails.

The likeliest killers come first: tests that killed mutants nearby, then cheap ones, then the cheapest of each file. What became
of a mutant is appended to a file at once, so that a campaign that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from tilewright_tools.mutation.child import Session
from tilewright_tools.mutation.coverage_map import CoverageMap
from tilewright_tools.mutation.messages import Children, Result
from tilewright_tools.mutation.mutants import Mutant

Outcome = Literal["killed", "timeout", "survived", "uncovered"]
FIRST_BATCH = 10
# A test on a mutant may take this many times as long as on the original, and some seconds for what is imported first.
TIME_FACTOR = 8.0
# Seconds that a test may take to count as cheap.
CHEAP = 0.1


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: the test that killed it, the number of tests that it met, and of those left out."""

    id: str
    scope_hash: str
    file: str
    line: int
    outcome: Outcome
    killer: str = ""
    tests: int = 0
    left_out: int = 0
    seconds: float = 0.0


@dataclass
class Store:
    """Verdicts in an append-only file of JSON lines; of several on one mutant the last counts."""

    path: Path
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Store:
        store = cls(path)
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                # A line that was being written when the machine stopped is none.
                if line.endswith("}"):
                    verdict = Verdict(**json.loads(line))
                    store.verdicts[verdict.id] = verdict
        return store

    def add(self, verdict: Verdict) -> None:
        self.verdicts[verdict.id] = verdict
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(verdict)) + "\n")

    def of(self, mutant: Mutant) -> Verdict | None:
        verdict = self.verdicts.get(mutant.id)
        return verdict if verdict is not None and verdict.scope_hash == mutant.scope_hash else None


@dataclass
class Attempt:
    """A mutant under test: the batches of tests that it has yet to meet."""

    mutant: Mutant
    batches: list[list[str]]
    left_out: int
    started: float = field(default_factory=time.monotonic)
    met: int = 0


class Campaign:
    """Runs mutants, `jobs` at a time, each with at most `budget` seconds of tests; `slack` is what any test may take."""

    def __init__(self, root: Path, coverage: CoverageMap, store: Store, jobs: int, budget: float, slack: float) -> None:
        self.root = root
        self.coverage = coverage
        self.tests = coverage.tests()
        self.store = store
        self.jobs = jobs
        self.budget = budget
        self.limits = {name: slack + TIME_FACTOR * test.seconds for name, test in self.tests.items()}
        self.sources: dict[str, str] = {}

    def run(self, mutants: Iterable[Mutant], on_verdict: Callable[[Mutant, Verdict], None]) -> None:
        children = Children()

        def finish(attempt: Attempt, outcome: Outcome, killer: str = "") -> None:
            mutant = attempt.mutant
            left_out = attempt.left_out if outcome == "survived" else 0
            seconds = time.monotonic() - attempt.started
            verdict = Verdict(
                mutant.id,
                mutant.scope_hash,
                mutant.file,
                mutant.line,
                outcome,
                killer,
                attempt.met,
                left_out,
                round(seconds, 2),
            )
            self.store.add(verdict)
            on_verdict(mutant, verdict)

        def advance(attempt: Attempt) -> None:
            if not attempt.batches:
                finish(attempt, "survived" if attempt.met else "uncovered")
                return
            batch = attempt.batches.pop(0)
            children.start(self._session(attempt.mutant, batch), lambda result: judge(attempt, result))

        def judge(attempt: Attempt, result: Result) -> None:
            attempt.met += sum(1 for message in result.messages if message["event"] == "start")
            failed = next((m["test"] for m in result.messages if m["event"] == "end" and m["outcome"] == "failed"), "")
            broken = next((m["test"] for m in result.messages if m["event"] == "collection"), "")
            if failed or broken:
                finish(attempt, "killed", failed or f"import of {broken}")
            elif result.signal:
                finish(attempt, "timeout" if result.timed_out else "killed", result.running)
            elif result.code:
                finish(attempt, "killed", "the session itself")
            else:
                advance(attempt)

        try:
            for mutant in mutants:
                while len(children) >= self.jobs:
                    children.wait()
                advance(self._attempt(mutant))
            while len(children):
                children.wait()
        finally:
            children.stop()

    def _attempt(self, mutant: Mutant) -> Attempt:
        names = self.coverage.covering(mutant.file, None if mutant.imported else mutant.line)
        ordered = self._likeliest_first(mutant, names)
        chosen: list[str] = []
        spent = 0.0
        for name in ordered:
            spent += self.tests[name].seconds
            if chosen and spent > self.budget:
                break
            chosen.append(name)
        batches = [batch for batch in (chosen[:FIRST_BATCH], chosen[FIRST_BATCH:]) if batch]
        return Attempt(mutant, batches, len(names) - len(chosen))

    def _likeliest_first(self, mutant: Mutant, names: Sequence[str]) -> list[str]:
        score: dict[str, float] = dict.fromkeys(names, 0.0)
        for verdict in self.store.verdicts.values():
            if verdict.file == mutant.file and verdict.killer in score:
                score[verdict.killer] += 1.0 / (1 + abs(verdict.line - mutant.line))
        by_cost = sorted(names, key=lambda name: (self.tests[name].seconds, name))
        # Cheap tests cost less than choosing among them. Then one of each file before the next of any: they tend to miss alike.
        turn: dict[str, int] = {}
        met: Counter[str] = Counter()
        for name in by_cost:
            if self.tests[name].seconds > CHEAP:
                met[name.partition("::")[0]] += 1
            turn[name] = met[name.partition("::")[0]]
        return sorted(by_cost, key=lambda name: (-score[name], turn[name]))

    def _session(self, mutant: Mutant, batch: Sequence[str]) -> Session:
        path = self.root / mutant.file
        source = self.sources.setdefault(mutant.file, path.read_text(encoding="utf-8"))
        files = tuple(dict.fromkeys(name.partition("::")[0] for name in batch))
        limits = {name: self.limits[name] for name in batch}
        return Session(self.root, files, tuple(batch), limits, mutated=(path.resolve(), mutant.apply(source)))
