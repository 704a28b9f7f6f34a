"""Which tests execute which lines: made once, kept in a file, made again for what has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tilewright.pipeline.files import write_atomically
from tilewright_tools.mutation.child import Session
from tilewright_tools.mutation.messages import Children, Result

# Seconds of CPU time that a test may take while it is traced.
TRACING_LIMIT = 600.0


@dataclass
class CoveredTest:
    """A test by its node id: its seconds of CPU time, and by source file the lines that it executes."""

    seconds: float
    passed: bool
    lines: dict[str, list[int]]


@dataclass
class CoveredFile:
    """A test file as it was traced: its hash, the hashes of the sources, its tests."""

    hash: str
    sources: dict[str, str]
    tests: dict[str, CoveredTest] = field(default_factory=dict)


@dataclass(frozen=True)
class CoverageMap:
    files: dict[str, CoveredFile]

    def tests(self) -> dict[str, CoveredTest]:
        """The tests that pass on the unchanged source."""
        return {name: test for file in self.files.values() for name, test in file.tests.items() if test.passed}

    def broken(self) -> list[str]:
        return [name for file in self.files.values() for name, test in file.tests.items() if not test.passed]

    def covering(self, file: str, line: int | None) -> list[str]:
        """The tests that execute a line of a source file, or any of its lines."""
        found: list[str] = []
        for name, test in self.tests().items():
            lines = test.lines.get(file, [])
            if lines and (line is None or line in lines):
                found.append(name)
        return found


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def load_map(path: Path) -> CoverageMap:
    if not path.exists():
        return CoverageMap({})
    files: dict[str, CoveredFile] = {}
    for name, record in json.loads(path.read_text(encoding="utf-8")).items():
        tests = {test: CoveredTest(**value) for test, value in record["tests"].items()}
        files[name] = CoveredFile(record["hash"], record["sources"], tests)
    return CoverageMap(files)


def update_map(
    path: Path, root: Path, sources: Sequence[Path], tests: Sequence[Path], jobs: int, say: Callable[[str], None]
) -> CoverageMap:
    """The map of `tests` over `sources`, with what changed traced again, and written to `path`."""
    old = load_map(path).files
    source_hashes = {str(source.relative_to(root)): hash_of(source) for source in sources}
    files: dict[str, CoveredFile] = {}
    stale: list[str] = []
    for test in tests:
        name = str(test.relative_to(root))
        kept = old.get(name)
        current = hash_of(test)
        if kept is not None and kept.hash == current and source_hashes.items() <= kept.sources.items():
            files[name] = kept
        else:
            files[name] = CoveredFile(current, source_hashes)
            stale.append(name)
    if stale:
        say(f"tracing {len(stale)} of {len(tests)} test files")
        _trace(files, stale, root, sources, jobs)
        write_atomically(path, json.dumps({name: asdict(file) for name, file in files.items()}))
    return CoverageMap(files)


def _trace(files: dict[str, CoveredFile], stale: list[str], root: Path, sources: Sequence[Path], jobs: int) -> None:
    """Run the stale files; a session that a test ends goes on, in another one, with the files after that test's."""
    children = Children()

    def start(chosen: Sequence[str]) -> None:
        if chosen:
            session = Session(root, tuple(chosen), traced=tuple(sources), default_limit=TRACING_LIMIT)
            children.start(session, lambda result: take(result, chosen))

    def take(result: Result, chosen: Sequence[str]) -> None:
        reached = 0
        for message in result.messages:
            name = message["test"].partition("::")[0]
            if name in chosen:
                reached = max(reached, chosen.index(name))
            if message["event"] == "collection":
                files[name].tests[message["test"]] = CoveredTest(0.0, False, {})
            elif message["event"] == "end":
                lines = {str(Path(file).relative_to(root)): found for file, found in message["lines"].items()}
                files[name].tests[message["test"]] = CoveredTest(message["seconds"], message["outcome"] == "passed", lines)
        if result.running:
            files[result.running.partition("::")[0]].tests[result.running] = CoveredTest(0.0, False, {})
            start(chosen[reached + 1 :])

    try:
        for part in range(jobs):
            start(stale[part::jobs])
        while len(children):
            children.wait()
    finally:
        children.stop()
