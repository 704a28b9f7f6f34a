"""The strategy `warp_specialize`, first half: a loop gets channels between its copies and its other statements."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.ir.dialect import ChannelType, ops_channel
from tilewright.mlir import ir, scf
from tilewright.transforms.index_math import IndexMath
from tilewright.transforms.planned_loop import PlannedLoop
from tilewright.transforms.statement_cloner import IterationCloner
from tilewright.transforms.versions import VersionedBuffer


class ChannelLoop:
    """Writes the channel form of one planned loop in front of it; the caller erases the loop.

    The loop is not peeled: each iteration acquires, copies and commits, then waits, works and releases, and one agent runs all
    of it in order. Guards are inside the brackets, so that every iteration passes every channel.
    """

    def __init__(self, planned: PlannedLoop, buffers: Sequence[VersionedBuffer], math: IndexMath) -> None:
        self._planned = planned
        self._buffers = buffers
        self._math = math

    def write(self) -> None:
        planned, math = self._planned, self._math
        loop = planned.loop
        depth = ir.IntegerAttr(loop.attributes["tile.num_stages"])
        groups = sorted({group for group in planned.schedule.groups if group >= 0})
        point = ir.InsertionPoint(loop)
        with loop.location:
            low, _, step = (math.to_index(bound, point) for bound in list(loop.operands)[:3])
            with point:
                channels = {group: ops_channel.ChannelInitOp(depth, ChannelType.get()).results[0] for group in groups}
                new = scf.ForOp(*list(loop.operands)[:3])
            with ir.InsertionPoint(new.body):
                scf.YieldOp([])
            inner = ir.InsertionPoint.at_block_terminator(new.body)
            induction = math.to_index(new.induction_variable, inner)
            iteration = math.divide_exactly(math.subtract(induction, low, inner), step, inner)
            cloner = IterationCloner(planned, self._buffers, math, iteration, new.induction_variable)
            self._write_body(cloner, channels, math.value(iteration), inner)
        new.operation.attributes["tile.pipeline_depth"] = depth
        new.operation.attributes["tile.strategy"] = loop.attributes["tile.strategy"]

    def _write_body(
        self, cloner: IterationCloner, channels: dict[int, ir.Value], iteration: ir.Value, point: ir.InsertionPoint
    ) -> None:
        schedule, reads = self._planned.schedule, self._planned.groups_read()
        last_user = self._planned.last_users()
        produced: set[int] = set()
        waited: set[int] = set()
        for statement, group in enumerate(schedule.groups):
            if group >= 0:
                if group not in produced:
                    produced.add(group)
                    members = [i for i, other in enumerate(schedule.groups) if other == group]
                    self._produce(cloner, channels[group], iteration, members, point)
                continue
            for needed in sorted(reads[statement] - waited):
                waited.add(needed)
                with point:
                    ops_channel.ChannelWaitOp(channels[needed], iteration)
            cloner.clone(statement, point)
            for channel in sorted(channels):
                if last_user[channel] == statement:
                    with point:
                        ops_channel.ChannelReleaseOp(channels[channel], iteration)

    def _produce(
        self, cloner: IterationCloner, channel: ir.Value, iteration: ir.Value, members: Sequence[int], point: ir.InsertionPoint
    ) -> None:
        with point:
            ops_channel.ChannelAcquireOp(channel, iteration)
        for member in members:
            cloner.clone(member, point)
        with point:
            ops_channel.ChannelCommitOp(channel, iteration)
