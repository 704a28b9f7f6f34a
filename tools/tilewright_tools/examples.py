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
from tilewright.language.loading import load_module
from tilewright.names import did_you_mean
from tilewright.runtime.arguments import make_arguments
from tilewright.runtime.compare import Comparison, compare
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
    """The stages of a case, and how its outputs compare with `reference`; `seconds` for everything."""

    report: RunReport
    reference: list[Comparison]
    seconds: float

    @property
    def ok(self) -> bool:
        return self.report.ok and all(comparison.ok for comparison in self.reference)


def run_examples(folder: str, only: Sequence[str], target: Target) -> int:
    """Run the examples in `folder`; returns the exit code: 0 only where every stage of every kernel is right."""
    failed: list[str] = []
    count = 0
    for case in _cases(Path(folder), only):
        result = run_case(case, target)
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


def run_case(case: Case, target: Target) -> CaseResult:
    """Trace the kernel, run the target's pipeline with a simulation after every pass, compare with the reference."""
    start = time.perf_counter()
    with mlir.context() as sink:
        module = case.module.build(**case.parameters).module()
        kernel = kernels_in(module.operation)[0]
        values = _arguments(case, kernel)
        watchers = instrumentations(case.name, None)
        report = run_stages(module.operation, kernel, values, target, target.default_pipeline, sink, StageOptions(), watchers)
        reference = _compare_with_reference(case, kernel, values, report)
    if not report.ok:
        print_diagnostics(sink.diagnostics)
    return CaseResult(report, reference, time.perf_counter() - start)


def _cases(folder: Path, only: Sequence[str]) -> Iterator[Case]:
    for path in example_files(folder, only):
        yield from cases_of(path)


def _arguments(case: Case, kernel: Kernel) -> list[Any]:
    """Random ones, in place of which an example's own function `arguments` may put others."""
    make_own = getattr(case.module, "arguments", None)
    own: dict[str, Any] = make_own(np.random.default_rng(0), **case.parameters) if make_own is not None else {}
    shapes = {name: value.shape for name, value in own.items() if isinstance(value, np.ndarray)}
    values = make_arguments(kernel, {}, shapes, seed=0)
    return [own.get(argument.name, value) for argument, value in zip(kernel.arguments, values, strict=True)]


def _compare_with_reference(case: Case, kernel: Kernel, values: list[Any], report: RunReport) -> list[Comparison]:
    """What the last stage left, against NumPy in higher precision."""
    reference = getattr(case.module, "reference", None)
    if reference is None or report.arguments is None:
        return []
    names = [argument.name for argument in kernel.arguments]
    expected = reference(dict(zip(names, values, strict=True)), **case.parameters)
    actual = dict(zip(names, report.arguments, strict=True))
    return [compare(name, actual[name], np.asarray(value).astype(actual[name].dtype), None) for name, value in expected.items()]


def _print_result(case: Case, result: CaseResult) -> None:
    errors = ", ".join(f"{comparison.argument} {comparison.error:.1e}" for comparison in result.reference) or "none given"
    verdict = "right" if result.ok else "WRONG"
    sizes = " ".join(f"{name}={value}" for name, value in case.parameters.items())
    if result.ok and case.is_variant:
        print(f"  {case.name}: right after {len(result.report.stages) - 1} passes; against NumPy: {errors}")
        return
    print_findings(result.report)
    print_table(result.report, f"{case.name}: {sizes}", sys.stdout)
    print(f"  {verdict}; against NumPy: {errors}; {result.seconds:.2f} s\n")
    sys.stdout.flush()
