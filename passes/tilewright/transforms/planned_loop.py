"""A loop that plan-pipeline has planned, read back from its `tile.statement`s, with what injection decides about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tilewright.analysis.counting import is_nested_in
from tilewright.analysis.dependence import dependence_graph
from tilewright.analysis.regions import buffer_name, may_overlap, root_of
from tilewright.analysis.statements import LoopBody, body_of
from tilewright.analysis.versionable import versionable
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.attributes import read_integer, read_string
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import COPIES, instruction_of
from tilewright.transforms.loop_plan import broken_schedule, dependences_of, graph_with_versions, replicas_of, versions_of
from tilewright.transforms.schedule import Dependence, Schedule, violations


@dataclass(frozen=True)
class PlannedLoop:
    """A planned loop: its statements, its schedule from stage 0, and how many versions each buffer gets.

    `replicas`: how often each of the user's mbarriers is needed, where that is more than once.
    """

    body: LoopBody
    schedule: Schedule
    strategy: str
    versions: dict[ir.Value, int]
    dependences: tuple[Dependence, ...] = ()
    replicas: dict[ir.Value, int] = field(default_factory=dict)

    @property
    def loop(self) -> ir.Operation:
        return self.body.loop

    @property
    def statements(self) -> list[ir.Operation]:
        return [statement.operation for statement in self.body.statements]

    def groups_read(self) -> list[frozenset[int]]:
        """For each statement the groups whose copies must have landed before it, its own group left out."""
        return _uses_of_groups(self.schedule.groups, self.dependences)

    def last_users(self) -> dict[int, int]:
        """The last statement, in the order of the source, that touches what each group brings, itself left out."""
        groups = self.schedule.groups
        found: dict[int, int] = {}
        for accesses in self.body.accesses_by_root.values():
            brought = [(groups[index], access.region) for index, access in accesses if groups[index] >= 0 and access.writes]
            for index, access in accesses:
                for group, region in brought:
                    if groups[index] != group and may_overlap(access.region, region):
                        found[group] = max(found.get(group, index), index)
        return found


class LostVersions(Exception):
    """A planned loop whose schedule needs versions of a buffer that may have none any more: clean-up has changed its users."""

    def __init__(self, loop: ir.Operation, reason: str) -> None:
        super().__init__(reason)
        self.loop = loop
        self.reason = reason


def planned_loops(function: ir.Operation, machine: Machine) -> list[PlannedLoop]:
    """The planned loops of a kernel that are in no other planned loop, in program order.

    Raises InputError for a loop with an unscheduled statement, LostVersions for one that cannot be pipelined any more.
    """
    loops = [operation for operation in nested_operations(function) if _is_planned(operation)]
    outermost = [loop for loop in loops if not any(is_nested_in(loop, other) for other in loops)]
    planned = [_read(loop, [other for other in loops if other != loop], machine) for loop in outermost]
    return [loop for loop in planned if loop is not None]


def _is_planned(operation: ir.Operation) -> bool:
    """A loop with statements. One that plan-pipeline did not mark may have got them from a loop folded into it."""
    if operation.name != "scf.for":
        return False
    names = [child.operation.name for child in operation.regions[0].blocks[0].operations if not len(child.operation.results)]
    marked = "tile.strategy" in operation.attributes
    return "tile.statement" in names and (marked or set(names) <= {"tile.statement", "scf.yield"})


def _read(loop: ir.Operation, others: Sequence[ir.Operation], machine: Machine) -> PlannedLoop | None:
    """The planned loop; None where none of its statements does anything any more."""
    body = body_of(loop)
    location = source_location(loop.location)
    if body.refusal is not None:
        raise InputError(f"a planned loop cannot be pipelined: {body.refusal.reason}", location)
    for statement in body.statements:
        if statement.operation.name != "tile.statement":
            where = source_location(statement.operation.location)
            raise InputError(
                f"'{statement.operation.name}' has no place in the schedule of its loop; put it in a tile.statement", where
            )
    if not body.statements:
        return None
    columns = {
        name: [read_integer(statement.operation, name) for statement in body.statements] for name in ("stage", "order", "group")
    }
    if len(set(columns["order"])) != len(columns["order"]):
        raise InputError(f"two statements of the loop have the same order: {columns['order']}", location)
    first = min(columns["stage"])
    stages = tuple(stage - first for stage in columns["stage"])
    strategy = read_string(loop, "tile.strategy") if "tile.strategy" in loop.attributes else "async"
    schedule = Schedule(stages, tuple(columns["order"]), tuple(columns["group"]))
    graph, _ = graph_with_versions(body, others, machine)
    dependences = dependences_of(graph)
    schedule = replace(schedule, groups=_awaited_groups(schedule.groups, dependences))
    broken = violations(schedule, dependences)
    if broken:
        raise _lost_versions(body, schedule, others) or broken_schedule(body, schedule, broken[0])
    # A loop with channels has as many versions as those have stages: they are decided over all its loops.
    versions = {} if strategy == "warp_specialize" else versions_of(body, graph, schedule)
    return PlannedLoop(body, schedule, strategy, versions, tuple(dependences), replicas_of(body, graph, schedule))


def _lost_versions(body: LoopBody, schedule: Schedule, others: Sequence[ir.Operation]) -> LostVersions | None:
    """The exception for a schedule that would hold if every buffer that the loop renews could have versions."""
    graph = dependence_graph(body)
    if violations(schedule, dependences_of(graph)):
        return None
    refusals = {buffer: versionable(buffer, body, list(others)) for buffer in graph.renewed}
    reasons = [f"{buffer_name(buffer)}: {reason}" for buffer, reason in refusals.items() if reason is not None]
    return LostVersions(body.loop, "; ".join(reasons))


def _uses_of_groups(groups: Sequence[int], dependences: Sequence[Dependence]) -> list[frozenset[int]]:
    """For each statement the groups that bring what it uses, its own group left out."""
    found: list[set[int]] = [set() for _ in groups]
    for dependence in dependences:
        group = groups[dependence.source]
        if group >= 0 and not dependence.carried and dependence.kind != "WAR":
            found[dependence.target].add(group)
    return [frozenset(used - {own}) for used, own in zip(found, groups, strict=True)]


def _awaited_groups(groups: Sequence[int], dependences: Sequence[Dependence]) -> tuple[int, ...]:
    """The groups without those that clean-up has left unused: nothing would wait before the next copy to the same place."""
    awaited = frozenset[int]().union(*_uses_of_groups(groups, dependences))
    return tuple(group if group in awaited else -1 for group in groups)


def roots_used(operation: ir.Operation) -> list[ir.Value]:
    """The buffers that an operation, or what is nested in it, refers to, in the order of their first use."""
    roots: dict[ir.Value, None] = {}
    for inner in nested_operations(operation):
        for operand in inner.operands:
            if isinstance(operand.type, ir.MemRefType):
                root = root_of(operand)
                if root is not None:
                    roots[root] = None
    return list(roots)


def copies_in(operation: ir.Operation, instructions: Sequence[str]) -> list[ir.Operation]:
    """The copies nested in `operation` that have one of these instructions."""
    return [inner for inner in nested_operations(operation) if inner.name in COPIES and instruction_of(inner) in instructions]
