"""A loop that plan-pipeline has planned, read back from its `tile.statement`s, with what injection decides about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tilewright.analysis.regions import Region, may_overlap, root_of
from tilewright.analysis.statements import LoopBody, body_of
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.attributes import read_integer, read_string
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import COPIES, instruction_of
from tilewright.transforms.loop_plan import broken_schedule, dependences_of, graph_with_versions, versions_of
from tilewright.transforms.schedule import Schedule, violations


@dataclass(frozen=True)
class PlannedLoop:
    """A planned loop: its statements, its schedule from stage 0, and how many versions each buffer gets."""

    body: LoopBody
    schedule: Schedule
    strategy: str
    versions: dict[ir.Value, int]

    @property
    def loop(self) -> ir.Operation:
        return self.body.loop

    @property
    def statements(self) -> list[ir.Operation]:
        return [statement.operation for statement in self.body.statements]

    def groups_read(self) -> list[frozenset[int]]:
        """For each statement the groups that bring what it uses, its own group left out."""
        return _uses_of_groups(self.body, self.schedule)


def planned_loops(function: ir.Operation, machine: Machine) -> list[PlannedLoop]:
    """The planned loops of a kernel, outer ones first. Raises InputError for a loop with an unscheduled statement."""
    loops = [operation for operation in nested_operations(function) if _is_planned(operation)]
    planned = [_read(loop, [other for other in loops if other != loop], machine) for loop in loops]
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
    schedule = replace(schedule, groups=_awaited_groups(body, schedule))
    graph, _ = graph_with_versions(body, others, machine)
    broken = violations(schedule, dependences_of(graph))
    if broken:
        raise broken_schedule(body, schedule, broken[0])
    if strategy == "warp_specialize":
        depth = read_integer(loop, "tile.num_stages")
        produced = {region.root for _, region in _brought(body, schedule) if region.root is not None}
        versions = {buffer: depth for buffer in graph.renewed if buffer in produced and depth > 1}
    else:
        versions = versions_of(body, graph, schedule)
    return PlannedLoop(body, schedule, strategy, versions)


def _uses_of_groups(body: LoopBody, schedule: Schedule) -> list[frozenset[int]]:
    """For each statement the groups that bring what it uses, its own group left out."""
    brought = _brought(body, schedule)
    found: list[frozenset[int]] = []
    for statement, own in zip(body.statements, schedule.groups, strict=True):
        groups = {group for group, region in brought for access in statement.accesses if may_overlap(access.region, region)}
        found.append(frozenset(groups - {own}))
    return found


def _awaited_groups(body: LoopBody, schedule: Schedule) -> tuple[int, ...]:
    """The groups without those that clean-up has left unused: nothing would wait before the next copy to the same place."""
    awaited = frozenset[int]().union(*_uses_of_groups(body, schedule))
    return tuple(group if group in awaited else -1 for group in schedule.groups)


def _brought(body: LoopBody, schedule: Schedule) -> list[tuple[int, Region]]:
    """What the copies of each group write: group and region."""
    return [
        (group, access.region)
        for statement, group in zip(body.statements, schedule.groups, strict=True)
        for access in statement.accesses
        if group >= 0 and access.writes
    ]


def roots_used(operation: ir.Operation) -> set[ir.Value]:
    """The buffers that an operation, or what is nested in it, refers to."""
    roots: set[ir.Value] = set()
    for inner in nested_operations(operation):
        for operand in inner.operands:
            if isinstance(operand.type, ir.MemRefType):
                root = root_of(operand)
                if root is not None:
                    roots.add(root)
    return roots


def copies_in(operation: ir.Operation, instructions: Sequence[str]) -> list[ir.Operation]:
    """The copies nested in `operation` that have one of these instructions."""
    return [inner for inner in nested_operations(operation) if inner.name in COPIES and instruction_of(inner) in instructions]
