"""Decide the plans of a kernel's loops together: what one loop gets depends on which of the others are pipelined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tilewright.analysis.dependence import DependenceGraph
from tilewright.analysis.statements import LoopBody
from tilewright.diagnostics import Note, source_location
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.instructions import Choice
from tilewright.transforms.loop_plan import (
    LoopPlan,
    LoopRequest,
    Remark,
    bytes_of,
    decide_schedule,
    dependences_of,
    graph_with_versions,
    instruction_choices,
    read_request,
    shared_bytes,
    statement_facts,
    versions_of,
)
from tilewright.transforms.schedule import Schedule, overwritten_copy
from tilewright.transforms.strategy import KernelFacts, why_not_specialize


def decide_loops(bodies: Sequence[LoopBody], facts: KernelFacts, strategy: str, machine: Machine) -> list[LoopPlan]:
    """The plans of all loops that ask for one. A loop that ends without a pipeline is none of the others' concern.

    Raises InputError for a request that does not fit its loop.
    """
    pipelined = [body.loop for body in bodies]
    while True:
        plans = [_decide(body, facts, [loop for loop in pipelined if loop != body.loop], strategy, machine) for body in bodies]
        remaining = [body.loop for body, plan in zip(bodies, plans, strict=True) if plan.schedule is not None]
        still = [loop for loop in pipelined if loop in remaining]
        if len(still) == len(pipelined):
            return plans
        pipelined = still


def _decide(body: LoopBody, facts: KernelFacts, others: list[ir.Operation], strategy: str, machine: Machine) -> LoopPlan:
    if body.refusal is not None:
        note = Note(f"because of this '{body.refusal.operation.name}'", source_location(body.refusal.operation.location))
        return _unpipelined(body.refusal.reason, (note,))
    request = read_request(body, strategy)
    if request.strategy == "none" or (request.num_stages == 0 and request.stages is None):
        return LoopPlan("none", "the input asks for no pipeline")
    return _decide_stages(body, request, facts, others, machine)


def _unpipelined(reason: str, notes: tuple[Note, ...] = ()) -> LoopPlan:
    return LoopPlan("none", reason, remarks=(Remark(f"loop not pipelined: {reason}", notes),))


def _decide_stages(
    body: LoopBody, request: LoopRequest, facts: KernelFacts, others: list[ir.Operation], machine: Machine
) -> LoopPlan:
    """The plan with as many stages as were asked for and fit into shared memory."""
    graph, refused = graph_with_versions(body, others, machine)
    bulk = instruction_choices(body, machine, ("mbarrier", "none"))
    grouped = instruction_choices(body, machine, ("group", "none"))
    used = shared_bytes(facts.function, machine)
    remarks: list[Remark] = []
    num_stages = request.num_stages
    while True:
        schedule = decide_schedule(body, graph, replace(request, num_stages=num_stages), machine, grouped)
        if schedule is None or schedule.depth == 0:
            return _unpipelined(_why_unscheduled(schedule, refused), _in_the_way(body, graph, grouped, machine))
        versions = versions_of(body, graph, schedule)
        needed = used + sum(bytes_of(buffer) * (count - 1) for buffer, count in versions.items())
        if needed <= machine.limits.shared_bytes or request.stages is not None or num_stages == 1:
            break
        num_stages -= 1
    if request.stages is not None:
        # A channel must be as deep as the versions that the schedule needs.
        num_stages = max(num_stages, *versions.values(), 1)
    if num_stages < request.num_stages:
        capacity = f"{machine.limits.shared_bytes} bytes of shared memory"
        remarks.append(Remark(f"{request.num_stages} stages do not fit into {capacity}: {num_stages} it is"))
    why_not = _why_not_one_role(schedule, bulk) or why_not_specialize(body, schedule, bulk, facts, machine, others)
    if request.strategy == "async" or why_not is not None:
        if request.strategy == "warp_specialize":
            remarks.append(Remark(f"not specialized, but pipelined: {why_not}"))
        reason = "asked for" if request.strategy == "async" else f"not specialized: {why_not}"
        choices = _without_group(grouped, schedule)
        return LoopPlan("async", reason, num_stages, schedule, choices, tuple(remarks), tuple(bulk))
    schedule = replace(schedule, groups=_channel_groups(schedule))
    reason = "asked for" if request.strategy else f"{machine.target} has bulk copies, and nothing forbids it"
    choices = _without_group(bulk, schedule)
    return LoopPlan("warp_specialize", reason, num_stages, schedule, choices, tuple(remarks), tuple(bulk))


def _why_not_one_role(schedule: Schedule, choices: Sequence[Choice | None]) -> str | None:
    """Why the statements that run ahead are not a producer's, whose copies do not wait for one another."""
    return "a copy needs what another statement makes" if any(choices[index] is None for index in schedule.ahead) else None


def _why_unscheduled(schedule: Schedule | None, refused: dict[str, str]) -> str:
    if schedule is not None:
        return "all its statements are at one stage"
    reasons = "; ".join(f"{buffer}: {reason}" for buffer, reason in refused.items())
    return "no copy from global to shared memory may run ahead of its iteration" + (f" ({reasons})" if reasons else "")


def _in_the_way(body: LoopBody, graph: DependenceGraph, choices: Sequence[Choice | None], machine: Machine) -> tuple[Note, ...]:
    """Notes at what holds the copies back: memory that could be any, or a second write of what a copy brought."""
    for _, access in body.unknown_accesses[:1]:
        message = f"this '{access.operation.name}' uses a buffer that is neither an allocation nor a kernel argument"
        return (Note(message, source_location(access.operation.location)),)
    overwritten = overwritten_copy(statement_facts(body, choices, machine), dependences_of(graph))
    if overwritten is None:
        return ()
    copy, writer = (body.statements[index].operation for index in (overwritten.source, overwritten.target))
    places = source_location(writer.location), source_location(copy.location)
    return (
        Note(f"this '{writer.name}' writes over what a copy of the same iteration brought", places[0]),
        Note(f"the '{copy.name}' that is overwritten", places[1]),
    )


def _without_group(choices: Sequence[Choice | None], schedule: Schedule) -> tuple[Choice | None, ...]:
    """What no group completes is copied by the threads, whatever could have done it."""
    in_place = Choice("simt", "nothing waits for it as a group: it is used in the step in which it is made")
    return tuple(
        in_place if choice is not None and choice.instruction != "simt" and group < 0 else choice
        for choice, group in zip(choices, schedule.groups, strict=True)
    )


def _channel_groups(schedule: Schedule) -> tuple[int, ...]:
    """Under warp specialization each run of copies that run ahead is one channel, however its copies are made."""
    groups = [-1] * len(schedule.stages)
    count = 0
    previous = False
    for statement in schedule.sequence:
        produces = statement in schedule.ahead
        if produces:
            count += 0 if previous else 1
            groups[statement] = count - 1
        previous = produces
    return tuple(groups)
