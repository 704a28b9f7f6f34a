"""The pass manager: runs a pipeline pass by pass, one path whether or not anything watches.

Each step runs on every operation under its anchors before the next step begins; passes see one operation each, so that
is the order of MLIR's own pass manager for everything a pass may do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tilewright.diagnostics import (
    Diagnostic,
    DiagnosticSink,
    PassFailure,
    SourceLocation,
    TilewrightError,
    UsageError,
    source_location,
)
from tilewright.machine import Machine
from tilewright.mlir import ir, passmanager
from tilewright.pipeline.events import Instrumentation, PassEvent
from tilewright.pipeline.instrumentation.verify import VerifyEach
from tilewright.pipeline.registry import PassRegistry, builtin_registry
from tilewright.pipeline.resolve import Pipeline, Step, resolve_pipeline
from tilewright.pipeline.text import PIPELINE_NAME, parse_pipeline
from tilewright.transforms.base import Decision, PassContext

# Where ``any`` may schedule passes: MLIR runs them on operations that are isolated from above, and tile IR has these.
_ISOLATED = ("builtin.module", "gpu.module", "gpu.func", "func.func")


def run_pipeline(
    module: ir.Operation,
    pipeline_text: str,
    machine: Machine,
    sink: DiagnosticSink,
    instrumentations: Sequence[Instrumentation] = (),
    *,
    verify_each: bool = True,
    registry: PassRegistry | None = None,
) -> list[Decision]:
    """Run the pipeline that `pipeline_text` describes on `module`; returns the decisions of its passes.

    Errors and remarks go to `sink`. Raises UsageError for a pipeline that is not one, PassFailure when a pass failed or
    left invalid IR: its errors are in the sink then.
    """
    pipeline = resolve_pipeline(parse_pipeline(pipeline_text), registry or builtin_registry())
    return execute(pipeline, module, machine, sink, instrumentations, verify_each=verify_each)


def execute(
    pipeline: Pipeline,
    module: ir.Operation,
    machine: Machine,
    sink: DiagnosticSink,
    instrumentations: Sequence[Instrumentation] = (),
    *,
    verify_each: bool = True,
) -> list[Decision]:
    """As `run_pipeline`, for a pipeline that is resolved already."""
    if module.name != pipeline.root:
        place = SourceLocation(PIPELINE_NAME, 1, 1)
        raise UsageError(f"the pipeline is anchored on '{pipeline.root}', the input is a '{module.name}'", place)
    watchers = [*([VerifyEach()] if verify_each else []), *instrumentations]
    context = PassContext(machine, sink)
    for watcher in watchers:
        watcher.before_pipeline(module)
    try:
        for ordinal, step in enumerate(pipeline.steps, start=1):
            event = PassEvent(ordinal, step.argument, step.text, "/".join(step.anchors), module, sink)
            if all(watcher.should_run(event) for watcher in watchers):
                _run_step(step, event, context, watchers)
    finally:
        for watcher in watchers:
            watcher.after_pipeline(module)
    return context.decisions


def _run_step(step: Step, event: PassEvent, context: PassContext, watchers: Sequence[Instrumentation]) -> None:
    for watcher in watchers:
        watcher.before_pass(event)
    try:
        _transform(step, event, context)
        for watcher in watchers:
            watcher.after_pass(event)
    except PassFailure:
        for watcher in watchers:
            watcher.after_failure(event)
        raise


def _transform(step: Step, event: PassEvent, context: PassContext) -> None:
    """Run the pass on every operation under its anchors; raises PassFailure with at least one error in the sink."""
    errors_before = len(context.sink.errors)
    decisions_before = len(context.decisions)
    failed = False
    start = time.perf_counter()
    for operation in _anchored(event.root, step.anchors[1:]):
        failed = not _run_on(step, operation, context) or failed
    event.seconds = time.perf_counter() - start
    event.decisions = context.decisions[decisions_before:]
    errors = len(context.sink.errors) - errors_before
    if failed and not errors:
        location = context.sink.locate(source_location(event.root.location))
        context.sink.emit(Diagnostic("error", f"pass '{step.argument}' failed without saying why", location))
    if failed or errors:
        raise PassFailure(f"pass '{step.argument}' failed")


def _run_on(step: Step, operation: ir.Operation, context: PassContext) -> bool:
    """Whether the pass succeeded on `operation`; its errors go to the sink."""
    try:
        if step.instance is not None:
            step.instance.run(operation, context)
        else:
            manager = passmanager.PassManager.parse(f"{step.anchors[-1]}({step.text})")
            manager.enable_verifier(False)
            manager.run(operation)
    except (PassFailure, ir.MLIRError):
        return False
    except TilewrightError as failure:
        located = replace(failure.diagnostic, location=context.sink.locate(failure.diagnostic.location))
        context.sink.emit(located)
        return False
    return True


def _anchored(operation: ir.Operation, path: Sequence[str]) -> Iterator[ir.Operation]:
    """The operations at `path` below `operation`, each a direct child of the one before."""
    if not path:
        yield operation
        return
    children = [child.operation for region in operation.regions for block in region.blocks for child in block.operations]
    for child in children:
        if path[0] == child.name or (path[0] == "any" and child.name in _ISOLATED):
            yield from _anchored(child, path[1:])
