"""Input files of `tile-run`: tile IR as text, or kernels written in Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.diagnostics import DiagnosticSink, InputError, SourceLocation, UsageError
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.mlir import ir
from tilewright.names import did_you_mean
from tilewright.pipeline.source import parse_module, read_source
from tilewright.runtime.arguments import ArgumentChoice, make_arguments


@dataclass
class LoadedKernel:
    """A module of the current context and the kernel in it that is to run; `own` are the arguments that its file makes."""

    module: ir.Module
    kernel: Kernel
    own: Mapping[str, Any] = field(default_factory=dict)


def load_input(
    file: str, entry: str | None, sink: DiagnosticSink, parameters: Mapping[str, Any], seed: int = 0
) -> LoadedKernel:
    """Load `file` into the current context and choose the kernel `entry`, or the only one.

    `parameters` are those of the function ``build`` of a Python file; `seed` is for arguments that such a file makes itself.
    Raises InputError for a file without kernels, UsageError where `entry` does not choose exactly one.
    """
    if file.endswith(".py"):
        return _load_python(file, entry, parameters, seed)
    if parameters:
        raise UsageError("--parameter is for kernels in Python; a .mlir file has none")
    source = read_source(file)
    module = parse_module(source, sink)
    kernels = kernels_in(module.operation, source.text)
    if not kernels:
        raise InputError("holds no kernel: a kernel is a gpu.func with the attribute 'kernel'", SourceLocation(source.name))
    return LoadedKernel(module, kernels[_choose([kernel.name for kernel in kernels], entry, file)])


def argument_values(
    loaded: LoadedKernel, choices: Mapping[str, ArgumentChoice], shapes: Mapping[str, tuple[int, ...]], seed: int
) -> list[Any]:
    """The kernel's arguments: as `choices` and `shapes` say, else as its file makes them, else random."""
    own = {name: value for name, value in loaded.own.items() if name not in choices and name not in shapes}
    known = {name: value.shape for name, value in own.items() if isinstance(value, np.ndarray)}
    values = make_arguments(loaded.kernel, choices, {**known, **shapes}, seed)
    return [own.get(argument.name, value) for argument, value in zip(loaded.kernel.arguments, values, strict=True)]


def _load_python(file: str, entry: str | None, parameters: Mapping[str, Any], seed: int) -> LoadedKernel:
    from tilewright.language.loading import kernels_of_module, load_module, own_arguments

    source = load_module(Path(file))
    built = kernels_of_module(source, Path(file), **parameters)
    chosen = built[_choose([kernel.name for kernel in built], entry, file)]
    module = chosen.module()
    kernel = next(kernel for kernel in kernels_in(module.operation) if kernel.name == chosen.name)
    return LoadedKernel(module, kernel, own_arguments(source, np.random.default_rng(seed), parameters))


def _choose(names: list[str], entry: str | None, file: str) -> int:
    listed = ", ".join(names)
    if entry is None:
        if len(names) > 1:
            raise UsageError(f"{file} holds several kernels ({listed}): choose one with --entry NAME")
        return 0
    if entry not in names:
        raise UsageError(f"{file} has no kernel '{entry}'{did_you_mean(entry, names)} (it has: {listed})")
    return names.index(entry)
