# `dialects.ext` takes class keywords that a type checker cannot see.
# pyright: reportGeneralTypeIssues=false, reportCallIssue=false
"""Channels between a producer and a consumer: a ring of stages, by iteration number.

In channel form one agent runs both sides in order; specialize-warps gives each side its own warp group and turns each
channel into two rings of mbarriers. For iteration i of a channel of depth d: `acquire` needs iteration i - d released,
`commit` publishes the copies issued since the acquire, `wait` needs iteration i committed and lands its copies,
`release` gives the stage back.
"""

from tilewright.ir.dialect import ChannelType, Tile
from tilewright.ir.verify import integer, verified
from tilewright.mlir import ext, ir


class ChannelInitOp(Tile.Operation, name="channel_init"):
    """A channel of `depth` stages, all free."""

    depth: ir.IntegerAttr
    channel: ext.Result[ChannelType]

    @verified
    def verify_invariants(self):
        integer(self, "depth", 1)


class ChannelAcquireOp(Tile.Operation, name="channel_acquire"):
    """Producer: wait until the stage of `iteration` is free."""

    channel: ext.Operand[ChannelType]
    iteration: ext.Operand[ir.IndexType]


class ChannelCommitOp(Tile.Operation, name="channel_commit"):
    """Producer: publish the stage of `iteration`, with the asynchronous copies issued since its acquire."""

    channel: ext.Operand[ChannelType]
    iteration: ext.Operand[ir.IndexType]


class ChannelWaitOp(Tile.Operation, name="channel_wait"):
    """Consumer: wait until the stage of `iteration` is published and its copies have landed."""

    channel: ext.Operand[ChannelType]
    iteration: ext.Operand[ir.IndexType]


class ChannelReleaseOp(Tile.Operation, name="channel_release"):
    """Consumer: the stage of `iteration` is read; the producer may fill it again."""

    channel: ext.Operand[ChannelType]
    iteration: ext.Operand[ir.IndexType]
