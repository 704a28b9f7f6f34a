"""Input files of `tile-run`: tile IR as text, or kernels written in Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.diagnostics import DiagnosticSink, InputError, SourceLocation, UsageError
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.mlir import ir
from tilewright.names import did_you_mean
from tilewright.pipeline.source import parse_module, read_source


@dataclass
class LoadedKernel:
    """A module of the current context and the kernel in it that is to run."""

    module: ir.Module
    kernel: Kernel


def load_input(file: str, entry: str | None, sink: DiagnosticSink, parameters: Mapping[str, Any]) -> LoadedKernel:
    """Load `file` into the current context and choose the kernel `entry`, or the only one.

    `parameters` are those of the function ``build`` of a Python file. Raises InputError for a file without kernels,
    UsageError where `entry` does not choose exactly one.
    """
    if file.endswith(".py"):
        return _load_python(file, entry, parameters)
    if parameters:
        raise UsageError("--parameter is for kernels in Python; a .mlir file has none")
    source = read_source(file)
    module = parse_module(source, sink)
    kernels = kernels_in(module.operation, source.text)
    if not kernels:
        raise InputError("holds no kernel: a kernel is a gpu.func with the attribute 'kernel'", SourceLocation(source.name))
    return LoadedKernel(module, kernels[_choose([kernel.name for kernel in kernels], entry, file)])


def _load_python(file: str, entry: str | None, parameters: Mapping[str, Any]) -> LoadedKernel:
    from tilewright.language.loading import load_kernels

    built = load_kernels(Path(file), **parameters)
    chosen = built[_choose([kernel.name for kernel in built], entry, file)]
    module = chosen.module()
    return LoadedKernel(module, next(kernel for kernel in kernels_in(module.operation) if kernel.name == chosen.name))


def _choose(names: list[str], entry: str | None, file: str) -> int:
    listed = ", ".join(names)
    if entry is None:
        if len(names) > 1:
            raise UsageError(f"{file} holds several kernels ({listed}): choose one with --entry NAME")
        return 0
    if entry not in names:
        raise UsageError(f"{file} has no kernel '{entry}'{did_you_mean(entry, names)} (it has: {listed})")
    return names.index(entry)
