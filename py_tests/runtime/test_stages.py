"""A pass that changes what a kernel computes, leaves a hazard, or fails, is named by the stage that it left."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from tilewright import mlir
from tilewright.backends.registry import find_target
from tilewright.diagnostics import InputError, PassFailure
from tilewright.ir.kernel import kernels_in
from tilewright.mlir import ir
from tilewright.pipeline.registry import PassEntry, builtin_registry
from tilewright.pipeline.runner import run_pipeline
from tilewright.runtime.report import RunReport
from tilewright.runtime.stages import SimulateStages, StageOptions, WhichStages
from tilewright.transforms.base import Pass, PassContext

pytestmark = [pytest.mark.l2_simulator, pytest.mark.sim]

TEXT = """
gpu.module @kernels {
  gpu.func @copy(%A: memref<4xf32>, %Out: memref<4xf32>) kernel
      attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %tile = memref.alloc() : memref<4xf32, #gpu.address_space<workgroup>>
    memref.copy %A, %tile : memref<4xf32> to memref<4xf32, #gpu.address_space<workgroup>>
    memref.copy %tile, %Out : memref<4xf32, #gpu.address_space<workgroup>> to memref<4xf32>
    gpu.return
  }
}
"""


@dataclass(frozen=True)
class Harm(Pass):
    """Remove one copy of the kernel: the read of A, or the write of Out; or fail."""

    argument: ClassVar[str] = "test-harm"
    how: str = "write"

    def run(self, operation: ir.Operation, context: PassContext) -> None:
        body = operation.regions[0].blocks[0]
        copies = [child.operation for child in body.operations if child.operation.name == "memref.copy"]
        if self.how == "fail":
            context.sink.error(copies[0].location, "this is refused")
            raise PassFailure("refused")
        copies[0 if self.how == "read" else 1].erase()


REGISTRY = builtin_registry().extended([PassEntry("test-harm", __name__, "Harm")])


def run(pipeline: str, simulate: WhichStages = "each", text: str = TEXT) -> RunReport:
    with mlir.context() as sink:
        module = ir.Module.parse(text)
        kernel = kernels_in(module.operation, text)[0]
        arguments = [np.arange(4, dtype=np.float32), np.full(4, 9, np.float32)]
        target = find_target("sim")
        stages = SimulateStages(kernel, arguments, target, StageOptions(simulate))
        with suppress(PassFailure):
            run_pipeline(module.operation, pipeline, target.machine, sink, [stages], registry=REGISTRY)
        return stages.report


def harmed(how: str) -> str:
    return f"builtin.module(canonicalize,gpu.module(gpu.func(test-harm{{how={how}}})),cse)"


def test_right_passes_leave_right_stages():
    report = run("builtin.module(canonicalize,cse)")
    assert report.ok
    assert [stage.name for stage in report.stages] == ["input", "canonicalize", "cse"]
    assert [stage.max_abs_error for stage in report.stages] == [0.0, 0.0, 0.0]
    assert report.arguments is not None and report.arguments[1].tolist() == [0, 1, 2, 3]


def test_a_wrong_number_belongs_to_the_pass_that_made_it():
    report = run(harmed("write"))
    assert not report.ok
    assert [stage.ok for stage in report.stages] == [True, True, False, False]
    assert report.stages[2].max_abs_error == 9.0
    assert [comparison.argument for comparison in report.stages[2].comparisons if not comparison.ok] == ["Out"]


def test_a_hazard_is_a_finding_with_a_location():
    report = run(harmed("read"))
    (finding,) = report.stages[2].findings
    assert finding.kind == "uninitialised-read"
    assert report.stages[2].record()["findings"] == [
        {"kind": finding.kind, "message": finding.message, "location": str(finding.location)}
    ]
    assert finding.location.line == 7


def test_a_failed_pass_ends_the_report():
    report = run(harmed("fail"))
    assert [(stage.name, stage.ok) for stage in report.stages] == [
        ("input", True),
        ("canonicalize", True),
        ("test-harm", False),
    ]
    assert [finding.kind for finding in report.stages[2].findings] == ["pass-failed"]
    assert report.stages[2].max_abs_error is None


@pytest.mark.parametrize(
    ("simulate", "simulated"), [("each", [True] * 3), ("ends", [True, False, True]), ("none", [False] * 3)]
)
def test_which_stages_are_executed(simulate: WhichStages, simulated: list[bool]):
    report = run("builtin.module(canonicalize,cse)", simulate)
    assert [stage.simulated for stage in report.stages] == simulated
    assert report.ok


def test_an_input_that_cannot_be_executed_is_an_error_not_a_report():
    with pytest.raises(InputError, match="has no grid"):
        run("builtin.module(cse)", text=TEXT.replace("known_grid_size", "other"))
