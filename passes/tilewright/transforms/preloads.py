"""Copies that stand before a specialized loop and bring what the consumer alone reads: the producer can make them.

Such a copy, that of Q in attention for one, is a channel of its own, of depth 1: acquired and committed where it stands,
waited for before the first use of its tile. Where a loop repeats it, its stage is given back after the last use, and its
rounds are counted as those of other channels. Where nothing repeats it, there is one round, and nothing to give back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tilewright.analysis.program_slice import KernelWrites, ProgramSlice, slice_for
from tilewright.analysis.regions import root_of
from tilewright.analysis.versionable import ancestor_in, only_accesses, terminal_users
from tilewright.ir.attributes import integer_attribute, read_integer, read_string
from tilewright.ir.dialect import ChannelType, ops_channel
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.channel_plan import HARMLESS
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.index_math import Index, IndexMath
from tilewright.transforms.instructions import COPIES, Choice, annotate, choose_copy, copy_facts, instruction_of
from tilewright.transforms.statement_cloner import make_asynchronous
from tilewright.transforms.strategy import may_copy

REASON = "the producer makes it before the loop, and the consumer waits for it on an mbarrier of its own"


def choose_preload(copy: ir.Operation, kernel: Preloading) -> Choice | None:
    """The instruction of a copy before a specialized loop, or None where the copy is none."""
    if not kernel.is_before_a_loop(copy):
        return None
    choice = choose_copy(copy_facts(copy, kernel.machine), kernel.machine, ("mbarrier", "none"))
    if choice.instruction != "bulk":
        return None
    why_not = kernel.why_not(copy)
    if why_not is None:
        return Choice("bulk", REASON)
    return Choice("simt", f"not left to the producer: {why_not}")


class Preloading:
    """A kernel whose loops are planned, as its copies before them see it."""

    def __init__(self, function: ir.Operation, machine: Machine) -> None:
        self.machine = machine
        self._function = function
        self._loops = [loop for loop in nested_operations(function) if _is_specialized(loop)]

    @cached_property
    def _writes(self) -> KernelWrites:
        # Most kernels have no copy before a specialized loop: it is not asked for them.
        return KernelWrites(self._function)

    def is_before_a_loop(self, copy: ir.Operation) -> bool:
        """Whether a loop that is specialized, or one that holds such a loop, comes after the copy in its block.

        Then what is around the copy is around that loop, over whose iterations can be counted.
        """
        places = [ancestor_in(loop, copy.block) for loop in self._loops]
        return any(place is not None and copy.is_before_in_block(place) for place in places)

    def why_not(self, copy: ir.Operation) -> str | None:
        """Why the producer cannot make a copy, or None."""
        tile = root_of(list(copy.operands)[-1])
        if tile is None or self._writes.unknown is not None or self._writes.writers(tile) != [copy]:
            return "its tile is written by another statement as well"
        users = _users(tile, copy)
        if not users:
            return "nothing uses its tile"
        for user in users:
            place = ancestor_in(user, copy.block)
            if place is None or not copy.is_before_in_block(place):
                return f"{user.name} uses its tile before it, or outside of its block"
            if not only_accesses(user):
                return f"{user.name} hands its tile on"
        if tile in self._private:
            return "a copy of the loop needs its tile, so that each role has one of its own"
        apart = self._slice([copy])
        return None if apart.obstacle is None else apart.obstacle.reason

    @cached_property
    def _private(self) -> list[ir.Value]:
        """The tiles of which the producer has copies of its own, for its copies in the loops."""
        statements = [statement for loop in self._loops for statement in _statements(loop)]
        return self._slice([statement for statement in statements if read_integer(statement, "group") >= 0]).private

    def _slice(self, statements: Sequence[ir.Operation]) -> ProgramSlice:
        return slice_for(self._function, statements, self._writes, lambda buffer: may_copy(buffer, self.machine))


def preloads_of(function: ir.Operation, machine: Machine) -> list[ir.Operation]:
    """The copies that plan-pipeline has left to the producer; those that cannot be any more become copies of threads."""
    kernel = Preloading(function, machine)
    found: list[ir.Operation] = []
    for copy in [operation for operation in nested_operations(function) if operation.name in COPIES]:
        if instruction_of(copy) != "bulk" or any(holder.name == "tile.statement" for holder in holders(copy)):
            continue
        choice = choose_preload(copy, kernel)
        if choice is not None and choice.instruction == "bulk":
            found.append(copy)
        else:
            annotate(copy, choice or choose_copy(copy_facts(copy, machine), machine, ("none",)))
    return found


def is_repeated(copy: ir.Operation) -> bool:
    """Whether a loop may make a copy more than once."""
    return any(holder.name in ("scf.for", "scf.while") for holder in holders(copy))


def holders(operation: ir.Operation) -> list[ir.Operation]:
    """The operations around an operation, innermost first, without the function."""
    found: list[ir.Operation] = []
    while operation.parent is not None and operation.parent.operation.name != "gpu.func":
        operation = operation.parent.operation
        found.append(operation)
    return found


@dataclass(frozen=True)
class PreloadWriter:
    """Writes a preload as a channel, in its place."""

    math: IndexMath

    def write(self, copy: ir.Operation, number: Index) -> None:
        """`number`: how often it has been made before."""
        tile = root_of(list(copy.operands)[-1])
        assert tile is not None
        places = [ancestor_in(user, copy.block) for user in _users(tile, copy)]
        first, last = _outermost([place for place in places if place is not None])
        repeated = is_repeated(copy)
        iteration = self.math.value(number)
        with copy.location:
            with ir.InsertionPoint([copy, *holders(copy)][-1]):
                channel = ops_channel.ChannelInitOp(integer_attribute(1), ChannelType.get()).results[0]
            with ir.InsertionPoint(copy):
                ops_channel.ChannelAcquireOp(channel, iteration)
            with ir.InsertionPoint.after(copy):
                ops_channel.ChannelCommitOp(channel, iteration)
            with ir.InsertionPoint(first):
                ops_channel.ChannelWaitOp(channel, iteration)
            if repeated:
                with ir.InsertionPoint.after(last):
                    ops_channel.ChannelReleaseOp(channel, iteration)
        make_asynchronous(copy, 0)


def _outermost(places: Sequence[ir.Operation]) -> tuple[ir.Operation, ir.Operation]:
    """The first and the last of some operations of one block."""
    first = last = places[0]
    for place in places[1:]:
        first = place if place.is_before_in_block(first) else first
        last = place if last.is_before_in_block(place) else last
    return first, last


def _users(tile: ir.Value, copy: ir.Operation) -> list[ir.Operation]:
    return [user for user in terminal_users(tile) if user.name not in HARMLESS and user != copy]


def _is_specialized(loop: ir.Operation) -> bool:
    marked = loop.name == "scf.for" and "tile.strategy" in loop.attributes
    return marked and read_string(loop, "tile.strategy") == "warp_specialize" and any(True for _ in _statements(loop))


def _statements(loop: ir.Operation) -> Iterator[ir.Operation]:
    for child in loop.regions[0].blocks[0].operations:
        if child.operation.name == "tile.statement":
            yield child.operation
