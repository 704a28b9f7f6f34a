"""What `tile-opt` does with one input: parse, run a pipeline, check, print."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tilewright import mlir
from tilewright.backends.base import Target
from tilewright.diagnostics import Diagnostic, DiagnosticSink, InputError, PassFailure, SourceLocation
from tilewright.env import environment
from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation
from tilewright.pipeline.files import write_atomically
from tilewright.pipeline.instrumentation.bisect import BisectLimit
from tilewright.pipeline.instrumentation.dump_tree import DumpTree, ir_text
from tilewright.pipeline.instrumentation.print_ir import PrintIR, PrintPolicy
from tilewright.pipeline.instrumentation.statistics import Statistics
from tilewright.pipeline.instrumentation.timing import Timing
from tilewright.pipeline.registry import builtin_registry
from tilewright.pipeline.resolve import Pipeline, resolve_pipeline
from tilewright.pipeline.runner import execute
from tilewright.pipeline.source import SPLIT_MARKER, ParseFailure, Source, parse_module, read_source, split_source
from tilewright.pipeline.text import parse_pipeline
from tilewright.transforms.base import Decision
from tilewright_tools.cli.common import print_diagnostics
from tilewright_tools.testing.expected_diagnostics import verify_diagnostics

Form = Literal["text", "json"]


@dataclass(frozen=True)
class OptOptions:
    """The options of one invocation; an empty `pipeline` runs nothing."""

    target: Target
    pipeline: str = ""
    output: str = "-"
    split_input_file: bool = False
    verify_diagnostics: bool = False
    verify_each: bool = True
    verify_roundtrip: bool = False
    debug_info: bool = False
    dump_pass_pipeline: bool = False
    statistics: bool = False
    timing: Form | None = None
    decisions: Form | None = None
    tree_folder: str | None = None
    printing: PrintPolicy = field(default_factory=PrintPolicy)


@dataclass
class ChunkResult:
    """What became of one chunk: its IR as text where everything succeeded, and everything that was said."""

    text: str | None
    diagnostics: list[Diagnostic]
    decisions: list[Decision] = field(default_factory=list)


def optimize(file: str | None, options: OptOptions) -> int:
    """Process `file` and write the result; returns the exit code. Without a file only the pipeline is printed."""
    with mlir.context() as sink:
        pipeline = _resolved(options)
        if options.dump_pass_pipeline:
            print(pipeline, file=sys.stdout if file is None else sys.stderr)
        if file is None:
            return 0
        source = read_source(file)
        chunks = split_source(source) if options.split_input_file else [source]
        results = [
            _process(chunk, _tree_folder(options, source, index, len(chunks)), pipeline, options, sink)
            for index, chunk in enumerate(chunks)
        ]
    return _report(chunks, results, options)


def _resolved(options: OptOptions) -> Pipeline:
    text = options.pipeline
    if not text:
        text = options.target.default_pipeline if options.dump_pass_pipeline else "builtin.module()"
    return resolve_pipeline(parse_pipeline(text), builtin_registry())


def _process(
    chunk: Source, tree_folder: Path | None, pipeline: Pipeline, options: OptOptions, sink: DiagnosticSink
) -> ChunkResult:
    result = ChunkResult(None, [])
    try:
        module = parse_module(chunk, sink)
        if options.pipeline:
            watchers = _instrumentations(tree_folder, options)
            result.decisions = execute(
                pipeline, module.operation, options.target.machine, sink, watchers, verify_each=options.verify_each
            )
            if not options.verify_each:
                module.operation.verify()
        if options.verify_roundtrip:
            _check_roundtrip(module, chunk.name)
        result.text = ir_text(module.operation, debug_info=options.debug_info)
    except (ParseFailure, PassFailure, ir.MLIRError):
        pass  # Its errors are in the sink.
    except InputError as failure:
        sink.emit(failure.diagnostic)
    result.diagnostics = list(sink.diagnostics)
    sink.diagnostics.clear()
    return result


def _check_roundtrip(module: ir.Module, name: str) -> None:
    """The printed form, debug information included, parses to what prints the same."""
    printed = ir_text(module.operation, debug_info=True)
    again = ir_text(ir.Module.parse(printed).operation, debug_info=True)
    if printed != again:
        lines = zip(printed.split("\n"), again.split("\n"), strict=False)
        first = next((f"'{a.strip()}' became '{b.strip()}'" for a, b in lines if a != b), "lines were lost")
        raise InputError(f"the printed IR does not round-trip: {first}", SourceLocation(name))


def _instrumentations(tree_folder: Path | None, options: OptOptions) -> list[Instrumentation]:
    watchers: list[Instrumentation] = []
    settings = environment()
    if settings.opt_bisect_limit >= 0:
        watchers.append(BisectLimit(settings.opt_bisect_limit, sys.stderr))
    if options.printing.prints:
        watchers.append(PrintIR(options.printing, sys.stderr))
    if tree_folder is not None:
        watchers.append(DumpTree(tree_folder, debug_info=options.debug_info))
    if options.statistics:
        watchers.append(Statistics(sys.stderr))
    if options.timing is not None:
        watchers.append(Timing(sys.stderr, options.timing))
    return watchers


def _tree_folder(options: OptOptions, source: Source, index: int, chunks: int) -> Path | None:
    """Where the tree of a chunk goes; TILEWRIGHT_DUMP_IR dumps under the name of the input."""
    settings = environment()
    if options.tree_folder is not None:
        folder = Path(options.tree_folder)
    elif settings.dump_ir:
        folder = Path(settings.dump_dir) / Path(source.name).stem.strip("<>")
    else:
        return None
    return folder / f"chunk_{index:02}" if chunks > 1 else folder


def _report(chunks: list[Source], results: list[ChunkResult], options: OptOptions) -> int:
    """Say what there is to say, and write the output unless something failed."""
    failed = False
    for chunk, result in zip(chunks, results, strict=True):
        if options.verify_diagnostics:
            problems = verify_diagnostics(chunk.text, chunk.name, result.diagnostics)
            print_diagnostics(problems)
            failed = failed or bool(problems)
        else:
            print_diagnostics(result.diagnostics)
            failed = failed or result.text is None
    if failed:
        return 1
    _print_decisions([decision for result in results for decision in result.decisions], options.decisions)
    if options.decisions == "json" and options.output == "-":
        return 0
    _write(f"{SPLIT_MARKER}\n".join(result.text for result in results if result.text is not None), options.output)
    return 0


def _print_decisions(decisions: list[Decision], form: Form | None) -> None:
    """As comment lines, so that IR may follow, or as one JSON array."""
    if form == "text":
        for decision in decisions:
            phrase = decision.phrase.replace("\n", " ")
            print(f"// {decision.pass_argument}: {decision.location}: {decision.subject}: {phrase}")
    elif form == "json":
        print(json.dumps([decision_record(decision) for decision in decisions], indent=2, default=str))


def decision_record(decision: Decision) -> dict[str, object]:
    """A decision as plain data."""
    return {
        "pass": decision.pass_argument,
        "subject": decision.subject,
        "location": str(decision.location),
        "phrase": decision.phrase,
        "details": decision.details,
    }


def _write(text: str, output: str) -> None:
    if output == "-":
        sys.stdout.write(text)
    else:
        write_atomically(Path(output), text)
