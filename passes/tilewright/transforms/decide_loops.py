"""Decide the plans of a kernel's loops together: what one loop gets depends on which of the others are pipelined."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tilewright.analysis.counting import is_nested_in
from tilewright.analysis.dependence import DependenceGraph
from tilewright.analysis.program_slice import Obstacle, ProgramSlice
from tilewright.analysis.regions import buffer_name
from tilewright.analysis.statements import LoopBody
from tilewright.analysis.user_barriers import is_barrier
from tilewright.analysis.versionable import ancestor_in, terminal_users, why_not_replicated
from tilewright.diagnostics import InputError, Note, source_location
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.channel_counts import channel_uses
from tilewright.transforms.channel_plan import ChannelPlan, ChannelUse, outside_users, plan_channels, why_not_share
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import Choice, space_name
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
from tilewright.transforms.lost_copies import refuse_lost_copy
from tilewright.transforms.schedule import Schedule, overwritten_copy
from tilewright.transforms.strategy import KernelFacts, producer_slice, why_not_specialize

# Of two nested loops the inner one runs more iterations: where both cannot have what they could have alone, it goes first.
_HOLDS_SPECIALIZED = "a loop in it is specialized, and this one cannot be"
_HOLDS_PIPELINED = "a loop in it is pipelined, and could not be in a pipeline"


def decide_loops(bodies: Sequence[LoopBody], facts: KernelFacts, strategy: str, machine: Machine) -> list[LoopPlan]:
    """The plans of all loops that ask for one. A loop that ends without a pipeline is none of the others' concern.

    A loop may lose its pipeline to another that loses its own later: it gets a second chance, and no third.
    Raises InputError for a request that does not fit its loop.
    """
    pipelined = [body.loop for body in bodies]
    together: dict[ir.Operation, Obstacle] = {}
    dropped: list[ir.Operation] = []
    settled: dict[ir.Operation, LoopPlan] = {}
    while True:
        plans: list[LoopPlan] = []
        for body in bodies:
            around = _around(body, bodies, plans)
            others = _Others((*_apart(body, pipelined), *(loop for loop, _ in around)), together, around)
            plans.append(settled.get(body.loop) or _decide(body, facts, others, strategy, machine))
        by_loop = {body.loop: plan for body, plan in zip(bodies, plans, strict=True)}
        remaining = [loop for loop, plan in by_loop.items() if plan.schedule is not None]
        refused = _refuse_sharing(bodies, plans, remaining) or _refuse_held(bodies, plans, facts, machine)
        yielding = {loop: _HOLDS_SPECIALIZED for plan in plans if (loop := plan.held_by) is not None}
        for body, plan in zip(bodies, plans, strict=True):
            around = _around(body, bodies, plans)
            if plan.schedule is None and around and body.loop not in settled:
                alone = _Others(_apart(body, pipelined), together, ())
                if _decide(body, facts, alone, strategy, machine).schedule is not None:
                    yielding |= {loop: _HOLDS_PIPELINED for loop, _ in around}
        if remaining == pipelined and not refused and not yielding:
            return plans
        settled |= {loop: _unpipelined(reason) for loop, reason in yielding.items()}
        lost = [loop for loop in pipelined if loop not in remaining]
        settled |= {loop: by_loop[loop] for loop in lost if loop in dropped}
        dropped += lost
        pipelined = [loop for loop in remaining if loop not in yielding]
        together |= refused


@dataclass(frozen=True)
class _Others:
    """What a loop must know of the others.

    `loops`: those that are pipelined. `obstacles`: why some loops cannot be specialized beside them. `around`: the pipelined
    loops around this one, outermost first, with their plans.
    """

    loops: tuple[ir.Operation, ...]
    obstacles: dict[ir.Operation, Obstacle]
    around: tuple[tuple[ir.Operation, LoopPlan], ...]


def _apart(body: LoopBody, loops: Sequence[ir.Operation]) -> tuple[ir.Operation, ...]:
    """The loops that are neither this one nor around it."""
    return tuple(loop for loop in loops if loop != body.loop and not is_nested_in(body.loop, loop))


def _around(body: LoopBody, bodies: Sequence[LoopBody], plans: Sequence[LoopPlan]) -> tuple[tuple[ir.Operation, LoopPlan], ...]:
    """The loops around one, with their plans, as far as those have a pipeline. `plans`: those of the bodies before it."""
    decided = zip(bodies, plans, strict=False)
    return tuple((o.loop, plan) for o, plan in decided if plan.schedule is not None and is_nested_in(body.loop, o.loop))


def _refuse_sharing(
    bodies: Sequence[LoopBody], plans: Sequence[LoopPlan], pipelined: Sequence[ir.Operation]
) -> dict[ir.Operation, Obstacle]:
    """The loops to be specialized that share tiles with others in a way that channels do not allow."""
    refused: dict[ir.Operation, Obstacle] = {}
    for channel in _channels(bodies, plans):
        obstacle = why_not_share(channel) or _other_user(channel, pipelined)
        if obstacle is not None:
            refused |= dict.fromkeys(channel.loops, obstacle)
    return refused


def _refuse_held(
    bodies: Sequence[LoopBody], plans: Sequence[LoopPlan], facts: KernelFacts, machine: Machine
) -> dict[ir.Operation, Obstacle]:
    """The loops whose producer needs a table of its own, or that have a stage more than they asked for, since the last is held,
    where that does not fit."""
    channels = _channels(bodies, plans)
    needed = sum(bytes_of(tile) * (channel.depth - 1) for channel in channels for tile in channel.tiles)
    used = shared_bytes(facts.function, machine) + needed
    tables = dict.fromkeys(tile for plan in plans for tile in plan.private if space_name(tile.type, machine) == "shared")
    if used + sum(map(bytes_of, tables)) <= machine.limits.shared_bytes:
        return {}
    if tables:
        reason = "a second copy of the table that a copy's address or guard is read from does not fit into shared memory"
        users = [(body.loop, tile) for body, plan in zip(bodies, plans, strict=True) for tile in plan.private if tile in tables]
        return {loop: Obstacle(reason, table.owner.operation) for loop, table in users}
    deeper = [channel for channel in channels if channel.depth > max(use.stages for use in channel.uses)]
    reason = "a tile is used outside of the loop, and a second one does not fit into shared memory"
    return {loop: Obstacle(reason, loop) for channel in deeper for loop in channel.loops}


def _other_user(channel: ChannelPlan, pipelined: Sequence[ir.Operation]) -> Obstacle | None:
    """A pipelined loop that uses a tile of the channel and does not fill it by the channel."""
    others = [loop for loop in pipelined if loop not in channel.loops]
    for tile in channel.tiles:
        for user in outside_users(tile, channel.loops):
            for other in others:
                if ancestor_in(user, other.regions[0].blocks[0]) is not None:
                    return Obstacle(f"another pipelined loop uses {buffer_name(tile)}", user)
    return None


def _channels(bodies: Sequence[LoopBody], plans: Sequence[LoopPlan]) -> list[ChannelPlan]:
    """The channels of the loops that are to be specialized."""
    specialized = [(body, plan) for body, plan in zip(bodies, plans, strict=True) if plan.strategy == "warp_specialize"]
    return plan_channels(use for body, plan in specialized for use in _uses(body, plan))


def _uses(body: LoopBody, plan: LoopPlan) -> list[ChannelUse]:
    assert plan.schedule is not None
    return channel_uses(body, plan.schedule.groups, plan.num_stages)


def _decide(body: LoopBody, facts: KernelFacts, others: _Others, strategy: str, machine: Machine) -> LoopPlan:
    if body.refusal is not None:
        note = Note(f"because of this '{body.refusal.operation.name}'", source_location(body.refusal.operation.location))
        return _unpipelined(body.refusal.reason, (note,))
    request = read_request(body, strategy)
    if request.strategy == "none" or (request.num_stages == 0 and request.stages is None):
        return LoopPlan("none", "the input asks for no pipeline")
    refuse_lost_copy(body, machine)
    try:
        return _decide_stages(body, request, facts, others, machine)
    except InputError:
        if not others.around:
            raise
        # The schedule is one of the input's: it may be right for a loop that is in no other one.
        return _unpipelined("its schedule breaks a dependence in another pipeline")


def _unpipelined(reason: str, notes: tuple[Note, ...] = ()) -> LoopPlan:
    return LoopPlan("none", reason, remarks=(Remark(f"loop not pipelined: {reason}", notes),))


def _decide_stages(body: LoopBody, request: LoopRequest, facts: KernelFacts, others: _Others, machine: Machine) -> LoopPlan:
    """The plan with as many stages as were asked for and fit into shared memory."""
    graph, refused = graph_with_versions(body, others.loops, machine)
    bulk = instruction_choices(body, machine, ("mbarrier", "none"))
    grouped = instruction_choices(body, machine, ("group", "none"))
    used = shared_bytes(facts.function, machine) + sum(plan.version_bytes for _, plan in others.around)
    free = machine.limits.shared_bytes - used
    remarks: list[Remark] = []
    num_stages = request.num_stages

    def scheduled(stages: int) -> Schedule | None:
        return decide_schedule(body, graph, replace(request, num_stages=stages), machine, grouped)

    def needed(schedule: Schedule | None) -> int:
        versions = {} if schedule is None else versions_of(body, graph, schedule)
        return sum(bytes_of(buffer) * (count - 1) for buffer, count in versions.items())

    schedule = scheduled(num_stages)
    if request.stages is None and num_stages > 1 and needed(schedule) > free:
        fewer = range(1, num_stages)
        num_stages = max(1, bisect_right(fewer, free, key=lambda stages: needed(scheduled(stages))))
        schedule = scheduled(num_stages)
    if schedule is None or schedule.depth == 0:
        return _unpipelined(_why_unscheduled(schedule, refused), _in_the_way(body, graph, grouped, machine))
    if request.stages is not None:
        # A channel must be as deep as the versions that the schedule needs.
        num_stages = max(num_stages, *versions_of(body, graph, schedule).values(), 1)
    if num_stages < request.num_stages:
        capacity = f"{machine.limits.shared_bytes} bytes of shared memory"
        remarks.append(Remark(f"{request.num_stages} stages do not fit into {capacity}: {num_stages} it is"))
    remarks += _kept_in_one_stage(body, schedule, request, others.loops)
    why_not = (
        _why_not_in_the_loop(body, schedule)
        or _why_not_one_role(body, schedule, bulk)
        or _why_not_one_count(body, schedule, others.loops)
        or why_not_specialize(body, schedule, bulk, facts, machine)
    )
    apart = ProgramSlice() if why_not is not None else producer_slice(body, schedule.ahead, facts, machine)
    why_not = why_not or apart.obstacle or others.obstacles.get(body.loop)
    holders = [(loop, plan) for loop, plan in others.around if plan.strategy == "async"] if why_not is None else []
    if holders:
        why_not = Obstacle("the loop is nested in an asynchronous pipeline, which comes apart", holders[0][0])
    if request.strategy == "async" or why_not is not None:
        if why_not is not None and (request.strategy == "warp_specialize" or _is_surprising(request, why_not, body)):
            remarks.append(_not_specialized(body.loop, why_not))
        reason = "asked for" if why_not is None or request.strategy == "async" else f"not specialized: {why_not.reason}"
        choices = _without_group(grouped, schedule)
        asked = request.strategy == "async"
        held_by = next((loop for loop, plan in holders if not plan.asked), None) if not asked else None
        plan = LoopPlan("async", reason, num_stages, schedule, choices, tuple(remarks), tuple(bulk), asked)
        return replace(plan, version_bytes=needed(schedule), held_by=held_by)
    schedule = replace(schedule, groups=_channel_groups(body, schedule))
    reason = "asked for" if request.strategy else f"{machine.target} has bulk copies, and nothing forbids it"
    channel = instruction_choices(body, machine, ("mbarrier", "group", "none"))
    choices = _without_group(channel, schedule)
    plan = LoopPlan("warp_specialize", reason, num_stages, schedule, choices, tuple(remarks), tuple(bulk))
    return replace(plan, asked=request.strategy is not None, version_bytes=needed(schedule), private=tuple(apart.private))


def _kept_in_one_stage(
    body: LoopBody, schedule: Schedule, request: LoopRequest, others: Sequence[ir.Operation]
) -> list[Remark]:
    """Remarks on the user's mbarriers whose bulk copies do not run ahead, since they cannot be replicated."""
    remarks: list[Remark] = []
    for barrier, copies in _bulk_copies(body).items():
        obstacle = why_not_replicated(barrier, body, list(others))
        if obstacle is not None and request.stages is None and not set(copies) & set(schedule.ahead):
            name, where = obstacle.operation.name, source_location(obstacle.operation.location)
            message = f"all that is done with {buffer_name(barrier)} stays in one stage: {obstacle.reason}"
            remarks.append(Remark(message, (Note(f"because of this '{name}'", where),)))
    return remarks


