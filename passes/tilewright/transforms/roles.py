"""The two sides of channels: the rings of mbarriers that they become, the producer's program and the consumer's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tilewright.analysis.accesses import effects_of
from tilewright.analysis.program_slice import STRUCTURES, ProgramSlice
from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import MbarrierType, ops_copy, ops_schedule, ops_specialize
from tilewright.mlir import ir, scf
from tilewright.transforms.cloning import Cloner, nested_operations
from tilewright.transforms.instructions import instruction_of
from tilewright.transforms.loop_plan import bytes_of

PRODUCER_SIDE = ("tile.channel_acquire", "tile.channel_commit")
CONSUMER_SIDE = ("tile.channel_wait", "tile.channel_release")


@dataclass(frozen=True)
class Bracket:
    """What one acquire and its commit enclose: the operations that fill a stage of a channel."""

    channel: ir.Value
    iteration: ir.Value
    operations: tuple[ir.Operation, ...]

    @property
    def copies(self) -> list[ir.Operation]:
        """The operations in it that write."""
        inner = (nested for operation in self.operations for nested in filling(operation))
        return [operation for operation in inner if any(access.writes for access in effects_of(operation).accesses)]


def filling(operation: ir.Operation) -> Iterator[ir.Operation]:
    """The operations that a bracket is made of: loops and guards are gone into."""
    if operation.name not in STRUCTURES:
        yield operation
        return
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                yield from filling(child.operation)


def is_bulk(copy: ir.Operation) -> bool:
    """Whether a copy signals its bytes to an mbarrier; what does not takes an arrival of each of the producer's threads."""
    return copy.name == "tile.copy_async" and instruction_of(copy) in (None, "bulk")


def is_by_threads(copy: ir.Operation) -> bool:
    """Whether the producer's threads write the tile themselves, and have done so when they go on."""
    return copy.name != "tile.copy_async"


def brackets_in(block: ir.Block) -> list[Bracket]:
    """The brackets of a block and of the loops and guards in it, in program order."""
    found: list[Bracket] = []
    inside: list[ir.Operation] | None = None
    for child in block.operations:
        operation = child.operation
        if operation.name == "tile.channel_acquire":
            inside = []
        elif operation.name == "tile.channel_commit":
            channel, iteration = operation.operands
            found.append(Bracket(channel, iteration, tuple(inside or ())))
            inside = None
        elif inside is not None:
            inside.append(operation)
        elif operation.name in STRUCTURES:
            for region in operation.regions:
                for inner in region.blocks:
                    found += brackets_in(inner)
    return found


@dataclass(frozen=True)
class Ring:
    """The mbarriers of one channel.

    `by_threads`: the producer's threads write tiles, and arrive at `full` when they have. `after_copies`: they start
    asynchronous copies without bytes, and arrive once more when those have landed. Where neither is so, one elected thread
    arrives. `empty` is None for a channel whose stages are filled once and never given back.
    """

    full: ir.Value
    empty: ir.Value | None
    depth: int
    by_threads: bool
    after_copies: bool

    @staticmethod
    def arrivals(by_threads: bool, after_copies: bool, threads: int) -> int:
        """The arrivals at `full` of a producer of so many threads."""
        return (by_threads + after_copies) * threads or 1


class Rings:
    """Two rings of mbarriers for each channel of a kernel, initialised where the channel was."""

    def __init__(
        self, channels: Sequence[ir.Operation], brackets: Sequence[Bracket], consumer_threads: int, producer_threads: int
    ) -> None:
        self._channels = list(channels)
        self._rings: dict[ir.Value, Ring] = {}
        for channel in channels:
            copies = [copy for bracket in brackets if bracket.channel == channel.results[0] for copy in bracket.copies]
            by_threads = any(is_by_threads(copy) for copy in copies)
            after_copies = any(not is_by_threads(copy) and not is_bulk(copy) for copy in copies)
            arrivals = Ring.arrivals(by_threads, after_copies, producer_threads)
            depth = ir.IntegerAttr(channel.attributes["depth"]).value
            full = _mbarrier(channel, arrivals, depth)
            released = any(use.owner.operation.name == "tile.channel_release" for use in channel.results[0].uses)
            empty = _mbarrier(channel, consumer_threads, depth) if released else None
            self._rings[channel.results[0]] = Ring(full, empty, depth, by_threads, after_copies)

    def __getitem__(self, channel: ir.Value) -> Ring:
        return self._rings[channel]

    def __len__(self) -> int:
        return len(self._rings)

    def erase_channels(self) -> None:
        for channel in self._channels:
            channel.erase()


