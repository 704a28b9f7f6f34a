"""The user's own mbarriers in a pipelined loop: which of them may be replicated, so that iterations in flight have one each.

A barrier can be replicated where each iteration of the loop completes exactly one phase of it, and waits for that phase only
after all that completes it. One agent runs the loop, so such a wait passes only with the parity of that phase: the
phases are numbered by the iterations, whatever expression the user wrote for the parity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tilewright.analysis.accesses import Access
from tilewright.analysis.counting import is_nested_in, why_not_counted
from tilewright.analysis.linear import constant_value
from tilewright.analysis.program_slice import Obstacle
from tilewright.ir.dialect import MbarrierType
from tilewright.mlir import ir

_ARRIVE, _EXPECT, _WAIT, _COPY = "tile.mbarrier_arrive", "tile.mbarrier_expect", "tile.mbarrier_wait", "tile.bulk_copy"


def is_barrier(value: ir.Value) -> bool:
    return isinstance(value.type, MbarrierType)


def barrier_position(operation: ir.Operation) -> int | None:
    """Which operand of an operation is the mbarrier that it uses; the stage is the next one."""
    if operation.name in (_ARRIVE, _EXPECT, _WAIT):
        return 0
    return len(operation.operands) - 2 if operation.name == _COPY else None


@dataclass
class _Slot:
    """What one iteration does with one stage of a barrier, so far."""

    arrivals: int = 0
    expected: int = 0
    copied: int = 0
    waited: bool = False
    operations: list[ir.Operation] = field(default_factory=list)


def why_not_one_phase(barrier: ir.Value, accesses: Sequence[tuple[int, Access]], loop: ir.Operation) -> Obstacle | None:
    """Why an iteration does not complete one phase of each stage that it uses, and wait for it; None where it does.

    `accesses`: those of the barrier in the loop, in program order.
    """
    slots: dict[int, _Slot] = {}
    for _, access in accesses:
        operation = access.operation
        position = barrier_position(operation)
        assert position is not None
        if not _is_a_statement(operation, loop):
            return Obstacle(f"{operation.name} is under a guard or in a loop of its own", operation)
        stage = constant_value(operation.operands[position + 1])
        if stage is None:
            return Obstacle(f"{operation.name} uses a stage of it that varies", operation)
        obstacle = _add(slots.setdefault(stage, _Slot()), operation)
        if obstacle is not None:
            return obstacle
    arrivals = ir.IntegerAttr(barrier.owner.operation.attributes["arrivals"]).value
    for slot in slots.values():
        if slot.arrivals != arrivals:
            reason = f"an iteration arrives {slot.arrivals} times, and a phase takes {arrivals} arrivals"
            return Obstacle(reason, slot.operations[0])
        if slot.expected != slot.copied:
            reason = f"an iteration copies {slot.copied} bytes, and {slot.expected} are expected"
            return Obstacle(reason, slot.operations[0])
    return None


def _is_a_statement(operation: ir.Operation, loop: ir.Operation) -> bool:
    holder = operation.parent
    if holder is not None and holder.operation.name == "tile.statement":
        holder = holder.operation.parent
    return holder is not None and holder.operation == loop


def _add(slot: _Slot, operation: ir.Operation) -> Obstacle | None:
    """Count an operation; refuses one that would belong to another phase than those before it."""
    slot.operations.append(operation)
    if operation.name == _WAIT:
        slot.waited = True
        return None
    if slot.waited:
        return Obstacle(f"{operation.name} follows a wait of the same iteration", operation)
    if operation.name == _ARRIVE:
        slot.arrivals += _arrivals_of(operation)
    elif operation.name == _COPY:
        slot.copied += _bytes_of(operation.operands[-3])
    else:
        if slot.arrivals:
            return Obstacle(f"{operation.name} follows an arrival that may complete the phase", operation)
        slot.expected += ir.IntegerAttr(operation.attributes["bytes"]).value
    return None


def _arrivals_of(arrive: ir.Operation) -> int:
    if "elect" in arrive.attributes and ir.BoolAttr(arrive.attributes["elect"]).value:
        return 1
    function = arrive
    while function.parent is not None and function.name != "gpu.func":
        function = function.parent.operation
    if "known_block_size" not in function.attributes:
        return 0
    x, y, z = ir.DenseI32ArrayAttr(function.attributes["known_block_size"])
    return x * y * z


def _bytes_of(tile: ir.Value) -> int:
    kind = ir.MemRefType(tile.type)
    count = 1
    for size in kind.shape:
        count *= size
    return count * max(1, getattr(kind.element_type, "width", 64) // 8)


def why_not_alone(barrier: ir.Value, loop: ir.Operation, others: Sequence[ir.Operation]) -> Obstacle | None:
    """Why the phases of a barrier are not the iterations of the loop, counted over what it is nested in; None where they are.

    `others`: the other pipelined loops of the kernel.
    """
    made = barrier.owner.operation
    if made.block.owner.operation.name != "gpu.func":
        return Obstacle("it is initialised in a loop or under a guard", made)
    for use in barrier.uses:
        user = use.owner.operation
        if not is_nested_in(user, loop):
            return Obstacle(f"{user.name} uses it outside of the loop", user)
    return why_not_counted(loop, others)