def _bulk_copies(body: LoopBody) -> dict[ir.Value, list[int]]:
    """The statements that bulk copies of the user's are in, by the mbarrier that they signal."""
    found: dict[ir.Value, list[int]] = {}
    for barrier, accesses in body.accesses_by_root.items():
        copies = [index for index, access in accesses if access.operation.name == "tile.bulk_copy"]
        if is_barrier(barrier) and copies:
            found[barrier] = copies
    return found


def _why_not_in_the_loop(body: LoopBody, schedule: Schedule) -> Obstacle | None:
    """A copy that the user signals on a barrier runs ahead in the agent that waits for it: it has no producer."""
    for copies in _bulk_copies(body).values():
        for index in set(copies) & set(schedule.ahead):
            operation = body.statements[index].operation
            return Obstacle("a copy that runs ahead signals a barrier of the kernel's own", operation)
    return None


def _why_not_one_role(body: LoopBody, schedule: Schedule, choices: Sequence[Choice | None]) -> Obstacle | None:
    """Why the statements that run ahead are not a producer's, whose copies do not wait for one another."""
    ahead = [body.statements[index] for index in schedule.ahead]
    filled = {access.region.root for statement in ahead for access in statement.own_accesses if access.writes}
    for index, statement in zip(schedule.ahead, ahead, strict=True):
        if choices[index] is None or any(not a.writes and a.region.root in filled for a in statement.accesses):
            return Obstacle("a copy needs what another statement makes", statement.operation)
    return None


