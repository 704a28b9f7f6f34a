"""The user's mbarriers of a pipelined loop, replicated: iterations in flight have one each.

With R replicas a ring of N stages becomes one of N·R. Where iteration n, counted through the whole kernel, used stage i, it
uses stage (n mod R)·N + i, and the phase that it completes there has the parity (n div R) mod 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.analysis.linear import constant_value
from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import MbarrierType, ops_specialize
from tilewright.mlir import ir
from tilewright.transforms.index_math import Index, IndexMath
from tilewright.transforms.planned_loop import PlannedLoop


@dataclass(frozen=True)
class ReplicatedBarrier:
    """An mbarrier of `stages` stages, the one in its place, and the count of iterations before the loop that uses it."""

    old: ir.Value
    new: ir.Value
    stages: int
    replicas: int
    before: Index

    def retarget(
        self, operation: ir.Operation, position: int, number: Index, math: IndexMath, point: ir.InsertionPoint
    ) -> None:
        """Let an operation of iteration `number` use the replica of that iteration."""
        stage = constant_value(operation.operands[position + 1])
        assert stage is not None
        replica = math.scale(math.version(number, self.replicas, point), self.stages, point)
        operation.operands[position] = self.new
        operation.operands[position + 1] = math.value(math.add(replica, stage, point))
        if operation.name == "tile.mbarrier_wait":
            operation.operands[position + 2] = math.value(math.phase(number, self.replicas, point))


def replicate_barriers(planned: PlannedLoop, before: Index) -> list[ReplicatedBarrier]:
    """Make the barriers that the iterations of a loop need; `before` iterations of it are counted before it."""
    found: list[ReplicatedBarrier] = []
    for old, replicas in planned.replicas.items():
        made = old.owner.operation
        stages = ir.IntegerAttr(made.attributes["stages"]).value
        with ir.InsertionPoint(made), made.location:
            ring = ops_specialize.MbarrierInitOp(
                made.attributes["arrivals"], integer_attribute(stages * replicas), MbarrierType.get()
            )
        found.append(ReplicatedBarrier(old, ring.results[0], stages, replicas, before))
    return found


def erase_replicated(barriers: Sequence[ReplicatedBarrier]) -> None:
    """Erase the barriers that others stand in for."""
    for barrier in barriers:
        barrier.old.owner.operation.erase()
