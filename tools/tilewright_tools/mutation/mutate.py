"""One invocation of `tilewright mutate`: find the mutants and the tests, run the campaign, report."""

from __future__ import annotations

import fnmatch
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.diagnostics import InfrastructureError, UsageError
from tilewright.pipeline.files import write_atomically
from tilewright_tools.mutation.campaign import Campaign, Store, Verdict
from tilewright_tools.mutation.child import warm_up
from tilewright_tools.mutation.coverage_map import update_map
from tilewright_tools.mutation.equivalents import load_equivalents, reason_for
from tilewright_tools.mutation.mutants import Mutant, mutants_of
from tilewright_tools.mutation.report import Judged, print_report, report_record, score

# The four passes, and what they rest on.
SOURCES = ("passes/tilewright/transforms/*.py", "passes/tilewright/analysis/*.py", "passes/tilewright/ir/layout.py")
TESTS = (
    "lit_tests/transforms",
    "lit_tests/kernels",
    "py_tests/transforms",
    "py_tests/analysis",
    "py_tests/ir",
    "py_tests/kernels",
)
EQUIVALENTS = "benchmarks/equivalent_mutants.json"


@dataclass(frozen=True)
class MutateOptions:
    """`only` are patterns of source files; `sample` mutants of those, drawn with `seed`; 0 is all."""

    root: Path
    sources: tuple[str, ...] = SOURCES
    tests: tuple[str, ...] = TESTS
    only: tuple[str, ...] = ()
    sample: int = 600
    seed: int = 0
    jobs: int = 2
    budget: float = 30.0
    slack: float = 10.0
    again: bool = False
    list_only: bool = False
    minimum: float = 0.95
    json_file: str | None = None
    state: Path = Path("build/mutation")


def mutate(options: MutateOptions) -> int:
    """The exit code: 1 where fewer mutants than `minimum` were noticed."""
    root = options.root.resolve()
    sources = _files(root, options.sources)
    mutants = _chosen(root, sources, options)
    if options.list_only:
        for mutant in mutants:
            print(f"{mutant.id} {mutant.diff}")
        return 0
    tests = [test for test in _files(root, options.tests) if _may_be_test(test)]
    state = root / options.state
    warm_up()
    mutated = sorted({root / mutant.file for mutant in mutants})
    coverage = update_map(state / "coverage.json", root, mutated, tests, options.jobs, _say)
    if not coverage.tests():
        raise InfrastructureError(f"no test passes on the unchanged source; {len(coverage.broken())} fail")
    store = Store.load(state / "verdicts.jsonl")
    waiting = [mutant for mutant in mutants if _is_waiting(store.of(mutant), options.again)]
    _say(f"{len(mutants)} mutants, {len(waiting)} to run, {len(coverage.tests())} tests")
    campaign = Campaign(root, coverage, store, options.jobs, options.budget, options.slack)
    campaign.run(waiting, _Progress(len(waiting)).show)
    equivalents = load_equivalents(root / EQUIVALENTS)
    judged = [
        Judged(mutant, verdict, reason_for(mutant, equivalents))
        for mutant in mutants
        if (verdict := store.of(mutant)) is not None
    ]
    print_report(judged, coverage.broken())
    if options.json_file is not None:
        write_atomically(Path(options.json_file), json.dumps(report_record(judged, coverage.broken()), indent=2) + "\n")
    return 0 if score(judged) >= options.minimum else 1


def _files(root: Path, patterns: Sequence[str]) -> list[Path]:
    """The files that patterns name, and those in the folders that they name; raises UsageError for a pattern without any."""
    found: set[Path] = set()
    for pattern in patterns:
        matches = list(root.glob(pattern))
        if not matches:
            raise UsageError(f"nothing in {root} is called '{pattern}'")
        for match in matches:
            found.update(match.rglob("*") if match.is_dir() else [match])
    return sorted(path.resolve() for path in found if path.suffix in (".py", ".mlir"))


def _may_be_test(path: Path) -> bool:
    return path.name.startswith("test_") or ("lit_tests" in path.parts and "Inputs" not in path.parts)


def _chosen(root: Path, sources: Sequence[Path], options: MutateOptions) -> list[Mutant]:
    """The mutants to consider."""
    mutants: list[Mutant] = []
    for source in sources:
        name = str(source.relative_to(root))
        if not options.only or any(fnmatch.fnmatch(name, pattern) or pattern in name for pattern in options.only):
            mutants += mutants_of(source.read_text(encoding="utf-8"), name)
    if not mutants:
        raise UsageError("no mutant was chosen; --only names source files, in part or as patterns")
    if options.sample == 0 or options.sample >= len(mutants):
        return mutants
    drawn = random.Random(options.seed).sample(mutants, options.sample)
    return sorted(drawn, key=lambda mutant: (mutant.file, mutant.start, mutant.end, mutant.replacement))


def _is_waiting(verdict: Verdict | None, again: bool) -> bool:
    return verdict is None or (again and verdict.outcome in ("survived", "uncovered"))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class _Progress:
    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0

    def show(self, mutant: Mutant, verdict: Verdict) -> None:
        self.done += 1
        killer = f" by {verdict.killer}" if verdict.killer else ""
        place = f"{mutant.file}:{mutant.line} [{mutant.rule}]"
        _say(f"[{self.done}/{self.total}] {verdict.outcome} {place} {verdict.seconds:.1f} s{killer}")
