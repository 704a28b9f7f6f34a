"""The pass manager: options of passes, order, failures, and what instrumentation sees."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink, InputError, PassFailure, SourceLocation, UsageError
from tilewright.machine import machine_for
from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation, PassEvent
from tilewright.pipeline.instrumentation.bisect import BisectLimit
from tilewright.pipeline.instrumentation.dump_tree import DumpTree
from tilewright.pipeline.instrumentation.timing import Timing
from tilewright.pipeline.registry import PassEntry, builtin_registry, textual_form
from tilewright.pipeline.runner import run_pipeline
from tilewright.transforms.base import Decision, Pass, PassContext

pytestmark = pytest.mark.l1a_compile_no_target_dialect

TEXT = """
gpu.module @first { gpu.func @a() kernel attributes {known_block_size = array<i32: 32, 1, 1>} { gpu.return } }
gpu.module @second { gpu.func @b() kernel attributes {known_block_size = array<i32: 32, 1, 1>} { gpu.return } }
"""


@dataclass(frozen=True)
class Mark(Pass):
    """Write an attribute on the operation."""

    argument: ClassVar[str] = "test-mark"
    name: str = "mark"
    count_of: int = 1
    enabled: bool = True
    factor: float = 1.0
    mode: Literal["plain", "loud"] = "plain"
    limit: int | None = None

    def run(self, operation: ir.Operation, context: PassContext) -> None:
        operation.attributes[f"test.{self.name}"] = ir.StringAttr.get(self.mode)
        context.decisions.append(Decision(self.argument, operation.name, SourceLocation(), f"marked {self.name}"))


@dataclass(frozen=True)
class Fail(Pass):
    """Fail in one of the ways in which a pass can."""

    argument: ClassVar[str] = "test-fail"
    how: str = "sink"

    def run(self, operation: ir.Operation, context: PassContext) -> None:
        if self.how == "sink":
            context.sink.error(operation.location, "this is refused")
        elif self.how == "raise":
            raise InputError("this is refused", SourceLocation("k.mlir", 3, 4))
        elif self.how == "silent":
            raise PassFailure("failed")
        elif self.how == "invalid":
            attributes = {"pending": ir.IntegerAttr.get(ir.IntegerType.get_signless(32), -1)}
            start = ir.InsertionPoint.at_block_begin(operation.regions[0].blocks[0])
            ir.Operation.create("tile.wait_group", attributes=attributes, loc=operation.location, ip=start)


REGISTRY = builtin_registry().extended([PassEntry("test-mark", __name__, "Mark"), PassEntry("test-fail", __name__, "Fail")])


class Recorder(Instrumentation):
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.events: list[PassEvent] = []

    def before_pipeline(self, root: ir.Operation) -> None:
        self.calls.append("before_pipeline")

    def before_pass(self, event: PassEvent) -> None:
        self.calls.append(f"before {event.argument}")

    def after_pass(self, event: PassEvent) -> None:
        self.calls.append(f"after {event.argument}")
        self.events.append(event)

    def after_failure(self, event: PassEvent) -> None:
        self.calls.append(f"failure {event.argument}")

    def after_pipeline(self, root: ir.Operation) -> None:
        self.calls.append("after_pipeline")


def run(pipeline: str, *watchers: Instrumentation, sink: DiagnosticSink | None = None) -> str:
    with mlir.context(sink) as used:
        module = ir.Module.parse(TEXT)
        run_pipeline(module.operation, pipeline, machine_for("sim"), used, watchers, registry=REGISTRY)
        return str(module)


def test_a_pass_runs_on_every_operation_of_its_path():
    text = run("builtin.module(gpu.module(gpu.func(test-mark{name=inner})),test-mark)")
    assert text.count("test.inner") == 2
    assert text.count("test.mark") == 1


def test_instrumentation_sees_every_pass_once_in_order():
    recorder = Recorder()
    run("builtin.module(gpu.module(test-mark),canonicalize)", recorder)
    assert recorder.calls == [
        "before_pipeline",
        "before test-mark",
        "after test-mark",
        "before canonicalize",
        "after canonicalize",
        "after_pipeline",
    ]
    mark, canonicalize = recorder.events
    assert (mark.ordinal, mark.anchor, len(mark.decisions)) == (1, "builtin.module/gpu.module", 2)
    assert (canonicalize.ordinal, canonicalize.decisions) == (2, [])
    assert mark.seconds > 0


def test_options_become_fields_whatever_their_dashes():
    recorder = Recorder()
    run("builtin.module(test-mark{count-of=3 enabled=false factor=0.5 mode=loud limit=2},test-mark{count_of=4})", recorder)
    assert recorder.events[0].text == "test-mark{count-of=3 enabled=false factor=0.5 mode=loud limit=2}"
    assert recorder.events[1].text == "test-mark{count-of=4}"


def test_the_textual_form_leaves_defaults_out():
    assert textual_form(Mark()) == "test-mark"
    assert textual_form(Mark(name="two words")) == 'test-mark{name="two words"}'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("count-of=many", "option 'count-of' of pass 'test-mark' needs an integer, not 'many'"),
        ("count-of", "option 'count-of' of pass 'test-mark' needs an integer, not ''"),
        ("enabled=maybe", "needs true or false, not 'maybe'"),
        ("mode=quiet", "needs plain or loud, not 'quiet'"),
        ("nmae=x", "pass 'test-mark' has no option 'nmae'; did you mean 'name'?"),
        ("name=x name=y", "option 'name' of pass 'test-mark' is given twice"),
    ],
)
def test_wrong_options_are_usage_errors_with_a_column(options: str, message: str):
    with pytest.raises(UsageError) as caught:
        run(f"builtin.module(test-mark{{{options}}})")
    assert message in str(caught.value)
    assert caught.value.diagnostic.location.column >= 26


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("sink", "-: error: this is refused"),
        ("raise", "k.mlir:3:4: error: this is refused"),
        ("silent", "-: error: pass 'test-fail' failed without saying why"),
    ],
)
def test_a_failure_stops_the_run_with_a_located_error(how: str, expected: str):
    sink, recorder = DiagnosticSink(), Recorder()
    with pytest.raises(PassFailure):
        run(f"builtin.module(test-fail{{how={how}}},canonicalize)", recorder, sink=sink)
    assert [str(error) for error in sink.errors] == [expected]
    assert recorder.calls[-2:] == ["failure test-fail", "after_pipeline"]


def test_invalid_ir_names_the_pass_that_left_it():
    sink, recorder = DiagnosticSink(), Recorder()
    with pytest.raises(PassFailure):
        run("builtin.module(test-mark,test-fail{how=invalid},canonicalize)", recorder, sink=sink)
    assert [error.message for error in sink.errors] == [
        "after pass 'test-fail': 'tile.wait_group' op has pending = -1; it must be at least 0"
    ]
    assert recorder.calls[-2:] == ["failure test-fail", "after_pipeline"]


def test_the_tree_holds_every_stage_and_the_failed_one(tmp_path: Path):
    with pytest.raises(PassFailure):
        run("builtin.module(test-mark,test-fail)", DumpTree(tmp_path / "tree"))
    assert sorted(path.name for path in (tmp_path / "tree").iterdir()) == [
        "00_input.mlir",
        "01_test-mark.mlir",
        "02_test-fail.failed.mlir",
    ]


def test_timing_reports_failed_passes_too():
    stream = io.StringIO()
    with pytest.raises(PassFailure):
        run("builtin.module(test-mark,test-fail)", Timing(stream, "json"))
    assert [(row["pass"], row["ok"]) for row in json.loads(stream.getvalue())["passes"]] == [
        ("test-mark", True),
        ("test-fail", False),
    ]


def test_the_bisect_limit_skips_later_passes():
    stream = io.StringIO()
    text = run("builtin.module(test-mark{name=one},test-mark{name=two})", BisectLimit(1, stream))
    assert "test.one" in text and "test.two" not in text
    assert "BISECT: NOT running pass (2)" in stream.getvalue()
