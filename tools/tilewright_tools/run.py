"""What `tile-run` does: load a kernel, make its arguments, execute its stages, report."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright import mlir
from tilewright.backends.base import Target
from tilewright.diagnostics import DiagnosticSink
from tilewright.env import environment
from tilewright.pipeline.events import Instrumentation
from tilewright.pipeline.files import write_atomically
from tilewright.pipeline.instrumentation.bisect import BisectLimit
from tilewright.pipeline.instrumentation.dump_tree import DumpTree
from tilewright.pipeline.registry import builtin_registry
from tilewright.pipeline.resolve import resolve_pipeline
from tilewright.pipeline.source import ParseFailure
from tilewright.pipeline.text import parse_pipeline
from tilewright.runtime.arguments import ArgumentChoice, save_arguments
from tilewright.runtime.report import RunReport
from tilewright.runtime.stages import StageOptions, run_stages
from tilewright_tools.cli.common import print_diagnostics
from tilewright_tools.inputs import LoadedKernel, argument_values, load_input
from tilewright_tools.report.table import print_table


@dataclass(frozen=True)
class RunOptions:
    """The options of one invocation; an empty `pipeline` is the target's default."""

    target: Target
    stages: StageOptions
    entry: str | None = None
    pipeline: str = ""
    arguments: Mapping[str, ArgumentChoice] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    save_folder: str | None = None
    json_file: str | None = None
    tree_folder: str | None = None


def run_file(file: str, options: RunOptions) -> int:
    """Run the kernel in `file` and print what happened; returns the exit code."""
    with mlir.context() as sink:
        text = options.pipeline or options.target.default_pipeline
        resolve_pipeline(parse_pipeline(text), builtin_registry())
        try:
            loaded = load_input(file, options.entry, sink, options.parameters, options.stages.seed)
        except ParseFailure:
            print_diagnostics(sink.diagnostics)
            return 1
        values = argument_values(loaded, options.arguments, options.shapes, options.stages.seed)
        report = run_stages(
            loaded.module.operation,
            loaded.kernel,
            values,
            options.target,
            text,
            sink,
            options.stages,
            instrumentations(file, options.tree_folder),
        )
        return _finish(loaded, report, sink, options)


def instrumentations(file: str, tree_folder: str | None) -> list[Instrumentation]:
    """What the environment, or an option, adds to a run."""
    settings = environment()
    watchers: list[Instrumentation] = []
    if settings.opt_bisect_limit >= 0:
        watchers.append(BisectLimit(settings.opt_bisect_limit, sys.stderr))
    if tree_folder is not None:
        watchers.append(DumpTree(Path(tree_folder)))
    elif settings.dump_ir:
        watchers.append(DumpTree(Path(settings.dump_dir) / Path(file).stem))
    return watchers


def _finish(loaded: LoadedKernel, report: RunReport, sink: DiagnosticSink, options: RunOptions) -> int:
    print_diagnostics(sink.diagnostics)
    print_findings(report)
    content = json.dumps(report.record(), indent=2) + "\n"
    if options.json_file == "-":
        sys.stdout.write(content)
    else:
        print_table(report, f"{report.kernel} on {report.target}, seed {report.seed}", sys.stdout)
    if options.json_file not in (None, "-"):
        write_atomically(Path(options.json_file), content)
    if options.save_folder is not None and report.arguments is not None:
        save_arguments(Path(options.save_folder), loaded.kernel, report.arguments)
    return 0 if report.ok else 1


def print_findings(report: RunReport) -> None:
    """To stderr: every finding of the simulator, and what is wrong with a stage's numbers."""
    for stage in report.stages:
        for finding in stage.findings:
            if finding.kind != "pass-failed":
                print(f"{finding.diagnostic}\n  in stage '{stage.name}'", file=sys.stderr)
        for comparison in stage.comparisons:
            if not comparison.ok:
                print(
                    f"{report.kernel}: error: after '{stage.name}' argument '{comparison.argument}' differs from the input "
                    f"form's by {comparison.error:.3g}; {comparison.tolerance:.3g} is allowed",
                    file=sys.stderr,
                )


def parse_parameters(texts: Sequence[str]) -> dict[str, Any]:
    """``NAME=VALUE`` of each text; values are Python literals, anything else is a string."""
    import ast

    from tilewright.diagnostics import UsageError

    parameters: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--parameter {text}: expected NAME=VALUE")
        try:
            parameters[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parameters[name] = value
    return parameters
