"""The main job: every example kernel at its small shapes, executed after every pass and compared with NumPy."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tilewright import mlir
from tilewright.backends.base import Target
from tilewright.diagnostics import InputError, SourceLocation, UsageError
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.language.loading import kernels_of, load_module, own_arguments, rounded_as
from tilewright.names import did_you_mean
from tilewright.pipeline.registry import builtin_registry
from tilewright.pipeline.resolve import resolve_pipeline
from tilewright.pipeline.text import parse_pipeline
from tilewright.runtime.arguments import make_arguments
from tilewright.runtime.compare import Comparison, compare, default_tolerance
from tilewright.runtime.report import RunReport
from tilewright.runtime.stages import StageOptions, run_stages
from tilewright_tools.cli.common import print_diagnostics
from tilewright_tools.report.table import print_table
from tilewright_tools.run import instrumentations, print_findings


@dataclass(frozen=True)
class Case:
    """One kernel to run: an example with the parameters of its `build`. A variant is reported in one line."""

    name: str
    path: Path
    module: ModuleType
    parameters: dict[str, Any]
    is_variant: bool


@dataclass
class CaseResult:
    """The stages of each kernel of a case, and how their outputs compare with `reference`; `seconds` for everything."""

    reports: list[RunReport]
    reference: list[Comparison]
    seconds: float

    @property
    def ok(self) -> bool:
        return all(report.ok for report in self.reports) and all(comparison.ok for comparison in self.reference)


def run_examples(folder: str, only: Sequence[str], target: Target, pipeline: str = "") -> int:
    """Run the examples in `folder`; returns the exit code: 0 only where every stage of every kernel is right."""
    resolve_pipeline(parse_pipeline(pipeline or target.default_pipeline), builtin_registry())
    failed: list[str] = []
    count = 0
    for case in _cases(Path(folder), only):
        result = run_case(case, target, pipeline)
        _print_result(case, result)
        count += 1
        if not result.ok:
            failed.append(case.name)
    summary = f"{count} kernels, {len(failed)} wrong" + (f": {', '.join(failed)}" if failed else "")
    print(summary)
    return 1 if failed else 0


def example_files(folder: Path, only: Sequence[str] = ()) -> list[Path]:
    """The examples in `folder`, or those that `only` names; raises UsageError for a folder or a name without any."""
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    if not paths:
        raise UsageError(f"{folder} holds no examples")
    names = [path.stem for path in paths]
    for name in only:
        if name not in names:
            raise UsageError(f"no example '{name}'{did_you_mean(name, names)} (known: {', '.join(names)})")
    return [path for path in paths if not only or path.stem in only]


def cases_of(path: Path) -> list[Case]:
    """The example at its SMOKE parameters, then its VARIANTS, which override some of them."""
    module = load_module(path)
    smoke = getattr(module, "SMOKE", None)
    if smoke is None:
        raise InputError("has no SMOKE: the parameters of build() at a small shape", SourceLocation(str(path), 1, 1))
    variants = getattr(module, "VARIANTS", {})
    cases = [Case(path.stem, path, module, dict(smoke), False)]
    return cases + [Case(f"{path.stem}, {name}", path, module, {**smoke, **own}, True) for name, own in variants.items()]


def run_case(case: Case, target: Target, pipeline: str = "") -> CaseResult:
    """Trace the kernels, run the pipeline with a simulation after every pass, compare with the reference.

    An empty `pipeline` is the target's default.

    Kernels run in order and share their arguments by name: one reads what those before it left. After a kernel that is
    wrong none is run.
    """
    start = time.perf_counter()
    text = pipeline or target.default_pipeline
    initial = _own_arguments(case)
    current: dict[str, Any] = {}
    reports: list[RunReport] = []
    for kernel in kernels_of(case.module.build(**case.parameters)):
        with mlir.context() as sink:
            module = kernel.module()
            traced = kernels_in(module.operation)[0]
            _add_arguments(traced, initial, current)
            values = [current[argument.name] for argument in traced.arguments]
            watchers = instrumentations(case.name, None)
            report = run_stages(module.operation, traced, values, target, text, sink, StageOptions(), watchers)
            reports.append(report)
            if not report.ok or report.arguments is None:
                print_diagnostics(sink.diagnostics)
                break
        current |= dict(zip((argument.name for argument in traced.arguments), report.arguments, strict=True))
    finished = all(report.arguments is not None for report in reports)
    reference = _compare_with_reference(case, initial, current) if finished else []
    return CaseResult(reports, reference, time.perf_counter() - start)


def _cases(folder: Path, only: Sequence[str]) -> Iterator[Case]:
    for path in example_files(folder, only):
        yield from cases_of(path)


def _own_arguments(case: Case) -> dict[str, Any]:
    """What an example's own function `arguments` makes, in place of random values."""
    return own_arguments(case.module, np.random.default_rng(0), case.parameters)


def _add_arguments(kernel: Kernel, initial: dict[str, Any], current: dict[str, Any]) -> None:
    """Random values for the arguments that no kernel before had and that the example does not make itself."""
    shapes = {
        argument.name: initial[argument.name].shape
        for argument in kernel.arguments
        if isinstance(initial.get(argument.name), np.ndarray)
    }
    made = make_arguments(kernel, {}, shapes, seed=0)
    for argument, value in zip(kernel.arguments, made, strict=True):
        initial.setdefault(argument.name, value)
        current.setdefault(argument.name, initial[argument.name])


def _compare_with_reference(case: Case, initial: dict[str, Any], current: dict[str, Any]) -> list[Comparison]:
    """What the last stages left, against NumPy in higher precision."""
    reference = getattr(case.module, "reference", None)
    if reference is None:
        return []
    expected = reference(initial, **case.parameters)
    coarser = rounded_as(case.module, case.parameters)
    compared: list[Comparison] = []
    for name, value in expected.items():
        dtype = current[name].dtype
        tolerance = default_tolerance(np.asarray(value).astype(coarser[name].numpy if name in coarser else dtype))
        compared.append(compare(name, current[name], np.asarray(value).astype(dtype), tolerance))
    return compared


def _print_result(case: Case, result: CaseResult) -> None:
    errors = ", ".join(f"{comparison.argument} {comparison.error:.1e}" for comparison in result.reference) or "none given"
    verdict = "right" if result.ok else "WRONG"
    sizes = " ".join(f"{name}={value}" for name, value in case.parameters.items())
    if result.ok and case.is_variant:
        passes = {len(report.stages) - 1 for report in result.reports}
        print(f"  {case.name}: right after {max(passes)} passes; against NumPy: {errors}")
        return
    for report in result.reports:
        print_findings(report)
        title = case.name if len(result.reports) == 1 else f"{case.name}, {report.kernel}"
        print_table(report, f"{title}: {sizes}", sys.stdout)
    print(f"  {verdict}; against NumPy: {errors}; {result.seconds:.2f} s\n")
    sys.stdout.flush()
