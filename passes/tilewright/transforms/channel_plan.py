"""Which loops share a channel, how deep it is, and whether the consumer holds on to its last stage: decided, not written.

The copies of a loop that come by one channel fill some tiles; loops that fill the same tiles share the channel, and count
its iterations on. Where a tile is used outside of those loops, the consumer *holds* the stage of the last iteration
until the next one has come: then each use finds the version of the iteration that ended last, and no copy overwrites it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tilewright.analysis.program_slice import Obstacle
from tilewright.analysis.regions import buffer_name
from tilewright.analysis.versionable import ancestor_in, terminal_users
from tilewright.mlir import ir

HARMLESS = ("memref.dim", "memref.dealloc")


@dataclass(frozen=True)
class ChannelUse:
    """What one loop brings by a channel: its group, the tiles that are filled, and the stages that the loop asks for."""

    loop: ir.Operation
    group: int
    tiles: tuple[ir.Value, ...]
    stages: int


@dataclass(frozen=True)
class ChannelPlan:
    """A channel: who uses it, in program order, its depth, and whether its last stage is held."""

    uses: tuple[ChannelUse, ...]
    depth: int
    held: bool

    @property
    def loops(self) -> list[ir.Operation]:
        return [use.loop for use in self.uses]

    @property
    def tiles(self) -> list[ir.Value]:
        return list(dict.fromkeys(tile for use in self.uses for tile in use.tiles))


def plan_channels(uses: Iterable[ChannelUse]) -> list[ChannelPlan]:
    """Join what fills a tile together: one channel for all that share one."""
    joined: list[list[ChannelUse]] = []
    for use in uses:
        touching = [other for other in joined if any(set(use.tiles) & set(member.tiles) for member in other)]
        joined = [other for other in joined if other not in touching]
        joined.append([member for other in touching for member in other] + [use])
    return [_channel(members) for members in joined]


def _channel(uses: Sequence[ChannelUse]) -> ChannelPlan:
    held = _is_held(uses)
    # The stage that is held is not free for the next iteration: one more must be.
    return ChannelPlan(tuple(uses), max([use.stages for use in uses] + ([2] if held else [])), held)


def _is_held(uses: Sequence[ChannelUse]) -> bool:
    """Whether a tile is used outside of the loops that fill it while a copy may still come."""
    loops = [use.loop for use in uses]
    last = loops[-1]
    nested = last.parent is not None and last.parent.operation.name != "gpu.func"
    for tile in dict.fromkeys(tile for use in uses for tile in use.tiles):
        for user in outside_users(tile, loops):
            place = ancestor_in(user, last.block)
            if nested or place is None or place.is_before_in_block(last):
                return True
    return False


def outside_users(tile: ir.Value, loops: Sequence[ir.Operation]) -> list[ir.Operation]:
    """What uses a tile outside of some loops, in no order."""
    bodies = [loop.regions[0].blocks[0] for loop in loops]
    users = [user for user in terminal_users(tile) if user.name not in HARMLESS]
    return [user for user in users if all(ancestor_in(user, body) is None for body in bodies)]


def why_not_share(channel: ChannelPlan) -> Obstacle | None:
    """Why the loops of a channel cannot share it, or None: each must fill all of its tiles, at once."""
    for use in channel.uses:
        same_loop = [other for other in channel.uses if other.loop == use.loop]
        missing = [tile for tile in channel.tiles if tile not in use.tiles]
        if len(same_loop) > 1 or missing:
            name = buffer_name(missing[0] if missing else use.tiles[0])
            other = next(other.loop for other in channel.uses if other.loop != use.loop or len(same_loop) > 1)
            return Obstacle(f"another pipelined loop fills {name} together with other tiles", other)
    return None
