"""The plan of one loop, decided from its analysis: schedule, strategy, instructions, each with its reason.

Everything here reads IR and returns plain values; nothing is rewritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tilewright.analysis.dependence import DependenceGraph, dependence_graph
from tilewright.analysis.loop_space import PRODUCTS
from tilewright.analysis.regions import buffer_name
from tilewright.analysis.statements import LoopBody, Statement
from tilewright.analysis.user_barriers import barrier_position, is_barrier
from tilewright.analysis.versionable import versionable
from tilewright.diagnostics import InputError, Note, source_location
from tilewright.ir.attributes import read_integer, read_string
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.instructions import COPIES, Choice, choose_copy, copy_facts, element_bytes, space_name
from tilewright.transforms.schedule import (
    BufferUses,
    Dependence,
    Schedule,
    StatementFacts,
    first_stage_copies,
    group_copies,
    plan_schedule,
    version_count,
    violations,
)

STRATEGIES = ("async", "warp_specialize", "none")


@dataclass(frozen=True)
class LoopRequest:
    """What the input asks of a loop: stages, or an explicit schedule, and perhaps a strategy."""

    num_stages: int
    stages: tuple[int, ...] | None
    orders: tuple[int, ...] | None
    strategy: str | None


@dataclass(frozen=True)
class Remark:
    """Something that the author of the loop should know."""

    message: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class LoopPlan:
    """A loop's plan. With strategy ``none`` the rest is empty, and the loop stays as it is.

    `bulk`: what each copy would be among copies that signal an mbarrier, with the reason against a bulk copy. `asked`: the
    input asked for the strategy. `version_bytes`: what versions take beyond the buffers. `held_by`: the asynchronous loop
    around it that alone keeps it from being specialized. `private`: the tiles of which the producer needs a copy of its own.
    """

    strategy: str
    reason: str
    num_stages: int = 0
    schedule: Schedule | None = None
    choices: tuple[Choice | None, ...] = ()
    remarks: tuple[Remark, ...] = ()
    bulk: tuple[Choice | None, ...] = ()
    asked: bool = False
    version_bytes: int = 0
    held_by: ir.Operation | None = None
    private: tuple[ir.Value, ...] = ()

    @property
    def phrase(self) -> str:
        if self.schedule is None:
            return f"{self.strategy}: {self.reason}"
        order = "source order" if self.schedule.keeps_source_order else f"order {list(self.schedule.orders)}"
        return f"{self.strategy}, stages {list(self.schedule.stages)}, {order}"


def copy_operation(statement: Statement) -> ir.Operation | None:
    """The copy that a statement is, from global to shared memory or elsewhere; None for another statement."""
    return statement.operation if statement.operation.name in COPIES else None


def loads_shared(statement: Statement, machine: Machine) -> bool:
    """Whether all that a statement does is to bring global memory into shared memory.

    Its indices and masks may come from anywhere: what it needs of its own iteration runs ahead with it, or holds it back.
    """
    writes = [access for access in statement.own_accesses if access.writes]
    reads = [access for access in statement.own_accesses if not access.writes]
    if not writes or not reads or any(access.kind == "atomic" for access in writes):
        return False
    roots = [access.region.root for access in (*writes, *reads)]
    if any(root is None for root in roots):
        return False
    spaces = [space_name(root.type, machine) for root in roots if root is not None]
    is_tile_operation = statement.operation.name in (*COPIES, "scf.forall", "linalg.map", "linalg.generic")
    return is_tile_operation and set(spaces[: len(writes)]) == {"shared"} and "global" in spaces[len(writes) :]


def produces(statement: Statement, machine: Machine) -> bool:
    """Whether a statement may run ahead with a copy that needs what it writes: element by element, on chip."""
    name = statement.operation.name
    by_element = name in (*COPIES, "scf.forall", "memref.store") or (name.startswith("linalg.") and name not in PRODUCTS)
    writes = [access for access in statement.accesses if access.writes]
    return by_element and all(
        access.kind == "write"
        and access.region.root is not None
        and space_name(access.region.root.type, machine) in ("shared", "fragment")
        for access in writes
    )


def dependences_of(graph: DependenceGraph) -> list[Dependence]:
    renewed = set(graph.renewed)
    names: dict[ir.Value | None, str] = {}
    found: list[Dependence] = []
    for edge in graph.edges:
        if edge.buffer not in names:
            names[edge.buffer] = buffer_name(edge.buffer)
        removable = edge.carried and edge.buffer is not None and edge.buffer in renewed
        name = names[edge.buffer]
        found.append(Dependence(edge.kind, edge.source, edge.target, edge.carried, name, removable, edge.scalar))
    return found


def graph_with_versions(
    body: LoopBody, others: Sequence[ir.Operation], machine: Machine
) -> tuple[DependenceGraph, dict[str, str]]:
    """The dependence graph whose renewed buffers are those that may have versions; why the copies' others may not."""
    graph = dependence_graph(body)
    refusals = {buffer: versionable(buffer, body, list(others)) for buffer in graph.written}
    copied = {a.region.root for s in body.statements if loads_shared(s, machine) for a in s.own_accesses if a.writes}
    refused = {buffer_name(b): why_not for b, why_not in refusals.items() if why_not is not None and b in copied}
    return replace(graph, renewed=tuple(b for b in graph.renewed if refusals[b] is None)), refused


