"""Which strategy a loop gets: warp specialization where the machine and the kernel allow it, else an asynchronous pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.analysis.accesses import effects_of
from tilewright.analysis.counting import why_not_counted
from tilewright.analysis.program_slice import KernelWrites, Obstacle, ProgramSlice, slice_for
from tilewright.analysis.statements import LoopBody
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.instructions import Choice, space_name
from tilewright.transforms.schedule import Schedule


@dataclass(frozen=True)
class KernelFacts:
    """What the rest of the kernel does, as far as specialization asks.

    `waiting`: an operation whose effects are not known, a barrier for one.
    """

    function: ir.Operation
    threads: int
    writes: KernelWrites
    waiting: ir.Operation | None
    disabled: bool


def specialized_by_hand(function: ir.Operation) -> bool:
    """Whether a kernel has warp groups already."""
    return any(child.operation.name == "tile.specialize" for child in function.regions[0].blocks[0].operations)


def kernel_facts(function: ir.Operation, threads: int) -> KernelFacts:
    waiting: ir.Operation | None = None
    for child in function.regions[0].blocks[0].operations:
        operation = child.operation
        if operation.name == "gpu.return":
            continue
        waiting = waiting or effects_of(operation).opaque
    disabled = "tile.disable_warp_specialization" in function.attributes
    return KernelFacts(function, threads, KernelWrites(function), waiting, disabled)


def why_not_specialize(
    body: LoopBody,
    schedule: Schedule,
    choices: Sequence[Choice | None],
    facts: KernelFacts,
    machine: Machine,
) -> Obstacle | None:
    """The first reason against warp specialization of a loop whose choices of copies are `choices`, or None."""
    producers = schedule.ahead
    loop = body.loop
    if not machine.specializes_warps:
        return Obstacle(f"{machine.target} has no bulk copies that signal an mbarrier", loop)
    if facts.disabled or "tile.disable_warp_specialization" in loop.attributes:
        return Obstacle("tile.disable_warp_specialization is set", loop)
    if facts.waiting is not None:
        return Obstacle(_why_not_split(facts.waiting.name), facts.waiting)
    warp = machine.limits.warp_size
    if facts.threads % warp or facts.threads + machine.warp_group_size > machine.limits.threads_per_block:
        return Obstacle(f"{facts.threads} threads leave no room for a producer warp group", loop)
    copies = [(body.statements[i].operation, choice) for i in producers if (choice := choices[i]) is not None]
    if not any(choice.instruction == "bulk" for _, choice in copies):
        if not copies:
            return Obstacle("the loop has no copy to run ahead", loop)
        return Obstacle(f"no copy of the loop can be a bulk copy ({copies[0][1].reason})", loop)
    return why_not_counted(loop, ())


def _why_not_split(name: str) -> str:
    """Why the threads of a kernel with an operation whose effects are not known cannot be two roles."""
    if name == "gpu.barrier":
        return f"{name} in the kernel waits for all its threads"
    if name.startswith("tile."):
        return f"the kernel has synchronization of its own, {name}"
    return f"the effects of {name} in the kernel are not known"


def producer_slice(body: LoopBody, producers: Sequence[int], facts: KernelFacts, machine: Machine) -> ProgramSlice:
    """What another warp group needs to make the copies, with their addresses and guards; or why it cannot."""
    copies = [body.statements[index].operation for index in producers]
    return slice_for(facts.function, copies, facts.writes, lambda tile: may_copy(tile, machine))


def may_copy(tile: ir.Value, machine: Machine) -> bool:
    """Whether each warp group may have a copy of its own of a tile: of what is on chip."""
    return ir.MemRefType(tile.type).has_static_shape and space_name(tile.type, machine) not in ("global", "unknown")
