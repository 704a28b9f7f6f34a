"""The strategy `warp_specialize`, first half: a loop gets channels between its copies and its other statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tilewright.ir.dialect import ops_channel
from tilewright.mlir import ir, scf
from tilewright.transforms.index_math import Index, IndexMath
from tilewright.transforms.planned_loop import PlannedLoop
from tilewright.transforms.statement_cloner import IterationCloner
from tilewright.transforms.versions import VersionedBuffer


@dataclass(frozen=True)
class ChannelSide:
    """A channel as a loop sees it: the iterations that came by it before the loop, and whether its last stage is held."""

    channel: ir.Value
    before: Index
    held: bool


class ChannelLoop:
    """Writes the channel form of one planned loop in front of it; the caller erases the loop.

    The loop is not peeled: each iteration acquires, copies and commits, then waits, works and releases, and one agent runs all
    of it in order. Guards are inside the brackets, so that every iteration passes every channel. `sides` are the channels
    of its groups.
    """

    def __init__(
        self,
        planned: PlannedLoop,
        buffers: Sequence[VersionedBuffer],
        sides: Mapping[int, ChannelSide],
        math: IndexMath,
    ) -> None:
        self._planned = planned
        self._buffers = buffers
        self._sides = sides
        self._math = math
        self._numbers: dict[Index, ir.Value] = {}

    def write(self) -> None:
        planned, math = self._planned, self._math
        loop = planned.loop
        point = ir.InsertionPoint(loop)
        with loop.location:
            low, _, step = (math.to_index(bound, point) for bound in list(loop.operands)[:3])
            with point:
                new = scf.ForOp(*list(loop.operands)[:3])
            with ir.InsertionPoint(new.body):
                scf.YieldOp([])
            inner = ir.InsertionPoint.at_block_terminator(new.body)
            induction = math.to_index(new.induction_variable, inner)
            iteration = math.divide_exactly(math.subtract(induction, low, inner), step, inner)
            cloner = IterationCloner(planned, self._buffers, math, iteration, new.induction_variable)
            self._numbers = {side.before: math.value(cloner.number(side.before, inner)) for side in self._sides.values()}
            self._write_body(cloner, inner)
        new.operation.attributes["tile.pipeline_depth"] = loop.attributes["tile.num_stages"]
        new.operation.attributes["tile.strategy"] = loop.attributes["tile.strategy"]

    def _write_body(self, cloner: IterationCloner, point: ir.InsertionPoint) -> None:
        schedule, reads = self._planned.schedule, self._planned.groups_read()
        last_user = self._planned.last_users()
        produced: set[int] = set()
        waited: set[int] = set()
        for statement, group in enumerate(schedule.groups):
            if group >= 0:
                if group not in produced:
                    produced.add(group)
                    members = [i for i, other in enumerate(schedule.groups) if other == group]
                    self._produce(cloner, self._sides[group], members, point)
                continue
            for needed in sorted(reads[statement] - waited):
                waited.add(needed)
                self._wait(self._sides[needed], point)
            cloner.clone(statement, point)
            for group_read in sorted(self._sides):
                side = self._sides[group_read]
                if last_user[group_read] == statement and not side.held:
                    with point:
                        ops_channel.ChannelReleaseOp(side.channel, self._numbers[side.before])

    def _wait(self, side: ChannelSide, point: ir.InsertionPoint) -> None:
        """Wait for this iteration's stage; where the last stage is held, it is the one before that can go now."""
        number = self._numbers[side.before]
        with point:
            ops_channel.ChannelWaitOp(side.channel, number)
        if side.held:
            previous = self._math.value(self._math.add(number, -1, point))
            with point:
                ops_channel.ChannelReleaseOp(side.channel, previous)

    def _produce(self, cloner: IterationCloner, side: ChannelSide, members: Sequence[int], point: ir.InsertionPoint) -> None:
        number = self._numbers[side.before]
        with point:
            ops_channel.ChannelAcquireOp(side.channel, number)
        for member in members:
            cloner.clone(member, point)
        with point:
            ops_channel.ChannelCommitOp(side.channel, number)
