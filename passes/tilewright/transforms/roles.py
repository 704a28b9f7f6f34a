"""The two sides of channel loops: each role's copy of a loop, and the rings of mbarriers that the channels become."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from tilewright.analysis.accesses import effects_of
from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import MbarrierType, ops_copy, ops_schedule, ops_specialize
from tilewright.ir.kernel import Kernel
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import COPIES
from tilewright.transforms.loop_plan import bytes_of


class Role(Enum):
    PRODUCER = "producer"
    CONSUMER = "consumer"


@dataclass(frozen=True)
class Ring:
    """The mbarriers of one channel. `elected`: the producer arrives at `full` once, not once a thread."""

    full: ir.Value
    empty: ir.Value
    depth: int
    elected: bool


class Rings:
    """Two rings of mbarriers for each channel of some loops, initialised where the channel was."""

    def __init__(self, kernel: Kernel, loops: Sequence[ir.Operation], consumer_threads: int, producer_threads: int) -> None:
        self._channels: list[ir.Operation] = []
        self._rings: dict[ir.Value, Ring] = {}
        synchronous = {channel for loop in loops for channel, copies in brackets(loop) if not all(map(is_bulk, copies))}
        for child in list(kernel.body.operations):
            operation = child.operation
            if operation.name == "tile.channel_init":
                elected = operation.results[0] not in synchronous
                arrivals = (1 if elected else producer_threads, consumer_threads)
                self._add(operation, arrivals, elected)

    def _add(self, channel: ir.Operation, arrivals: tuple[int, int], elected: bool) -> None:
        depth = ir.IntegerAttr(channel.attributes["depth"]).value
        with ir.InsertionPoint(channel), channel.location:
            full, empty = (
                ops_specialize.MbarrierInitOp(integer_attribute(count), integer_attribute(depth), MbarrierType.get()).results[0]
                for count in arrivals
            )
        self._channels.append(channel)
        self._rings[channel.results[0]] = Ring(full, empty, depth, elected)

    def __getitem__(self, channel: ir.Value) -> Ring:
        return self._rings[channel]

    def __len__(self) -> int:
        return len(self._rings)

    def erase_channels(self) -> None:
        for channel in self._channels:
            channel.erase()


def brackets(loop: ir.Operation) -> Iterator[tuple[ir.Value, list[ir.Operation]]]:
    """The channels that a loop fills, each with the copies between its acquire and its commit."""
    copies: list[ir.Operation] = []
    inside = False
    for child in loop.regions[0].blocks[0].operations:
        operation = child.operation
        if operation.name == "tile.channel_acquire":
            inside, copies = True, []
        elif operation.name == "tile.channel_commit":
            inside = False
            yield operation.operands[0], copies
        elif inside:
            copies += [inner for inner in nested_operations(operation) if _writes_tile(inner)]


def bracketed_copies(loop: ir.Operation) -> list[ir.Operation]:
    return [copy for _, copies in brackets(loop) for copy in copies]


def _writes_tile(operation: ir.Operation) -> bool:
    return operation.name in (*COPIES, "tile.copy_async", "memref.store") or (
        operation.name.startswith("linalg.") and (operation.name != "linalg.yield")
    )


def is_bulk(copy: ir.Operation) -> bool:
    return copy.name == "tile.copy_async"


class RoleWriter:
    """Writes one role's copy of a channel loop into that role's warp group."""

    def __init__(self, rings: Rings) -> None:
        self._rings = rings
        self._stages: dict[ir.Value, ir.Value] = {}

    def write_loop(self, loop: ir.Operation, role: Role, block: ir.Block) -> None:
        """Clone `loop` at the end of `block`, then leave in it what `role` does."""
        self._stages = {}
        copy = loop.clone(ir.InsertionPoint(block)).operation
        body = copy.regions[0].blocks[0]
        inside = False
        foreign: list[ir.Operation] = []
        for child in list(body.operations):
            operation = child.operation
            name = operation.name
            if name == "tile.channel_acquire":
                inside = True
            if name.startswith("tile.channel_"):
                producer_side = name in ("tile.channel_acquire", "tile.channel_commit")
                if producer_side == (role is Role.PRODUCER):
                    self._synchronise(operation)
                operation.erase()
            elif name != "scf.yield" and not _is_shared_value(operation) and inside != (role is Role.PRODUCER):
                foreign.append(operation)
            elif inside and role is Role.PRODUCER:
                self._issue(operation, *_commit_after(operation))
            if name == "tile.channel_commit":
                inside = False
        # Users first: the result of a statement, an atomic update for one, may be used by another.
        for operation in reversed(foreign):
            operation.erase()
        _erase_unused(body)

    def _synchronise(self, operation: ir.Operation) -> None:
        """Replace one side of a channel operation by its mbarrier operations, in front of it."""
        channel, iteration = operation.operands
        ring = self._rings[channel]
        count = integer_attribute(ring.depth)
        index = ir.IndexType.get()
        with ir.InsertionPoint(operation), operation.location:
            stage = self._stage(channel, iteration)
            if operation.name in ("tile.channel_acquire", "tile.channel_wait"):
                waits_for_empty = operation.name == "tile.channel_acquire"
                initial = integer_attribute(1 if waits_for_empty else 0)
                parity = ops_schedule.PhaseOp(iteration, count, initial, index).results[0]
                ops_specialize.MbarrierWaitOp(ring.empty if waits_for_empty else ring.full, stage, parity)
                return
            commits = operation.name == "tile.channel_commit"
            arrive = ops_specialize.MbarrierArriveOp(ring.full if commits else ring.empty, stage)
            if commits and ring.elected:
                arrive.operation.attributes["elect"] = ir.BoolAttr.get(True)

    def _stage(self, channel: ir.Value, iteration: ir.Value) -> ir.Value:
        """The stage of the channel's rings: built at its first use, which waits, and so stands before all others."""
        if channel not in self._stages:
            count = integer_attribute(self._rings[channel].depth)
            self._stages[channel] = ops_schedule.StageIndexOp(iteration, count, ir.IndexType.get()).results[0]
        return self._stages[channel]

    def _issue(self, operation: ir.Operation, channel: ir.Value, iteration: ir.Value) -> None:
        """Turn the asynchronous copies in `operation` into bulk copies that signal the full ring."""
        ring = self._rings[channel]
        for copy in [inner for inner in nested_operations(operation) if inner.name == "tile.copy_async"]:
            with ir.InsertionPoint(copy), copy.location:
                stage = self._stage(channel, iteration)
                tile = list(copy.operands)[-1]
                ops_specialize.MbarrierExpectOp(ring.full, stage, integer_attribute(bytes_of(tile)))
                attributes = {name: copy.attributes[name] for name in copy.attributes if name in ("pad", "tile.instruction")}
                ir.Operation.create(ops_copy.BulkCopyOp.OPERATION_NAME, [], [*copy.operands, ring.full, stage], attributes)
            copy.erase()


def _commit_after(operation: ir.Operation) -> tuple[ir.Value, ir.Value]:
    """The channel and the iteration of the commit that closes the bracket around `operation`."""
    commits = (c.operation for c in operation.block.operations if c.operation.name == "tile.channel_commit")
    channel, iteration = next(commit for commit in commits if operation.is_before_in_block(commit)).operands
    return channel, iteration


def _is_shared_value(operation: ir.Operation) -> bool:
    """Whether an operation only computes values, so that both roles may keep a copy of it."""
    return len(operation.results) > 0 and not any(access.writes for access in effects_of(operation).accesses)


def _erase_unused(block: ir.Block) -> None:
    """Erase the values that this role does not need."""
    for child in reversed(list(block.operations)):
        operation = child.operation
        unused = all(next(iter(result.uses), None) is None for result in operation.results)
        if _is_shared_value(operation) and unused:
            operation.erase()
