"""Pipelined loops nested in loops and guards are specialized, and keep their values at every stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink
from tilewright.ir.kernel import kernels_in
from tilewright.language.loading import load_module
from tilewright.machine import machine_for
from tilewright.pipeline.events import Instrumentation, PassEvent
from tilewright.pipeline.runner import run_pipeline
from tilewright.simulator import simulate

pytestmark = pytest.mark.l2_simulator

nested = load_module(Path(__file__).with_name("nested_loops.py"))
PASSES = ["tile-plan-pipeline", "tile-inject-software-pipeline", "tile-specialize-warps", "tile-infer-layout"]
CLEAN_UP = "canonicalize,cse,loop-invariant-code-motion"
MACHINE = machine_for("cuda:sm_90a")


class ValuesAtEveryStage(Instrumentation):
    """Executes the kernel after every pass of ours, and compares `Out` with what NumPy computed."""

    def __init__(self, arguments: list[Any], expected: np.ndarray) -> None:
        self.arguments = arguments
        self.expected = expected
        self.final = ""

    def before_pipeline(self, root: Any) -> None:
        self._check(root, "input")

    def after_pass(self, event: PassEvent) -> None:
        if event.argument in PASSES:
            self._check(event.root, event.argument)
            self.final = str(event.root)

    def _check(self, root: Any, stage: str) -> None:
        arguments = [value.copy() if isinstance(value, np.ndarray) else value for value in self.arguments]
        result = simulate(kernels_in(root)[0], arguments, machine=MACHINE)
        assert [str(finding.diagnostic()) for finding in result.findings] == [], stage
        np.testing.assert_allclose(arguments[3], self.expected, rtol=2e-3, atol=2e-3, err_msg=stage)


def _final_form(shape: Any, nest: Any, clean: bool = False) -> str:
    """The kernel after the last pass, every stage having been right."""
    a = np.random.default_rng(3).uniform(-1, 1, (nested.ROWS, nested.COLUMNS * nested.TILES)).astype(np.float16)
    out = np.zeros((nested.ROWS, nested.COLUMNS * nested.TILES), np.float32)
    arguments: list[Any] = [a, nested.COUNTS, nested.MASK, out]
    arguments += [] if shape.static else [nest.outer]
    watcher = ValuesAtEveryStage(arguments, nested.expected(shape, nest, a))
    passes = [f"{name},{CLEAN_UP}" if clean else name for name in PASSES]
    with mlir.context(DiagnosticSink()) as sink:
        module = nested.build(shape, nest).module()
        run_pipeline(module.operation, f"builtin.module({','.join(passes)})", MACHINE, sink, [watcher])
    return watcher.final


@pytest.mark.parametrize("trips", [0, 1, 3, 5])
@pytest.mark.parametrize("shape", nested.SHAPES, ids=lambda shape: shape.name)
def test_a_nested_loop_is_specialized_and_keeps_its_values(shape: Any, trips: int) -> None:
    for num_stages, outer, blocks in ((1, 4, 1), (2, 8, 1), (2, 8, 3), (3, 8, 1), (4, 2, 2)):
        nest = nested.Nest(num_stages, trips, outer, blocks)
        assert 'role = "producer"' in _final_form(shape, nest)


@pytest.mark.parametrize("shape", nested.SHAPES, ids=lambda shape: shape.name)
def test_upstream_clean_up_between_the_passes_changes_nothing(shape: Any) -> None:
    # A loop of one iteration is folded away. A loop that shares its tile may then have no versions of it any more.
    for trips in (1, 3):
        _final_form(shape, nested.Nest(2, trips, 8, 1), clean=True)