def _why_not_one_count(body: LoopBody, schedule: Schedule, others: Sequence[ir.Operation]) -> Obstacle | None:
    """Why the iterations of the loops that fill the same tiles cannot be counted on from one to the other."""
    apart = [loop for loop in others if loop.block != body.loop.block and not is_nested_in(body.loop, loop)]
    elsewhere = [loop.regions[0].blocks[0] for loop in apart]
    for index in schedule.ahead:
        for access in body.statements[index].own_accesses:
            tile = access.region.root
            for user in terminal_users(tile) if access.writes and tile is not None else ():
                inside = ancestor_in(user, body.block) is not None
                if not inside and any(ancestor_in(user, block) is not None for block in elsewhere):
                    return Obstacle("a pipelined loop of another block uses a copy's tile", user)
    return None


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
    overwritten = overwritten_copy(statement_facts(body, choices, graph, machine), dependences_of(graph))
    if overwritten is None:
        return _held_copy(body, machine)
    copy, writer = (body.statements[index].operation for index in (overwritten.source, overwritten.target))
    places = source_location(writer.location), source_location(copy.location)
    return (
        Note(f"this '{writer.name}' writes over what a copy of the same iteration brought", places[0]),
        Note(f"the '{copy.name}' that is overwritten", places[1]),
    )


