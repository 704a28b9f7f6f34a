"""The channels of a kernel, and how many iterations have come by each of them before each of its loops.

Loops for which the user's mbarriers are replicated are counted the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tilewright.analysis.statements import LoopBody
from tilewright.ir.attributes import integer_attribute, read_integer
from tilewright.ir.dialect import ChannelType, ops_channel
from tilewright.mlir import ir
from tilewright.transforms.channel_loop import ChannelSide
from tilewright.transforms.channel_plan import ChannelPlan, ChannelUse, plan_channels
from tilewright.transforms.counters import Counters
from tilewright.transforms.index_math import Index, IndexMath
from tilewright.transforms.planned_loop import PlannedLoop
from tilewright.transforms.preloads import is_repeated

Key = tuple[tuple[ir.Operation, ...], bool]


def channel_uses(body: LoopBody, groups: Sequence[int], stages: int) -> list[ChannelUse]:
    """What the groups of a specialized loop bring."""
    filled: dict[int, dict[ir.Value, None]] = {}
    for statement, group in zip(body.statements, groups, strict=True):
        for access in statement.own_accesses:
            if group >= 0 and access.writes and access.region.root is not None:
                filled.setdefault(group, {})[access.region.root] = None
    return [ChannelUse(body.loop, group, tuple(tiles), stages) for group, tiles in sorted(filled.items())]


def channels_of(loops: Sequence[PlannedLoop]) -> list[ChannelPlan]:
    """The channels of the planned loops that are to be specialized."""
    specialized = [planned for planned in loops if planned.strategy == "warp_specialize"]
    return plan_channels(
        use
        for planned in specialized
        for use in channel_uses(planned.body, planned.schedule.groups, read_integer(planned.loop, "tile.num_stages"))
    )


class ChannelCounts:
    """Counts the iterations of channels, and of loops with replicated barriers, by counters where those are nested.

    `before`: the count before each loop of a channel. Iteration 0 of a channel whose last stage is held brings nothing: it
    is what the consumer holds at first.
    """

    def __init__(
        self,
        channels: Sequence[ChannelPlan],
        loops: Sequence[PlannedLoop],
        preloads: Sequence[ir.Operation],
        math: IndexMath,
    ) -> None:
        self._math = math
        self._keys = _counted(channels, loops)
        # Preloads of one block are made equally often. Those that nothing repeats need no count.
        self._preloads = list(preloads)
        firsts = [next(first for first in preloads if first.block == copy.block) for copy in preloads]
        self._repeated = [copy for copy, first in zip(preloads, firsts, strict=True) if copy == first and is_repeated(copy)]
        self._places = [self._repeated.index(first) if first in self._repeated else None for first in firsts]
        counted = [*(loops[0] for loops, _ in self._keys), *self._repeated]
        initial = [*(int(held) for _, held in self._keys), *(0 for _ in self._repeated)]
        self._counters = Counters(counted, initial, math)
        self.before: dict[tuple[Key, ir.Operation], Index] = {}

    @property
    def nested(self) -> bool:
        """Whether loops or guards around the channels' loops carry counters, and have been replaced for it."""
        return self._counters.nested

    def count(
        self, channels: Sequence[ChannelPlan], loops: Sequence[PlannedLoop], trips: dict[ir.Operation, Index]
    ) -> dict[ir.Value, Index]:
        """Count on over the loops, and let the counters carry what they come to.

        `channels` and `loops` are those that are counted, as they are planned now. Gives, for each tile of the channels, the
        count before the block of its loops.
        """
        # Operations are hashed by their operands, which may have been replaced with the loops around them.
        self._keys = _counted(channels, loops)
        ends: list[Index] = []
        for key, count in zip(self._keys, self._counters.starts, strict=False):
            for loop in key[0]:
                self.before[key, loop] = count
                count = self._after(count, loop, trips)
            ends.append(count)
        rounds = self._counters.starts[len(self._keys) :]
        for copy, count in zip(self._repeated, rounds, strict=True):
            ends.append(self._math.add(count, 1, ir.InsertionPoint(copy)))
        starts = dict(zip(self._keys, self._counters.starts, strict=False))
        self._counters.finish(ends)
        return {tile: starts[key_of(channel)] for channel in channels for tile in channel.tiles}

    def preloads(self) -> Iterator[tuple[ir.Operation, Index]]:
        """Each preload, with how often it has been made before."""
        rounds = self._counters.starts[len(self._keys) :]
        for copy, place in zip(self._preloads, self._places, strict=True):
            yield copy, 0 if place is None else rounds[place]

    def _after(self, before: Index, loop: ir.Operation, trips: dict[ir.Operation, Index]) -> Index:
        point = ir.InsertionPoint(loop)
        return self._math.add(before, self._math.maximum(trips[loop], 0, point), point)

    def before_loop(self, loop: ir.Operation) -> Index:
        """The count before a loop with replicated barriers."""
        return self.before[_key_of_loop(loop), loop]


def _counted(channels: Sequence[ChannelPlan], loops: Sequence[PlannedLoop]) -> list[Key]:
    alone = [_key_of_loop(planned.loop) for planned in loops if planned.replicas]
    return list(dict.fromkeys([*(key_of(channel) for channel in channels), *alone]))


def _key_of_loop(loop: ir.Operation) -> Key:
    return (loop,), False


def key_of(channel: ChannelPlan) -> Key:
    """Channels of the same loops count alike."""
    return tuple(channel.loops), channel.held


def write_channels(
    channels: Sequence[ChannelPlan], counts: ChannelCounts, math: IndexMath
) -> dict[ir.Operation, dict[int, ChannelSide]]:
    """Make the channels, at the top of the kernel; gives each loop its side of the channels of its groups."""
    sides: dict[ir.Operation, dict[int, ChannelSide]] = {}
    for channel in channels:
        value = _init(channel, math)
        for use in channel.uses:
            side = ChannelSide(value, counts.before[key_of(channel), use.loop], channel.held)
            sides.setdefault(use.loop, {})[use.group] = side
    return sides


def _init(channel: ChannelPlan, math: IndexMath) -> ir.Value:
    """Make a channel before the outermost operation around its loops; a stage that is held from the beginning is empty."""
    top = channel.loops[0]
    while top.parent is not None and top.parent.operation.name != "gpu.func":
        top = top.parent.operation
    with ir.InsertionPoint(top), channel.loops[0].location:
        value = ops_channel.ChannelInitOp(integer_attribute(channel.depth), ChannelType.get()).results[0]
        if channel.held:
            zero = math.value(0)
            ops_channel.ChannelAcquireOp(value, zero)
            ops_channel.ChannelCommitOp(value, zero)
            ops_channel.ChannelWaitOp(value, zero)
    return value
