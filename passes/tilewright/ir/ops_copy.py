# `dialects.ext` takes class keywords that a type checker cannot see.
# pyright: reportGeneralTypeIssues=false, reportCallIssue=false
"""Copies: windows that may cross an edge, and asynchronous copies with their groups."""

from collections.abc import Sequence
from typing import Any

from tilewright.ir.dialect import MbarrierType, Tile
from tilewright.ir.effects import ReadsFirstWritesLast, ReadsFirstWritesSecond
from tilewright.ir.verify import integer, memref_operand, require, require_operands, verified
from tilewright.mlir import ext, ir


def _check_window(op, memory: ir.MemRefType, offsets: int, tile: ir.MemRefType) -> None:
    """A window of `tile`'s shape at `offsets` of `memory`; leading dimensions that the tile lacks have extent 1."""
    require(tile.has_static_shape, f"has a tile of dynamic shape {tile}; tile buffers are static")
    require(offsets == memory.rank, f"has {offsets} offsets for a memref of rank {memory.rank}; one each is needed")
    require(tile.rank <= memory.rank, f"has a tile of rank {tile.rank} and a memref of rank {memory.rank}")
    same = memory.element_type == tile.element_type
    require(same, f"copies {memory.element_type} to {tile.element_type}; a copy never converts: cast element by element")


def _check_pad(op, element: ir.Type) -> None:
    if "pad" not in op.attributes:
        return
    pad = op.attributes["pad"]
    typed = isinstance(pad, (ir.FloatAttr, ir.IntegerAttr))
    require(typed, f"has pad = {pad}; it must be a number of type {element}")
    require(pad.type == element, f"has a pad of type {pad.type}; its elements are {element}")


def _check_copy(op, source: ir.MemRefType, offsets: int, destination: ir.MemRefType) -> None:
    """An asynchronous copy: of a whole memref without offsets, else of the window at the offsets."""
    if offsets:
        _check_window(op, source, offsets, destination)
        return
    shapes = (list(source.shape), list(destination.shape))
    require(shapes[0] == shapes[1], f"copies shape {shapes[0]} to {shapes[1]}; they must be the same, or offsets given")
    same = source.element_type == destination.element_type
    require(same, f"copies {source.element_type} to {destination.element_type}; an asynchronous copy never converts")


class CopyInOp(Tile.Operation, name="copy_in", traits=[ReadsFirstWritesLast]):
    """Copy the window at `offsets` of `source` into `tile`; what lies outside reads as `pad` (default 0)."""

    source: ext.Operand[Any]
    offsets: Sequence[ext.Operand[ir.IndexType]]
    tile: ext.Operand[Any]

    @verified
    def verify_invariants(self):
        require_operands(self, 2)
        count = len(self.operands)
        source, tile = memref_operand(self, 0, "source"), memref_operand(self, count - 1, "tile")
        _check_window(self, source, count - 2, tile)
        _check_pad(self, tile.element_type)


class CopyOutOp(Tile.Operation, name="copy_out", traits=[ReadsFirstWritesSecond]):
    """Copy `tile` into the window at `offsets` of `destination`; what lies outside is dropped."""

    tile: ext.Operand[Any]
    destination: ext.Operand[Any]
    offsets: Sequence[ext.Operand[ir.IndexType]]

    @verified
    def verify_invariants(self):
        require_operands(self, 2)
        tile, destination = memref_operand(self, 0, "tile"), memref_operand(self, 1, "destination")
        _check_window(self, destination, len(self.operands) - 2, tile)


class CopyAsyncOp(Tile.Operation, name="copy_async", traits=[ReadsFirstWritesLast]):
    """Start a copy that lands when its group is waited for.

    It joins the open group of the agent that issues it, which the next `commit_group` of the same `group` closes. The
    source is read at issue; the destination is undefined from issue until the wait. With offsets it copies a window as
    `copy_in` does; without, a whole memref of the same shape.
    """

    source: ext.Operand[Any]
    offsets: Sequence[ext.Operand[ir.IndexType]]
    destination: ext.Operand[Any]
    group: ir.IntegerAttr

    @verified
    def verify_invariants(self):
        require_operands(self, 2)
        count = len(self.operands)
        source, destination = memref_operand(self, 0, "source"), memref_operand(self, count - 1, "destination")
        _check_copy(self, source, count - 2, destination)
        _check_pad(self, destination.element_type)
        integer(self, "group", 0)


class _BulkCopyEffects(ir.MemoryEffectsOpInterface):
    @staticmethod
    def get_effects(op, effects) -> None:
        operands = list(op.op_operands)
        effects.append(ir.MemoryEffect.Read, operands[0])
        effects.append(ir.MemoryEffect.Write, operands[-3])


class BulkCopyEffects:
    """The first operand is read; the destination stands before the mbarrier and its stage."""

    @staticmethod
    def attach(op_name: str) -> None:
        _BulkCopyEffects.attach(op_name)


class BulkCopyOp(Tile.Operation, name="bulk_copy", traits=[BulkCopyEffects]):
    """Start a bulk copy that signals its bytes to stage `stage` of `mbarrier` when it lands."""

    source: ext.Operand[Any]
    offsets: Sequence[ext.Operand[ir.IndexType]]
    destination: ext.Operand[Any]
    mbarrier: ext.Operand[MbarrierType]
    stage: ext.Operand[ir.IndexType]

    @verified
    def verify_invariants(self):
        require_operands(self, 4)
        count = len(self.operands)
        source, destination = memref_operand(self, 0, "source"), memref_operand(self, count - 3, "destination")
        _check_copy(self, source, count - 4, destination)
        _check_pad(self, destination.element_type)
        require(destination.has_static_shape, "needs a destination of static shape: its bytes are counted")


class CommitGroupOp(Tile.Operation, name="commit_group"):
    """Close the open group of asynchronous copies; it counts as a group even if it is empty."""

    group: ir.IntegerAttr

    @verified
    def verify_invariants(self):
        integer(self, "group", 0)


class WaitGroupOp(Tile.Operation, name="wait_group"):
    """Wait until at most `pending` of the groups committed last have not landed."""

    pending: ir.IntegerAttr

    @verified
    def verify_invariants(self):
        integer(self, "pending", 0)
