"""tile-specialize-warps: give the two sides of every channel warp groups of their own, with mbarriers between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilewright.analysis.accesses import effects_of, is_pure
from tilewright.analysis.program_slice import STRUCTURES, KernelWrites, Obstacle, ProgramSlice, leaves, slice_for
from tilewright.analysis.regions import ALLOCATIONS
from tilewright.analysis.versionable import terminal_users
from tilewright.diagnostics import Note, source_location
from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import ops_specialize
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.base import Decision, Pass, PassContext
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.index_math import IndexMath
from tilewright.transforms.register_budget import decide_budget
from tilewright.transforms.roles import (
    PRODUCER_SIDE,
    Bracket,
    ConsumerWriter,
    ProducerWriter,
    Rings,
    brackets_in,
    has_channels,
    is_bulk,
)
from tilewright.transforms.strategy import may_copy

# What the roles share out, and asynchronous groups, which belong to whoever starts their copies.
_SPLIT = ("tile.channel_", "tile.commit_group", "tile.wait_group")


@dataclass(frozen=True)
class SpecializeWarps(Pass):
    """Split a kernel with channels into a producer and a consumer that run concurrently.

    Consumes a kernel in channel form, its channels initialised at its top; acquire, commit, wait and release may stand in any
    nest of `scf.for`, `scf.while` and `scf.if`. Produces one `tile.specialize` with a warp group of role "producer", the first
    of the block, and one of role "consumer"; each channel becomes two rings of mbarriers, full and empty.

    Rules:
    1. What stands between acquire and commit belongs to the producer, everything else with effects to the consumer. Pure
       operations, allocations and reads of memory that the kernel never writes come before both, and are shared, where they
       stand at the top; the roles' allocations move there.
    2. The producer's program is the slice of the kernel that fills the channels: the loops and guards around them, with their
       carried values, and what computes addresses, bounds and conditions. What both roles need in a nest, they both compute.
    3. A tile that the slice reads, a fragment or a table in shared memory, is the producer's own copy, written by the same
       statements as the consumer's; where the consumer reads nothing of its own, it does not write it either. The slice
       may not read other memory that the kernel writes, nor repeat a product, an atomic or an asynchronous copy.
    4. acquire waits for the empty ring with the opposite parity first; commit arrives at the full ring; wait waits for the
       full ring; release arrives at the empty ring. Stage and parity are computed from the number of the iteration, which
       injection counts over outer loops and guards: rings are initialised once. A channel that is never released is filled
       once: it has no empty ring, and its acquire waits for nothing.
    5. A bulk copy announces its bytes where it is issued, under its guard; the arrival is unconditional. The full ring takes
       one elected arrival where all copies of the channel are bulk copies. Where some are cp.async, it takes one of each
       producer thread, which takes place after the copies of that thread; where threads write themselves, one of each, which
       follows what they have written; where both are, both. The empty ring takes one of each consumer thread.
    6. The producer is one warp group of the machine; `known_block_size` grows by it.
    7. Register budgets, producer/consumer: 24/240 for one or two consumer warp groups, 24/160 for three, where the producer
       only issues bulk copies, and fills no tile of its own; else none. `tile.registers = array<i32: producer, consumer>` on
       the kernel is taken instead, `tile.disable_register_budget` turns budgets off.

    Remarks: a kernel with channels that cannot be split keeps its channel form, which is pipelined and right, with the
    statement in the way. Errors: register hints that no thread can have, or that a block does not have together.

    Before:  scf.for … { channel_acquire; copy_async; channel_commit; channel_wait; linalg.matmul; channel_release }
    After:   "tile.specialize"() ({
               "tile.warp_group"() ({ scf.for … { mbarrier_wait(%empty…); mbarrier_expect; bulk_copy; mbarrier_arrive } })
                 {role = "producer", registers = 24, warps = 4}
               "tile.warp_group"() ({ scf.for … { mbarrier_wait(%full…); linalg.matmul; mbarrier_arrive(%empty…) } })
                 {role = "consumer", registers = 240, warps = 8} })

    Source: the producer/consumer warp specialization of TileLang's pull request 2002.
    """

    argument: ClassVar[str] = "tile-specialize-warps"

    def run(self, operation: ir.Operation, context: PassContext) -> None:
        for kernel in kernels_in(operation):
            channels = [child.operation for child in kernel.body.operations if child.operation.name == "tile.channel_init"]
            if channels:
                with context.failing(self.argument):
                    _specialize(kernel, channels, context)


def _specialize(kernel: Kernel, channels: Sequence[ir.Operation], context: PassContext) -> None:
    machine = context.machine
    threads, producer_threads = kernel.threads or 0, machine.warp_group_size
    _hoist_allocations(kernel)
    shared, rest = _split_prefix(kernel)
    loops = (operation for operation in rest if operation.name in STRUCTURES and has_channels(operation))
    place = next(loops, channels[0])
    brackets = brackets_in(kernel.body)
    obstacle = _obstacle(kernel, place, machine)
    program = ProgramSlice() if obstacle is not None else _producer_program(kernel, brackets, shared, machine)
    obstacle = obstacle or program.obstacle
    if obstacle is not None:
        notes = (Note(f"because of this '{obstacle.operation.name}'", source_location(obstacle.operation.location)),)
        context.sink.remark(place.location, f"not specialized, but pipelined: {obstacle.reason}", notes)
        return
    by_threads = bool(program.private) or any(not is_bulk(copy) for bracket in brackets for copy in bracket.copies)
    budget = decide_budget(kernel, producer_threads, threads, by_threads, machine)
    rings = Rings(channels, brackets, threads, producer_threads)
    location = context.sink.locate(source_location(place.location))
    terminator = list(kernel.body.operations)[-1].operation
    for operation in shared:
        operation.move_before(terminator)
    with ir.InsertionPoint(terminator), place.location:
        specialize = ops_specialize.SpecializeOp()
    groups = specialize.regions[0].blocks.append()
    warp = machine.limits.warp_size
    producer = _warp_group(groups, "producer", producer_threads // warp, budget.producer, place.location)
    consumer = _warp_group(groups, "consumer", threads // warp, budget.consumer, place.location)
    for operation in rest:
        consumer.append(operation)
    ProducerWriter(rings, program, _private_copies(program)).write(consumer, producer)
    ConsumerWriter(rings).write(consumer)
    _erase_unread(program.private)
    rings.erase_channels()
    _grow_block(kernel, producer_threads)
    phrase = (
        f"producer of {producer_threads // warp} warps, consumer of {threads // warp}, {len(rings)} channels, {budget.reason}"
    )
    details = {
        "producer_warps": producer_threads // warp,
        "consumer_warps": threads // warp,
        "channels": len(rings),
        "registers": [budget.producer, budget.consumer],
    }
    context.decisions.append(Decision(SpecializeWarps.argument, "kernel", location, phrase, details))


def _hoist_allocations(kernel: Kernel) -> None:
    """Tiles belong to all warp groups: their allocations move out of the loops and guards that the roles have in common."""
    for child in list(kernel.body.operations):
        top = child.operation
        if top.name in STRUCTURES and has_channels(top):
            for leaf in list(leaves(top)):
                if leaf.name in ALLOCATIONS and not len(leaf.operands):
                    leaf.move_before(top)


def _producer_program(
    kernel: Kernel, brackets: Sequence[Bracket], shared: Sequence[ir.Operation], machine: Machine
) -> ProgramSlice:
    """What the producer runs: the channels' copies, with what leads to them."""
    copies = [copy for bracket in brackets for copy in bracket.copies]
    sides = [operation for operation in leaves(kernel.operation) if operation.name in PRODUCER_SIDE]
    writes = KernelWrites(kernel.operation)
    return slice_for(kernel.operation, [*copies, *sides], writes, lambda tile: may_copy(tile, machine), shared)


