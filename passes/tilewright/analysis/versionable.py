"""Which buffers of a loop may get versions, given how the rest of the kernel uses them.

A buffer that a loop renews gets one version for each iteration in flight. Outside the loop a use sees the version of the
iteration that ended last: that is known where uses and loop stand in one block, and the loop is known to have
written what is read.
"""

from __future__ import annotations

from tilewright.analysis.accesses import Access, effects_of
from tilewright.analysis.counting import is_nested_in
from tilewright.analysis.dependence import covers, is_renewed
from tilewright.analysis.program_slice import Obstacle
from tilewright.analysis.regions import FOLLOWING_VIEWS, VIEWS
from tilewright.analysis.statements import LoopBody
from tilewright.analysis.trips import constant_trips
from tilewright.analysis.user_barriers import is_barrier, why_not_alone, why_not_one_phase
from tilewright.mlir import ir


def ancestor_in(operation: ir.Operation, block: ir.Block) -> ir.Operation | None:
    """The operation of `block` that is, or holds, `operation`."""
    # The top of the module has no block, and must not be asked for one.
    while operation.parent is not None:
        if operation.block == block:
            return operation
        operation = operation.parent.operation
    return None


def terminal_users(value: ir.Value) -> list[ir.Operation]:
    """The operations that use `value` or a view of it, views themselves left out."""
    users: list[ir.Operation] = []
    for use in value.uses:
        operation = use.owner.operation
        if operation.name in VIEWS:
            for result in operation.results:
                users += terminal_users(result)
        elif operation not in users:
            users.append(operation)
    return users


def versionable(buffer: ir.Value, body: LoopBody, others: list[ir.Operation]) -> str | None:
    """Why `buffer` cannot have versions in this loop, or None. `others`: the other pipelined loops of the kernel."""
    if is_barrier(buffer):
        obstacle = why_not_replicated(buffer, body, others)
        return None if obstacle is None else obstacle.reason
    if not is_renewed(buffer, body):
        return "an iteration reads what an earlier one left in it"
    if not _views_follow(buffer):
        return "a view reads its address, which a version would change"
    around = [loop for loop in others if is_nested_in(body.loop, loop)]
    others = [loop for loop in others if loop not in around]
    if _each_loop_renews(buffer, body, others, around):
        return None
    if around:
        return "the pipelined loop around this one uses it, or something outside of that"
    block = body.loop.block
    nested = _is_nested(body.loop)
    for user in terminal_users(buffer):
        place = ancestor_in(user, block)
        if place is None:
            return f"{user.name} uses it outside the block of the loop"
        if user.name not in ("memref.dim", "memref.dealloc") and not only_accesses(user):
            return f"{user.name} hands it on"
        if place == body.loop or user.name == "memref.dealloc":
            continue
        holder = next((loop for loop in others if ancestor_in(user, loop.regions[0].blocks[0]) is not None), None)
        if holder is not None and holder.block != block:
            return "a pipelined loop of another block uses it"
        if nested and place.is_before_in_block(body.loop) and holder is None:
            return f"{user.name} uses it before the loop, in another loop's body"
        if nested and not constant_trips(body.loop):
            return f"{user.name} uses it outside the loop, which may not run at all"
        renews = place.name == "scf.for" and _renews(body.sibling(place), buffer)
        if not renews and not place.is_before_in_block(body.loop):
            why_not = _stale_read(place, buffer, body)
            if why_not is not None:
                return why_not
    return None


def why_not_replicated(barrier: ir.Value, body: LoopBody, others: list[ir.Operation]) -> Obstacle | None:
    """Why an mbarrier of the user's cannot be replicated for the iterations of this loop, or None."""
    accesses = body.accesses_by_root.get(barrier, [])
    return why_not_one_phase(barrier, accesses, body.loop) or why_not_alone(barrier, body.loop, others)


def _each_loop_renews(buffer: ir.Value, body: LoopBody, others: list[ir.Operation], around: list[ir.Operation]) -> bool:
    """Whether nothing but pipelined loops uses the buffer, and each renews it: then none sees what another one left in it.

    `around`: the pipelined loops around this one, in which all of those loops must be.
    """
    loops = [body.loop, *others]
    for user in terminal_users(buffer):
        if not all(is_nested_in(user, loop) for loop in around):
            return False
        holder = next((loop for loop in loops if ancestor_in(user, loop.regions[0].blocks[0]) is not None), None)
        if holder is None or (user.name != "memref.dim" and not only_accesses(user)):
            return False
        if holder != body.loop and not _renews(body.sibling(holder), buffer):
            return False
    return True


def only_accesses(user: ir.Operation) -> bool:
    """Whether an operation is one that itself reads or writes its operands: such operations do nothing else with them."""
    return any(access.operation == user for access in effects_of(user).accesses)


def _renews(body: LoopBody, buffer: ir.Value) -> bool:
    return body.refusal is None and is_renewed(buffer, body)


def _views_follow(value: ir.Value) -> bool:
    """Whether every view of `value` takes its layout from its source, so that it can be a view of a version instead."""
    for use in value.uses:
        operation = use.owner.operation
        if operation.name in VIEWS and (operation.name not in FOLLOWING_VIEWS or not _views_follow(operation.results[0])):
            return False
    return True


def _is_nested(loop: ir.Operation) -> bool:
    return loop.block.owner.operation.name != "gpu.func"


def _stale_read(place: ir.Operation, buffer: ir.Value, body: LoopBody) -> str | None:
    """A read after the loop must find all that it reads in the version of the last iteration."""
    reads = [access for access in effects_of(place).accesses if access.region.is_of(buffer) and access.kind != "write"]
    writes = [access for access in body.accesses() if access.kind == "write"]
    for read in reads:
        bare = Access(read.kind, read.region, read.operation, read.certain)
        if not covers(writes, bare):
            return f"{read.operation.name} after the loop may read what an earlier iteration left in it"
    return None
