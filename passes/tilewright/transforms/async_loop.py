"""The strategy `async`: a loop becomes prologue, steady loop and epilogue, with asynchronous groups and waits."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import ops_copy
from tilewright.mlir import ir, scf
from tilewright.transforms.index_math import Index, IndexMath
from tilewright.transforms.planned_loop import PlannedLoop
from tilewright.transforms.replicated_barriers import ReplicatedBarrier
from tilewright.transforms.statement_cloner import IterationCloner, induction_value
from tilewright.transforms.versions import VersionedBuffer
from tilewright.transforms.wait_counts import PipelineWaits, Waits, commit_places, pipeline_waits


class AsyncLoop:
    """Writes the pipelined form of one planned loop in front of it; the caller erases the loop.

    In step t a statement of stage s runs iteration t - s. The prologue is the steps below the depth D, the steady loop
    those up to the trip count N, where every iteration exists; the epilogue the D steps from max(N, D) on. Where N is
    not constant, prologue and epilogue ask `iteration < N` of what is not provable.
    """

    def __init__(
        self,
        planned: PlannedLoop,
        buffers: Sequence[VersionedBuffer],
        barriers: Sequence[ReplicatedBarrier],
        trips: Index,
        math: IndexMath,
    ) -> None:
        self._planned = planned
        self._buffers = buffers
        self._barriers = barriers
        self._trips = trips
        self._math = math
        self._commits = commit_places(planned.schedule)
        self._waits: PipelineWaits = pipeline_waits(planned.schedule, planned.groups_read())

    def write(self) -> None:
        if isinstance(self._trips, int) and self._trips <= 0:
            return
        loop = self._planned.loop
        with loop.location:
            self._write_steps(ir.InsertionPoint(loop))

    def _write_steps(self, point: ir.InsertionPoint) -> None:
        math, trips = self._math, self._trips
        depth = self._planned.schedule.depth
        for step in range(depth):
            self._step(step, point, self._waits.prologue[step], lambda stage, step=step: stage <= step, True)
        if not isinstance(trips, int) or trips > depth:
            with point:
                steady = scf.ForOp(math.value(depth), math.value(trips), math.value(1))
            block = steady.body
            with ir.InsertionPoint(block):
                scf.YieldOp([])
            self._step(
                steady.induction_variable,
                ir.InsertionPoint.at_block_terminator(block),
                self._waits.steady,
                lambda _: True,
                False,
            )
            steady.operation.attributes["tile.pipeline_depth"] = integer_attribute(depth)
        first = math.maximum(trips, depth, point)
        for step in range(depth):
            number = math.add(first, step, point)
            self._step(number, point, self._waits.epilogue[step], lambda stage, step=step: stage > step, True)

    def _step(self, step: Index, point: ir.InsertionPoint, waits: Waits, runs, guarded: bool) -> None:
        """Write one step. `runs(stage)`: whether a statement of this stage may have an iteration in it."""
        schedule = self._planned.schedule
        shared: dict[int, IterationCloner] = {}
        for statement in schedule.sequence:
            stage = schedule.stages[statement]
            if runs(stage):
                if statement in waits:
                    self._wait(waits[statement], point)
                iteration = self._math.subtract(step, stage, point)
                self._statement(statement, iteration, point, guarded, shared)
            if statement in self._commits and (runs(stage) or _in_prologue(step, schedule.depth)):
                with point:
                    ops_copy.CommitGroupOp(integer_attribute(self._commits[statement]))

    def _statement(
        self, statement: int, iteration: Index, point: ir.InsertionPoint, guarded: bool, shared: dict[int, IterationCloner]
    ) -> None:
        if guarded:
            if isinstance(iteration, int) and isinstance(self._trips, int):
                if iteration >= self._trips:
                    return
            else:
                condition = self._math.less(iteration, self._trips, point)
                with point:
                    guard = scf.IfOp(condition)
                block = guard.regions[0].blocks[0]
                with ir.InsertionPoint(block):
                    scf.YieldOp([])
                inner = ir.InsertionPoint.at_block_terminator(block)
                self._cloner(iteration, inner).clone(statement, inner)
                return
        stage = self._planned.schedule.stages[statement]
        if stage not in shared:
            shared[stage] = self._cloner(iteration, point)
        shared[stage].clone(statement, point)

    def _cloner(self, iteration: Index, point: ir.InsertionPoint) -> IterationCloner:
        induction = induction_value(self._planned, iteration, self._math, point)
        return IterationCloner(self._planned, self._buffers, self._math, iteration, induction, self._barriers)

    def _wait(self, pending: int, point: ir.InsertionPoint) -> None:
        with point:
            ops_copy.WaitGroupOp(integer_attribute(pending))


def _in_prologue(step: Index, depth: int) -> bool:
    return isinstance(step, int) and step < depth