def _private_copies(program: ProgramSlice) -> dict[ir.Value, ir.Value]:
    """Allocate the tiles of which the producer has a copy of its own."""
    copies: dict[ir.Value, ir.Value] = {}
    for tile in program.private:
        allocation = tile.owner.operation
        copies[tile] = allocation.clone(ir.InsertionPoint(allocation)).operation.results[0]
    return copies


def _erase_unread(tiles: Sequence[ir.Value]) -> None:
    """Leave to the producer alone what it alone needs: the consumer does not write a tile of which it reads nothing."""
    left = list(tiles)
    while True:
        unread = [tile for tile in left if all(_only_writes(user, tile) for user in _leaf_users(tile))]
        if not unread:
            return
        for tile in unread:
            for user in _leaf_users(tile):
                user.erase()
            left.remove(tile)


def _leaf_users(tile: ir.Value) -> list[ir.Operation]:
    """The statements of a role that use a tile."""
    found: list[ir.Operation] = []
    for user in terminal_users(tile):
        leaf = user
        while leaf.parent is not None and leaf.parent.operation.name not in (*STRUCTURES, "tile.warp_group", "gpu.func"):
            leaf = leaf.parent.operation
        if leaf not in found:
            found.append(leaf)
    return found


def _only_writes(operation: ir.Operation, tile: ir.Value) -> bool:
    """Whether all that an operation does is to write a tile."""
    effects = effects_of(operation)
    writes = [access.region.root for access in effects.accesses if access.writes]
    reads = [access for access in effects.accesses if not access.writes and access.region.root == tile]
    return effects.opaque is None and not len(operation.results) and not reads and set(writes) == {tile}