@dataclass
class _Stages:
    """The stages of channels in one block: built at their first use, which waits, and so stands before all others."""

    found: dict[tuple[ir.Value, ir.Value], ir.Value] = field(default_factory=dict)

    def of(self, channel: ir.Value, iteration: ir.Value, depth: int, point: ir.InsertionPoint) -> ir.Value:
        key = (channel, iteration)
        if key not in self.found:
            with point:
                stage = ops_schedule.StageIndexOp(iteration, integer_attribute(depth), ir.IndexType.get())
            self.found[key] = stage.results[0]
        return self.found[key]


def _mbarrier(channel: ir.Operation, arrivals: int, depth: int) -> ir.Value:
    with ir.InsertionPoint(channel), channel.location:
        init = ops_specialize.MbarrierInitOp(integer_attribute(arrivals), integer_attribute(depth), MbarrierType.get())
    return init.results[0]


def _wait(mbarrier: ir.Value, depth: int, initial: int, iteration: ir.Value, stage: ir.Value, point: ir.InsertionPoint) -> None:
    with point:
        phase = ops_schedule.PhaseOp(iteration, integer_attribute(depth), integer_attribute(initial), ir.IndexType.get())
        ops_specialize.MbarrierWaitOp(mbarrier, stage, phase.results[0])


class ProducerWriter:
    """Writes the producer's program: the slice of the kernel that fills the channels."""

    def __init__(self, rings: Rings, program: ProgramSlice, copies: dict[ir.Value, ir.Value]) -> None:
        self._rings = rings
        self._slice = program
        # Tiles of which the producer has a copy of its own.
        self._cloner = Cloner(copies)

    def write(self, source: ir.Block, target: ir.Block) -> None:
        self._write_block(source, target, _Stages(), None)

    def _write_block(self, source: ir.Block, target: ir.Block, stages: _Stages, bracket: ir.Operation | None) -> None:
        for child in source.operations:
            operation = child.operation
            point = ir.InsertionPoint(target)
            with operation.location:
                if operation.name == "tile.channel_acquire":
                    bracket = operation
                    ring, iteration, stage = self._side(operation, stages, point)
                    if ring.empty is not None:
                        _wait(ring.empty, ring.depth, 1, iteration, stage, point)
                elif operation.name == "tile.channel_commit":
                    bracket = None
                    self._commit(operation, stages, point)
                elif operation in self._slice.kept:
                    self._keep(operation, stages, bracket, point)

    def _side(self, operation: ir.Operation, stages: _Stages, point: ir.InsertionPoint) -> tuple[Ring, ir.Value, ir.Value]:
        channel, iteration = operation.operands
        ring, iteration = self._rings[channel], self._cloner.mapping.get(iteration, iteration)
        return ring, iteration, stages.of(channel, iteration, ring.depth, point)

    def _commit(self, operation: ir.Operation, stages: _Stages, point: ir.InsertionPoint) -> None:
        ring, _, stage = self._side(operation, stages, point)
        flags = [*([None] if ring.by_threads else []), *(["after_copies"] if ring.after_copies else [])] or ["elect"]
        for flag in flags:
            with point:
                arrive = ops_specialize.MbarrierArriveOp(ring.full, stage)
            if flag is not None:
                arrive.operation.attributes[flag] = ir.BoolAttr.get(True)

    def _keep(self, operation: ir.Operation, stages: _Stages, bracket: ir.Operation | None, point: ir.InsertionPoint) -> None:
        if operation.name in STRUCTURES:
            self._keep_structure(operation, stages, bracket, point)
        elif bracket is not None and is_bulk(operation):
            self._issue(operation, bracket, stages, point)
        else:
            self._cloner.clone(operation, point)

    def _keep_structure(
        self, operation: ir.Operation, stages: _Stages, bracket: ir.Operation | None, point: ir.InsertionPoint
    ) -> None:
        """A loop or a guard with only what the producer does in it, and only the results that it needs: all of a while."""
        whole = operation.name == "scf.while"
        positions = [p for p in range(len(operation.results)) if whole or (operation, p) in self._slice.carried]
        needed = {
            "scf.for": [*range(3), *(3 + p for p in positions)],
            "scf.if": [0],
            "scf.while": range(len(operation.operands)),
        }[operation.name]
        operands = [self._mapped(operation.operands[position]) for position in needed]
        new = ir.Operation.create(
            operation.name,
            [operation.results[p].type for p in positions],
            operands,
            {name: operation.attributes[name] for name in operation.attributes},
            regions=len(operation.regions),
            ip=point,
        )
        for old_region, region in zip(operation.regions, new.regions, strict=True):
            for old in old_region.blocks:
                kept = [argument for n, argument in enumerate(old.arguments) if whole or n == 0 or n - 1 in positions]
                block = region.blocks.append(*[argument.type for argument in kept], arg_locs=[a.location for a in kept])
                self._cloner.mapping |= dict(zip(kept, block.arguments, strict=True))
                # What a bracket has built is there in a guard inside it; a loop's own channels have stages of their own.
                self._write_block(old, block, stages if bracket is not None else _Stages(), bracket)
                terminator = old.operations[len(old.operations) - 1].operation
                if whole:
                    self._cloner.clone(terminator, ir.InsertionPoint(block))
                    continue
                with ir.InsertionPoint(block):
                    scf.YieldOp([self._mapped(terminator.operands[p]) for p in positions])
        for p, result in zip(positions, new.results, strict=True):
            self._cloner.mapping[operation.results[p]] = result

    def _mapped(self, value: ir.Value) -> ir.Value:
        return self._cloner.mapping.get(value, value)

    def _issue(self, copy: ir.Operation, bracket: ir.Operation, stages: _Stages, point: ir.InsertionPoint) -> None:
        """Write an asynchronous copy as a bulk copy that signals the full ring."""
        ring, _, stage = self._side(bracket, stages, point)
        operands = [self._mapped(operand) for operand in copy.operands]
        attributes = {name: copy.attributes[name] for name in copy.attributes if name in ("pad", "tile.instruction")}
        with point:
            ops_specialize.MbarrierExpectOp(ring.full, stage, integer_attribute(bytes_of(operands[-1])))
        ir.Operation.create(ops_copy.BulkCopyOp.OPERATION_NAME, [], [*operands, ring.full, stage], attributes, ip=point)