def buffer_uses(body: LoopBody, buffer: ir.Value) -> BufferUses:
    accesses = body.accesses_by_root.get(buffer, [])
    return BufferUses({index for index, access in accesses if access.writes}, {index for index, _ in accesses})


def versions_of(body: LoopBody, graph: DependenceGraph, schedule: Schedule) -> dict[ir.Value, int]:
    """How many versions each renewed buffer needs under a schedule; those that need one are left out."""
    counts = _counts_of(body, graph, schedule)
    return {buffer: count for buffer, count in counts.items() if not is_barrier(buffer)}


def replicas_of(body: LoopBody, graph: DependenceGraph, schedule: Schedule) -> dict[ir.Value, int]:
    """How often each of the user's mbarriers is needed under a schedule; those that are needed once are left out."""
    counts = _counts_of(body, graph, schedule)
    return {barrier: count for barrier, count in counts.items() if is_barrier(barrier)}


def _counts_of(body: LoopBody, graph: DependenceGraph, schedule: Schedule) -> dict[ir.Value, int]:
    counts = {buffer: version_count(schedule, buffer_uses(body, buffer)) for buffer in graph.renewed}
    return {buffer: count for buffer, count in counts.items() if count > 1}


def instruction_choices(body: LoopBody, machine: Machine, completions: Sequence[str]) -> list[Choice | None]:
    """The instruction of each copy among the statements, None for the others."""
    choices: list[Choice | None] = []
    for statement in body.statements:
        copy = copy_operation(statement)
        if copy is not None:
            choices.append(choose_copy(copy_facts(copy, machine), machine, completions))
        elif loads_shared(statement, machine):
            choices.append(Choice("simt", f"{statement.operation.name} computes its elements"))
        else:
            choices.append(None)
    return choices


def statement_facts(
    body: LoopBody, choices: Sequence[Choice | None], graph: DependenceGraph, machine: Machine
) -> list[StatementFacts]:
    """What scheduling needs to know of each statement."""
    barriers = [buffer for buffer in graph.renewed if is_barrier(buffer)]
    return [
        _barrier_facts(statement, barriers, machine)
        or StatementFacts(
            loads_shared(statement, machine),
            choice is not None and choice.instruction != "simt",
            produces(statement, machine),
        )
        for statement, choice in zip(body.statements, choices, strict=True)
    ]


def _barrier_facts(statement: Statement, barriers: Sequence[ir.Value], machine: Machine) -> StatementFacts | None:
    """What completes a phase of an mbarrier that may be replicated: bulk copies, and what is expected and arrives for them."""
    operation = statement.operation
    position = barrier_position(operation)
    if position is None or operation.name == "tile.mbarrier_wait" or operation.operands[position] not in barriers:
        return None
    number = barriers.index(operation.operands[position])
    if operation.name != "tile.bulk_copy":
        return StatementFacts(False, produces=True, barrier=number)
    spaces = [space_name(operation.operands[p].type, machine) for p in (0, position - 1)]
    return StatementFacts(spaces == ["global", "shared"], barrier=number)


