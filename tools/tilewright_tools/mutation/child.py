"""A test session in a forked child of a warm process, over one mutant or none.

The parent has imported the libraries but none of the modules under test; the child imports those, the mutated one from its
changed text, and runs pytest in itself. What happens it writes, one JSON object a line, into a pipe.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

import pytest

from tilewright_tools.mutation.lines import LineTracer
from tilewright_tools.mutation.lit_items import LitPlugin

MEMORY_LIMIT = 8 << 30
WARM_MODULES = (
    "numpy",
    "ml_dtypes",
    "rich.table",
    "hypothesis",
    "filecheck.matcher",
    "filecheck.options",
    "llvmlite.binding",
    "tilewright.mlir",
)


@dataclass(frozen=True)
class Session:
    """What to run: `tests` by node id, in this order, or all that are in `files`; `limits` are seconds of CPU time a test.

    `mutated` is a file and its changed text. With `traced` the lines of these files that each test executes are reported.
    """

    root: Path
    files: tuple[str, ...]
    tests: tuple[str, ...] | None = None
    limits: dict[str, float] = field(default_factory=dict)
    default_limit: float = 60.0
    mutated: tuple[Path, str] | None = None
    traced: tuple[Path, ...] = ()


def warm_up() -> None:
    """Import what every session needs and no mutant changes; libraries that are not installed are left to the tests."""
    for name in WARM_MODULES:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            continue


def start(session: Session) -> tuple[int, int]:
    """Fork a child that runs `session`; its process id, and the file descriptor that its messages come from."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        os.close(reader)
        _run_child(session, writer)
    os.close(writer)
    return process, reader


def _run_child(session: Session, writer: int) -> NoReturn:
    """Never returns: whatever happens here must not unwind into the parent's code."""
    code = 1
    try:
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            _silence()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            code = _run_session(session, _Reporter(session, pipe))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _run_session(session: Session, reporter: _Reporter) -> int:
    os.chdir(session.root)
    sys.path[:0] = [
        str(folder) for folder in (session.root / "passes", session.root / "tools", session.root) if folder.is_dir()
    ]
    for path in (*session.traced, *([session.mutated[0]] if session.mutated else [])):
        _check_not_loaded(path)
    if session.mutated is not None:
        sys.meta_path.insert(0, _MutatedFinder(*session.mutated))
    _settle_hypothesis()
    arguments = ["-x"] if session.mutated is not None else ["--continue-on-collection-errors"]
    arguments += ["-q", "--tb=short", "--assert=plain", "--rootdir", str(session.root)]
    for plugin in ("cacheprovider", "xdist", "looponfail"):
        arguments += ["-p", f"no:{plugin}"]
    plugins = [LitPlugin(session.root / "lit_tests", session.root), reporter]
    return int(pytest.main([*arguments, *session.files], plugins))


def _check_not_loaded(path: Path) -> None:
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(path):
            raise RuntimeError(f"{path} was imported before the session: the mutant would not be seen")


def _settle_hypothesis() -> None:
    """The same examples every time, none kept, none shrunk."""
    try:
        from hypothesis import Phase, settings
    except ModuleNotFoundError:
        return
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutation", database=None, derandomize=True, deadline=None, phases=phases)
    settings.load_profile("mutation")


class _MutatedFinder(importlib.abc.MetaPathFinder):
    """Finds modules where they are, and gives one of them another text."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> Any:
        if fullname.rpartition(".")[2] != self.file.stem and self.file.name != "__init__.py":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and Path(spec.origin).resolve() == self.file:
            spec.loader = _MutatedLoader(fullname, spec.origin, self.text)
            return spec
        return None


class _MutatedLoader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec", dont_inherit=True)


class _Reporter:
    """A pytest plugin: selects and orders the tests, limits their time, and tells what became of each."""

    def __init__(self, session: Session, pipe: Any) -> None:
        self.session = session
        self.pipe = pipe
        self.tracer = LineTracer(session.traced) if session.traced else None
        self.started = 0.0
        self.failed = ""

    def send(self, **message: Any) -> None:
        self.pipe.write(json.dumps(message) + "\n")
        self.pipe.flush()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.send(event="collection", test=report.nodeid, message=str(report.longrepr)[-2000:])

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.session.tests is None:
            return
        place = {test: index for index, test in enumerate(self.session.tests)}
        items[:] = sorted((item for item in items if item.nodeid in place), key=lambda item: place[item.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self.failed = ""
        self.started = time.process_time()
        self.send(event="start", test=item.nodeid)
        # CPU time, so that a busy machine kills nobody; the signal's default ends even a loop in native code.
        limit = self.session.limits.get(item.nodeid, self.session.default_limit)
        signal.setitimer(signal.ITIMER_PROF, limit)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            seconds = time.process_time() - self.started
            lines = self.tracer.take() if self.tracer is not None else {}
            outcome = "failed" if self.failed else "passed"
            self.send(event="end", test=item.nodeid, outcome=outcome, seconds=seconds, message=self.failed, lines=lines)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Any:
        if self.tracer is None:
            return (yield)
        with self.tracer:
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = str(report.longrepr)[-2000:] or "failed"