class ConsumerWriter:
    """Turns what is left of the kernel into the consumer's program, in place: the brackets go, waits and arrives come."""

    def __init__(self, rings: Rings) -> None:
        self._rings = rings

    def write(self, block: ir.Block) -> None:
        stages = _Stages()
        inside = False
        foreign: list[ir.Operation] = []
        for child in list(block.operations):
            operation = child.operation
            name = operation.name
            if name in CONSUMER_SIDE:
                self._synchronise(operation, stages)
            inside = (inside or name == "tile.channel_acquire") and name != "tile.channel_commit"
            if name in (*PRODUCER_SIDE, *CONSUMER_SIDE) or (inside and not _only_computes(operation)):
                foreign.append(operation)
            elif name in STRUCTURES:
                for region in operation.regions:
                    for inner in region.blocks:
                        self.write(inner)
        _erase_unused(block, foreign)

    def _synchronise(self, operation: ir.Operation, stages: _Stages) -> None:
        channel, iteration = operation.operands
        ring = self._rings[channel]
        point = ir.InsertionPoint(operation)
        with operation.location:
            stage = stages.of(channel, iteration, ring.depth, point)
            if operation.name == "tile.channel_wait":
                _wait(ring.full, ring.depth, 0, iteration, stage, point)
            elif ring.empty is not None:
                with point:
                    ops_specialize.MbarrierArriveOp(ring.empty, stage)


def _only_computes(operation: ir.Operation) -> bool:
    """Whether an operation only computes values, so that both roles may keep a copy of it."""
    return len(operation.results) > 0 and not any(access.writes for access in effects_of(operation).accesses)


def _erase_unused(block: ir.Block, foreign: Sequence[ir.Operation]) -> None:
    """Erase what is the other role's, and the values that this role does not need: users first, of whichever kind they are."""
    for child in reversed(list(block.operations)):
        operation = child.operation
        if operation in foreign:
            operation.erase()
            continue
        unused = all(next(iter(result.uses), None) is None for result in operation.results)
        if len(operation.results) and unused and _only_computes(operation) and effects_of(operation).opaque is None:
            operation.erase()


def has_channels(operation: ir.Operation) -> bool:
    return any(inner.name.startswith("tile.channel_") for inner in nested_operations(operation))