def decide_schedule(
    body: LoopBody, graph: DependenceGraph, request: LoopRequest, machine: Machine, choices: Sequence[Choice | None]
) -> Schedule | None:
    """The schedule that the input gives, checked, or the one that the rules make; None where no copy may run ahead.

    Raises InputError, at the statements, for an explicit schedule that breaks a dependence.
    """
    dependences = dependences_of(graph)
    facts = statement_facts(body, choices, graph, machine)
    if request.stages is None or request.orders is None:
        schedule = plan_schedule(facts, dependences, request.num_stages)
        return None if schedule is None or violations(schedule, dependences) else schedule
    groups = group_copies(facts, dependences, request.stages, request.orders)
    ahead = tuple(first_stage_copies(facts, dependences))
    schedule = Schedule(request.stages, request.orders, groups, ahead)
    broken = violations(schedule, dependences)
    if broken:
        raise broken_schedule(body, schedule, broken[0])
    return schedule


def broken_schedule(body: LoopBody, schedule: Schedule, broken: Dependence) -> InputError:
    """The error for a schedule that breaks a dependence: located at the statement that would run too early."""
    source, target = body.statements[broken.source].operation, body.statements[broken.target].operation
    when = "of the iteration before" if broken.carried else "of its iteration"
    places = [f"stage {schedule.stages[i]}, order {schedule.orders[i]}" for i in (broken.source, broken.target)]
    return InputError(
        f"'{target.name}' at {places[1]} would run before '{source.name}' at {places[0]} {when}, which it depends on "
        f"({broken.kind} on {broken.buffer}); give it a later stage or order",
        source_location(target.location),
        (Note(f"the '{source.name}' that must come first", source_location(source.location)),),
    )


def read_request(body: LoopBody, default_strategy: str) -> LoopRequest:
    """Read `tile.num_stages`, `tile.strategy`, `tile.stage` and `tile.order`; raises InputError where they do not fit."""
    loop = body.loop
    location = source_location(loop.location)
    strategy = _strategy_attribute(loop) or (default_strategy if default_strategy != "auto" else None)
    marked = [s for s in body.statements if "tile.stage" in s.operation.attributes or "tile.order" in s.operation.attributes]
    if not marked:
        num_stages = read_integer(loop, "tile.num_stages") if "tile.num_stages" in loop.attributes else 1
        if num_stages < 0:
            raise InputError(f"tile.num_stages = {num_stages} on 'scf.for'; it must be 0 (no pipeline) or more", location)
        return LoopRequest(num_stages, None, None, strategy)
    values: list[list[int]] = []
    for name in ("tile.stage", "tile.order"):
        for statement in body.statements:
            if name not in statement.operation.attributes:
                where = source_location(statement.operation.location)
                raise InputError(
                    f"'{statement.operation.name}' has no {name}, but other statements of its loop do; give all of them both",
                    where,
                )
        values.append([read_integer(statement.operation, name) for statement in body.statements])
    stages, orders = values
    if min(stages) < 0 or len(set(orders)) != len(orders):
        raise InputError(f"tile.stage {stages} and tile.order {orders}: stages start at 0 and orders differ", location)
    num_stages = read_integer(loop, "tile.num_stages") if "tile.num_stages" in loop.attributes else 0
    return LoopRequest(max(*stages, num_stages), tuple(stages), tuple(orders), strategy)


def _strategy_attribute(loop: ir.Operation) -> str | None:
    if "tile.strategy" not in loop.attributes:
        return None
    strategy = read_string(loop, "tile.strategy")
    if strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise InputError(f"tile.strategy = \"{strategy}\" on 'scf.for'; it is one of {known}", source_location(loop.location))
    return strategy


def shared_bytes(function: ir.Operation, machine: Machine) -> int:
    """The bytes of all shared allocations of a kernel."""
    total = 0

    def visit(operation: ir.Operation) -> ir.WalkResult:
        nonlocal total
        if operation.name == "memref.alloc" and space_name(operation.results[0].type, machine) == "shared":
            total += bytes_of(operation.results[0])
        return ir.WalkResult.ADVANCE

    function.walk(visit)
    return total


def bytes_of(buffer: ir.Value) -> int:
    """The size of a buffer of static shape, in bytes."""
    memref_type = ir.MemRefType(buffer.type)
    count = 1
    for size in memref_type.shape:
        count *= size
    return count * element_bytes(memref_type)