def _held_copy(body: LoopBody, machine: Machine) -> tuple[Note, ...]:
    """A note at the first condition with an else, or with results, that holds a copy as a part of it."""
    for statement in body.statements:
        holders = [statement.operation]
        if holders[0].name == "scf.execute_region":
            # What keeps the results of a statement stands around it.
            holders = [child.operation for child in holders[0].regions[0].blocks[0].operations]
        for holder in holders:
            if holder.name not in ("scf.if", "scf.index_switch"):
                continue
            for inner in nested_operations(holder):
                loads = inner.name in ("memref.copy", "tile.copy_in") and inner != holder
                if loads and [space_name(inner.operands[i].type, machine) for i in (0, -1)] == ["global", "shared"]:
                    message = f"this '{holder.name}' is one statement, together with the '{inner.name}' in it"
                    return (Note(message, source_location(holder.location)),)
    return ()


def _without_group(choices: Sequence[Choice | None], schedule: Schedule) -> tuple[Choice | None, ...]:
    """What no group completes is copied by the threads, whatever could have done it."""
    in_place = Choice("simt", "nothing waits for it as a group: it is used in the step in which it is made")
    return tuple(
        in_place if choice is not None and choice.instruction != "simt" and group < 0 else choice
        for choice, group in zip(choices, schedule.groups, strict=True)
    )


def _is_surprising(request: LoopRequest, obstacle: Obstacle, body: LoopBody) -> bool:
    """Whether the author should know: a statement of the kernel is in the way, and nobody asked for something else."""
    return request.strategy is None and obstacle.operation != body.loop


def _not_specialized(loop: ir.Operation, obstacle: Obstacle) -> Remark:
    note = Note(f"because of this '{obstacle.operation.name}'", source_location(obstacle.operation.location))
    return Remark(f"not specialized, but pipelined: {obstacle.reason}", (note,) if obstacle.operation != loop else ())


def _channel_groups(body: LoopBody, schedule: Schedule) -> tuple[int, ...]:
    """Under warp specialization the copies that are waited for and given back at the same places are one channel."""
    groups = [-1] * len(schedule.stages)
    numbers: dict[tuple[int, int], int] = {}
    for copy in schedule.ahead:
        tiles = {access.region.root for access in body.statements[copy].own_accesses if access.writes}
        accesses = [pair for tile in tiles if tile is not None for pair in body.accesses_by_root[tile]]
        users = [index for index, _ in accesses if index not in schedule.ahead]
        groups[copy] = numbers.setdefault((min(users), max(users)), len(numbers))
    return tuple(groups)
