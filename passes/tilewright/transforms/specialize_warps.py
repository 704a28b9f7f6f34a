"""tile-specialize-warps: give the two sides of every channel warp groups of their own, with mbarriers between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilewright.analysis.accesses import effects_of, is_pure
from tilewright.analysis.regions import ALLOCATIONS
from tilewright.diagnostics import Note, source_location
from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import ops_specialize
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.base import Decision, Pass, PassContext
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.index_math import IndexMath
from tilewright.transforms.roles import Rings, Role, RoleWriter, bracketed_copies, is_bulk

PRODUCER_REGISTERS = 24


@dataclass(frozen=True)
class Budget:
    """Registers for each thread of the two roles; None where no budget is set, with the reason."""

    producer: int | None
    consumer: int | None
    reason: str


@dataclass(frozen=True)
class SpecializeWarps(Pass):
    """Split a kernel with channels into a producer and a consumer that run concurrently.

    Consumes loops in channel form at the top level of a kernel. Produces one `tile.specialize` with a warp group of role
    "producer" and one of role "consumer"; each channel becomes two rings of mbarriers, full and empty.

    Rules:
    1. What stands between acquire and commit belongs to the producer, everything else with effects to the consumer. Pure
       operations, allocations and reads of memory that the kernel never writes come before both, and are shared.
    2. The producer's loops keep their bounds and hold only the producer's side; loops without channels are the consumer's.
    3. acquire waits for the empty ring with the opposite parity first; commit arrives at the full ring; wait waits for the
       full ring; release arrives at the empty ring. Stage and parity are computed from the iteration number.
    4. A bulk copy announces its bytes where it is issued, under its guard; the arrival is unconditional. The full ring takes
       one elected arrival where all copies of the channel are bulk copies, else one of each producer thread; the empty ring one
       of each consumer thread.
    5. The producer is one warp group of the machine; `known_block_size` grows by it.
    6. Register budgets: 24 for the producer and 240 (160 with three consumer warp groups) for the consumer where the producer
       only issues bulk copies and whole warp groups compute; else none.

    Remarks: a kernel with channels that cannot be split keeps its channel form, which is pipelined and right, with the
    statement in the way.

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
            loops = channel_loops(kernel)
            if loops:
                _specialize(kernel, loops, context)


def channel_loops(kernel: Kernel) -> list[ir.Operation]:
    """The loops at the kernel's top level that hold channel operations directly."""
    loops: list[ir.Operation] = []
    for child in kernel.body.operations:
        operation = child.operation
        if operation.name == "scf.for":
            names = {inner.operation.name for inner in operation.regions[0].blocks[0].operations}
            if "tile.channel_acquire" in names:
                loops.append(operation)
    return loops


def _specialize(kernel: Kernel, loops: Sequence[ir.Operation], context: PassContext) -> None:
    threads = kernel.threads or 0
    machine = context.machine
    shared, rest = _split_prefix(kernel)
    obstacle = _obstacle(loops, rest, threads, machine)
    if obstacle is not None:
        reason, operation = obstacle
        notes = (Note(f"because of this '{operation.name}'", source_location(operation.location)),)
        context.sink.remark(loops[0].location, f"not specialized, but pipelined: {reason}", notes)
        return
    producer_threads = machine.warp_group_size
    mixed = any(not is_bulk(copy) for loop in loops for copy in bracketed_copies(loop))
    budget = _budget(threads, mixed, machine)
    rings = Rings(kernel, loops, threads, producer_threads)
    location = context.sink.locate(source_location(loops[0].location))
    terminator = list(kernel.body.operations)[-1].operation
    for operation in shared:
        operation.move_before(terminator)
    with ir.InsertionPoint(terminator), loops[0].location:
        specialize = ops_specialize.SpecializeOp()
    groups = specialize.regions[0].blocks.append()
    writer = RoleWriter(rings)
    warp = machine.limits.warp_size
    producer = _warp_group(groups, "producer", producer_threads // warp, budget.producer, loops[0].location)
    consumer = _warp_group(groups, "consumer", threads // warp, budget.consumer, loops[0].location)
    for loop in loops:
        writer.write_loop(loop, Role.PRODUCER, producer)
    for operation in rest:
        if operation in loops:
            writer.write_loop(operation, Role.CONSUMER, consumer)
        else:
            consumer.append(operation)
    for loop in loops:
        loop.erase()
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


def _obstacle(
    loops: Sequence[ir.Operation],
    rest: Sequence[ir.Operation],
    threads: int,
    machine: Machine,
) -> tuple[str, ir.Operation] | None:
    """Why the kernel cannot be split, and the operation in the way."""
    if not machine.specializes_warps:
        return f"{machine.target} does not specialize warps", loops[0]
    if threads % machine.limits.warp_size or not threads:
        return f"{threads} threads are not whole warps", loops[0]
    if threads + machine.warp_group_size > machine.limits.threads_per_block:
        return f"{threads} threads leave no room for a producer warp group", loops[0]
    produced = {result for operation in rest for result in operation.results}
    for operation in rest:
        if operation not in loops:
            opaque = effects_of(operation).opaque
            if opaque is not None:
                return f"{opaque.name} waits for all threads of the kernel", opaque
    for loop in loops:
        for inner in nested_operations(loop):
            if any(operand in produced for operand in inner.operands):
                return "a loop with channels uses a value that the consumer computes", inner
    return None


def _budget(threads: int, mixed: bool, machine: Machine) -> Budget:
    groups, remainder = divmod(threads, machine.warp_group_size)
    if mixed:
        return Budget(None, None, "no register budget: the producer also copies with its threads")
    if remainder or not 1 <= groups <= 3:
        return Budget(None, None, f"no register budget for {threads} threads")
    consumer = 240 if groups <= 2 else 160
    return Budget(PRODUCER_REGISTERS, consumer, f"registers {PRODUCER_REGISTERS}/{consumer}")


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
