"""The one place where MLIR's Python bindings come from.

Module `mlir` (the real upstream bindings) if it is installed, else `torch_mlir`; `TILEWRIGHT_MLIR` overrides. Everything
else in Tilewright writes ``from tilewright.mlir import ir`` and never names the provider.

`context()` opens the context of one tool invocation: threading off (a Python callback under MLIR's threads
deadlocks), diagnostics on, the tile dialect loaded. Two contexts are never in use at once.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tilewright.diagnostics import DiagnosticSink, InfrastructureError, UsageError
from tilewright.env import environment

PROVIDERS = ("mlir", "torch_mlir")


def _provider() -> str:
    chosen = environment().mlir
    if chosen:
        if importlib.util.find_spec(chosen) is None:
            raise UsageError(
                f"TILEWRIGHT_MLIR={chosen}: no such module is installed; known providers are {', '.join(PROVIDERS)}"
            )
        return chosen
    for name in PROVIDERS:
        if importlib.util.find_spec(name) is not None and importlib.util.find_spec(f"{name}._mlir_libs") is not None:
            return name
    raise InfrastructureError("MLIR's Python bindings are missing: pip install torch-mlir")


if TYPE_CHECKING:
    from torch_mlir import ir, passmanager
    from torch_mlir.dialects import affine, arith, ext, func, gpu, linalg, math, memref, scf

    PROVIDER: str
else:
    PROVIDER = _provider()
    ir = importlib.import_module(f"{PROVIDER}.ir")
    passmanager = importlib.import_module(f"{PROVIDER}.passmanager")
    _dialects = f"{PROVIDER}.dialects"
    ext = importlib.import_module(f"{_dialects}.ext")
    affine = importlib.import_module(f"{_dialects}.affine")
    arith = importlib.import_module(f"{_dialects}.arith")
    func = importlib.import_module(f"{_dialects}.func")
    gpu = importlib.import_module(f"{_dialects}.gpu")
    linalg = importlib.import_module(f"{_dialects}.linalg")
    math = importlib.import_module(f"{_dialects}.math")
    memref = importlib.import_module(f"{_dialects}.memref")
    scf = importlib.import_module(f"{_dialects}.scf")
    # The bindings look for a module of each dialect's name: ours is tilewright.ir.tile.
    importlib.import_module(f"{PROVIDER}._mlir_libs._mlir").globals.append_dialect_search_prefix("tilewright.ir")

__all__ = [
    "PROVIDER",
    "affine",
    "arith",
    "context",
    "ext",
    "func",
    "gpu",
    "ir",
    "linalg",
    "load_module",
    "math",
    "memref",
    "passmanager",
    "scf",
]


def load_module(name: str) -> Any:
    """A module of the provider that few need, for example ``execution_engine`` or ``dialects.llvm``."""
    return importlib.import_module(f"{PROVIDER}.{name}")


@contextmanager
def context(sink: DiagnosticSink | None = None) -> Iterator[DiagnosticSink]:
    """Open the context of one tool invocation and make it current; diagnostics go to `sink`.

    Raises RuntimeError when another context is in use: values of two contexts do not mix.
    """
    from tilewright.ir.dialect import Tile

    if ir.Context.current is not None:
        raise RuntimeError("an MLIR context is in use already; a tool invocation has exactly one")
    sink = DiagnosticSink() if sink is None else sink
    with ir.Context() as ctx, ir.Location.unknown():
        ctx.enable_multithreading(False)
        ctx.emit_error_diagnostics = True
        Tile.load()
        handler = ctx.attach_diagnostic_handler(sink.handle_mlir)
        try:
            yield sink
        finally:
            handler.detach()
