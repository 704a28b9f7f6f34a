"""Which strategy a loop gets: warp specialization where the machine and the kernel allow it, else an asynchronous pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.analysis.accesses import effects_of
from tilewright.analysis.regions import root_of
from tilewright.analysis.statements import LoopBody, Statement
from tilewright.analysis.versionable import ancestor_in, terminal_users
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.instructions import Choice
from tilewright.transforms.loop_plan import buffer_name
from tilewright.transforms.schedule import Schedule


@dataclass(frozen=True)
class KernelFacts:
    """What the rest of the kernel does, as far as specialization asks.

    `written`: the roots that anything in the kernel writes, None among them if one is not known. `waiting`: an operation, not
    in a pipelined loop, whose effects are not known, a barrier for one. `specialized`: the kernel is specialized by hand.
    """

    function: ir.Operation
    threads: int
    written: frozenset[ir.Value | None]
    waiting: ir.Operation | None
    specialized: bool
    disabled: bool

    def may_write(self, root: ir.Value | None) -> bool:
        """Whether the kernel writes the buffer, or may."""
        return root is None or None in self.written or root in self.written


def kernel_facts(function: ir.Operation, threads: int) -> KernelFacts:
    written: set[ir.Value | None] = set()
    waiting: ir.Operation | None = None
    specialized = False
    for child in function.regions[0].blocks[0].operations:
        operation = child.operation
        if operation.name == "gpu.return":
            continue
        specialized = specialized or operation.name == "tile.specialize"
        effects = effects_of(operation)
        waiting = waiting or effects.opaque
        written |= {access.region.root for access in effects.accesses if access.writes}
    disabled = "tile.disable_warp_specialization" in function.attributes
    return KernelFacts(function, threads, frozenset(written), waiting, specialized, disabled)


def why_not_specialize(
    body: LoopBody,
    schedule: Schedule,
    choices: Sequence[Choice | None],
    facts: KernelFacts,
    machine: Machine,
    others: Sequence[ir.Operation],
) -> str | None:
    """The first reason against warp specialization of a loop whose bulk choices are `choices`, or None."""
    producers = schedule.ahead
    if not machine.specializes_warps:
        return f"{machine.target} has no bulk copies that signal an mbarrier"
    if facts.disabled or "tile.disable_warp_specialization" in body.loop.attributes:
        return "tile.disable_warp_specialization is set"
    if body.loop.parent is None or body.loop.parent.operation.name != "gpu.func":
        return "the loop is nested in another operation, over which the phase would have to be carried"
    if facts.waiting is not None:
        return f"{facts.waiting.name} in the kernel waits for all its threads"
    warp = machine.limits.warp_size
    if facts.threads % warp or facts.threads + machine.warp_group_size > machine.limits.threads_per_block:
        return f"{facts.threads} threads leave no room for a producer warp group"
    bulk = [i for i in producers if (choice := choices[i]) is not None and choice.instruction == "bulk"]
    if not bulk:
        reasons = [choice.reason for i in producers if (choice := choices[i]) is not None]
        return f"no copy of the loop can be a bulk copy ({reasons[0]})" if reasons else "the loop has no copy to run ahead"
    for index in producers:
        why_not = _producer_refusal(body, body.statements[index], facts, others)
        if why_not is not None:
            return why_not
    return None


def _producer_refusal(body: LoopBody, statement: Statement, facts: KernelFacts, others: Sequence[ir.Operation]) -> str | None:
    """Why a copy cannot be left to another warp group."""
    for access in statement.accesses:
        if not access.writes and facts.may_write(access.region.root):
            return f"the kernel writes {buffer_name(access.region.root)}, which a copy reads"
    for load in _loads_behind(statement, body):
        if any(facts.may_write(access.region.root) for access in effects_of(load).accesses):
            return "a copy's address or guard is read from memory that the kernel writes"
    buffers = {access.region.root for access in statement.accesses if access.writes}
    for buffer in buffers:
        for user in terminal_users(buffer) if buffer is not None else []:
            if any(ancestor_in(user, loop.regions[0].blocks[0]) is not None for loop in others):
                return f"another pipelined loop uses {buffer_name(buffer)}"
            place = ancestor_in(user, body.loop.block)
            if place is not None and place != body.loop and place.is_before_in_block(body.loop):
                return f"{buffer_name(buffer)} is used before the loop"
    return None


def _loads_behind(statement: Statement, body: LoopBody) -> list[ir.Operation]:
    """The operations, anywhere in the kernel, whose results reach the statement's operands or guards and that read memory."""
    found: list[ir.Operation] = []
    seen: set[ir.Operation] = set()
    work = [*statement.operation.operands, *(guard.operands[0] for guard in statement.guards)]
    for inner in _operations_in(statement.operation):
        work += list(inner.operands)
    while work:
        value = work.pop()
        if isinstance(value.owner, ir.Block):
            continue
        operation = value.owner.operation
        if operation in seen or (isinstance(value.type, ir.MemRefType) and root_of(value) == value):
            continue
        seen.add(operation)
        if not effects_of(operation).pure:
            found.append(operation)
        work += list(operation.operands)
        for inner in _operations_in(operation):
            work += list(inner.operands)
    return found


def _operations_in(operation: ir.Operation) -> list[ir.Operation]:
    found: list[ir.Operation] = []
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                found.append(child.operation)
                found += _operations_in(child.operation)
    return found