def _split_prefix(kernel: Kernel) -> tuple[list[ir.Operation], list[ir.Operation]]:
    """The operations that both roles share, and those that have effects, each in program order."""
    written = set()
    operations = [child.operation for child in kernel.body.operations]
    for operation in operations:
        if operation.name != "gpu.return":
            written |= {access.region.root for access in effects_of(operation).accesses if access.writes}
    unavailable: set[ir.Value] = set()
    shared: list[ir.Operation] = []
    rest: list[ir.Operation] = []
    for operation in operations:
        if operation.name == "gpu.return":
            continue
        if _is_shared(operation, written, unavailable):
            shared.append(operation)
        else:
            rest.append(operation)
            unavailable |= set(operation.results)
    return shared, rest


def _is_shared(operation: ir.Operation, written: set, unavailable: set[ir.Value]) -> bool:
    used = {operand for inner in nested_operations(operation) for operand in inner.operands}
    if used & unavailable:
        return False
    if operation.name in ALLOCATIONS or operation.name in ("tile.channel_init", "tile.mbarrier_init") or is_pure(operation):
        return True
    effects = effects_of(operation)
    constant = None not in written and all(not a.writes and a.region.root not in {None, *written} for a in effects.accesses)
    return effects.opaque is None and len(operation.results) > 0 and constant


def _obstacle(kernel: Kernel, place: ir.Operation, machine: Machine) -> Obstacle | None:
    """Why the kernel cannot be split, whatever its producer does."""
    threads = kernel.threads or 0
    if not machine.specializes_warps:
        return Obstacle(f"{machine.target} does not specialize warps", place)
    if threads % machine.limits.warp_size or not threads:
        return Obstacle(f"{threads} threads are not whole warps", place)
    if threads + machine.warp_group_size > machine.limits.threads_per_block:
        return Obstacle(f"{threads} threads leave no room for a producer warp group", place)
    for operation in nested_operations(kernel.operation):
        if len(operation.regions) or operation.name.startswith(_SPLIT) or operation.name == "gpu.return":
            continue
        if effects_of(operation).opaque is not None:
            return Obstacle(f"{operation.name} waits for all threads of the kernel", operation)
    return None


def _warp_group(block: ir.Block, role: str, warps: int, registers: int | None, location: ir.Location) -> ir.Block:
    with ir.InsertionPoint(block), location:
        group = ops_specialize.WarpGroupOp(ir.StringAttr.get(role), integer_attribute(warps))
    if registers is not None:
        group.operation.attributes["registers"] = integer_attribute(registers)
    return group.regions[0].blocks.append()


def _keep_block_dimensions(kernel: Kernel, size: dict[str, int]) -> None:
    """To the kernel the block is its computing threads: what asks for its size gets that, as before."""
    math = IndexMath(kernel.operation)
    for operation in list(nested_operations(kernel.operation)):
        if operation.name == "gpu.block_dim":
            # The attribute has no accessor: it prints as #gpu<dim x>.
            axis = str(operation.attributes["dimension"]).removesuffix(">")[-1]
            operation.results[0].replace_all_uses_with(math.value(size[axis]))
            operation.erase()


def _grow_block(kernel: Kernel, threads: int) -> None:
    x, y, z = ir.DenseI32ArrayAttr(kernel.operation.attributes["known_block_size"])
    _keep_block_dimensions(kernel, {"x": x, "y": y, "z": z})
    # The producer's threads come as whole slices of the block where it has more than one row.
    rows = y * z
    size = [x + threads // rows, y, z] if threads % rows == 0 else [x * rows + threads, 1, 1]
    kernel.operation.attributes["known_block_size"] = ir.DenseI32ArrayAttr.get(size)
