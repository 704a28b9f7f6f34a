"""Kernels with a hazard keep their values at every stage, for each strategy, stage count and trip count."""

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

loops = load_module(Path(__file__).with_name("pipelined_loops.py"))
PASSES = "tile-plan-pipeline{{strategy={}}},tile-inject-software-pipeline,tile-specialize-warps,tile-infer-layout"
CLEAN_UP = "canonicalize,cse,loop-invariant-code-motion"


class ValuesAtEveryStage(Instrumentation):
    """Executes the kernel after every pass, and compares with what NumPy computed."""

    def __init__(self, arguments: list[Any], expected: dict[int, np.ndarray]) -> None:
        self.arguments = arguments
        self.expected = expected
        self.stages: list[str] = []

    def before_pipeline(self, root: Any) -> None:
        self._check(root, "input")

    def after_pass(self, event: PassEvent) -> None:
        self._check(event.root, event.argument)

    def _check(self, root: Any, stage: str) -> None:
        arguments = [value.copy() if isinstance(value, np.ndarray) else value for value in self.arguments]
        result = simulate(kernels_in(root)[0], arguments, machine=machine_for("cuda:sm_90a"))
        assert [str(finding.diagnostic()) for finding in result.findings] == [], stage
        for position, values in self.expected.items():
            np.testing.assert_allclose(arguments[position].astype(np.float64), values, rtol=2e-3, atol=2e-3, err_msg=stage)
        self.stages.append(stage)


def _run(hazard: Any, loop: Any, strategy: str, clean: bool) -> list[str]:
    random = np.random.default_rng(7)
    a = random.standard_normal((loops.ROWS, loops.COLUMNS * loops.TILES)).astype(np.float16)
    tiles = [a[:, i * loops.COLUMNS : (i + 1) * loops.COLUMNS].astype(np.float64) for i in range(loops.TILES)]
    total, last = hazard.expected(tiles, loop.trips)
    shape = (loops.ROWS, loops.COLUMNS)
    arguments: list[Any] = [a, loops.INDICES, np.zeros(shape, np.float32), np.zeros(shape, np.float16)]
    arguments += [loop.trips] if loop.dynamic else []
    expected = {2: total} | ({3: last} if last is not None else {})
    passes = PASSES.format(strategy)
    text = f"builtin.module({','.join(f'{part},{CLEAN_UP}' for part in passes.split(',')) if clean else passes})"
    watcher = ValuesAtEveryStage(arguments, expected)
    with mlir.context(DiagnosticSink()) as sink:
        module = hazard.build(loop).module()
        run_pipeline(module.operation, text, machine_for("cuda:sm_90a"), sink, [watcher])
    return watcher.stages


@pytest.mark.parametrize("strategy", ["auto", "async"])
@pytest.mark.parametrize("hazard", loops.HAZARDS, ids=lambda hazard: hazard.name)
def test_a_kernel_with_a_hazard_keeps_its_values(hazard: Any, strategy: str) -> None:
    for num_stages in (1, 2, 3, 8):
        for trips in (0, 1, 2, 6):
            for dynamic in (False, True):
                if trips >= hazard.least_trips:
                    stages = _run(hazard, loops.Loop(num_stages, trips, dynamic), strategy, clean=False)
                    assert len(stages) == 5


@pytest.mark.parametrize("strategy", ["auto", "async"])
@pytest.mark.parametrize("hazard", loops.HAZARDS, ids=lambda hazard: hazard.name)
def test_upstream_clean_up_between_the_passes_changes_nothing(hazard: Any, strategy: str) -> None:
    for trips in (1, 6):
        for dynamic in (False, True):
            stages = _run(hazard, loops.Loop(3, trips, dynamic), strategy, clean=True)
            assert len(stages) == 17
