"""Every kernel in inputs/ once broke a pass. Each keeps its values at every stage, with upstream's clean-up between the
passes or without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink
from tilewright.ir.kernel import kernels_in
from tilewright.machine import machine_for
from tilewright.mlir import ir
from tilewright.pipeline.runner import run_pipeline
from tilewright.simulator import numpy_dtype
from tilewright_tools.fuzz.checking import SameAtEveryStage

pytestmark = pytest.mark.l2_simulator

INPUTS = sorted((Path(__file__).parent / "inputs").glob("*.mlir"))
PASSES = ("tile-plan-pipeline{{strategy={}}}", "tile-inject-software-pipeline", "tile-specialize-warps", "tile-infer-layout")
MACHINE = machine_for("cuda:sm_90a")
# The value of every scalar argument: loops of a few trips, steps that stay inside the arguments.
SCALAR = 3


def random_arguments(root: ir.Operation) -> list[Any]:
    """Floats in [-1, 1), integers in [0, 3), dynamic dimensions of 8."""
    random = np.random.default_rng(0)
    arguments: list[Any] = []
    for argument in kernels_in(root)[0].arguments:
        if not argument.is_memref:
            arguments.append(1 if str(argument.type) == "i1" else SCALAR)
            continue
        memref = ir.MemRefType(argument.type)
        shape = [8 if memref.is_dynamic_dim(d) else memref.shape[d] for d in range(memref.rank)]
        dtype = numpy_dtype(memref.element_type)
        drawn = random.integers(0, 3, shape) if dtype.kind in "iu" else random.uniform(-1, 1, shape)
        arguments.append(drawn.astype(dtype))
    return arguments


def run(path: Path, strategy: str, between: tuple[str, ...]) -> None:
    """Take the kernel of a file through the passes; every stage of it is checked."""
    passes = [part for name in PASSES for part in (name.format(strategy), *between)]
    with mlir.context(DiagnosticSink()) as sink:
        module = ir.Module.parse(path.read_text())
        watcher = SameAtEveryStage(random_arguments(module.operation), MACHINE)
        run_pipeline(module.operation, f"builtin.module({','.join(passes)})", MACHINE, sink, [watcher])
        assert watcher.input_findings == []
        assert watcher.wrong == []
        assert watcher.stages == len(passes)


@pytest.mark.parametrize("between", [(), ("canonicalize", "cse")], ids=["plain", "cleaned"])
@pytest.mark.parametrize("strategy", ["auto", "async"])
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_a_kernel_that_broke_a_pass_keeps_its_values(path: Path, strategy: str, between: tuple[str, ...]) -> None:
    run(path, strategy, between)
