"""How a loop's statements are staged: decided on plain data, without IR.

A statement of stage s runs iteration t - s in step t; within a step statements run by order. Copies from global to shared
memory go to stage 0, as many iterations ahead as the loop has stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Dependence:
    """Statement `source` before `target`, in one iteration or (`carried`) the next; `removable` by versions of `buffer`."""

    kind: str
    source: int
    target: int
    carried: bool
    buffer: str
    removable: bool = False


@dataclass(frozen=True)
class StatementFacts:
    """What scheduling needs to know: whether the statement only copies global to shared memory, and asynchronously."""

    copies: bool
    asynchronous: bool = False


@dataclass(frozen=True)
class Schedule:
    """Per statement its stage, its order in a step, and its asynchronous group (-1 for none).

    `ahead` are the copies that may run ahead of their iteration, asynchronous or not.
    """

    stages: tuple[int, ...]
    orders: tuple[int, ...]
    groups: tuple[int, ...]
    ahead: tuple[int, ...] = ()

    @property
    def depth(self) -> int:
        return max(self.stages) - min(self.stages)

    @property
    def keeps_source_order(self) -> bool:
        return list(self.orders) == sorted(self.orders)

    @property
    def sequence(self) -> list[int]:
        """The statements in the order of one step."""
        return sorted(range(len(self.orders)), key=lambda statement: self.orders[statement])


def first_stage_copies(facts: Sequence[StatementFacts], dependences: Sequence[Dependence]) -> list[int]:
    """The copies that may run ahead of their iteration.

    A copy runs ahead if nothing of its own iteration comes before it, save other copies that run ahead, if nothing else writes
    what it writes, if something in the loop reads what it brought, and if versions of its destination take every
    carried dependence on it away.
    """
    ahead = {index for index, fact in enumerate(facts) if fact.copies}
    while True:
        held = {copy for copy in ahead if _held_back(copy, ahead, dependences)}
        if not held:
            return sorted(ahead)
        ahead -= held


def _held_back(copy: int, ahead: set[int], dependences: Sequence[Dependence]) -> bool:
    before = any(d.target == copy and not d.carried and d.source not in ahead for d in dependences)
    pinned = any(copy in (d.source, d.target) and d.carried and not d.removable for d in dependences)
    # Two writes of one place in an iteration would be in flight together, and so would a copy and a write of its source.
    contested = any(
        not d.carried and ((copy in (d.source, d.target) and d.kind == "WAW") or (d.source == copy and d.kind == "WAR"))
        for d in dependences
    )
    return before or pinned or contested or last_use(copy, dependences) is None


def last_use(copy: int, dependences: Sequence[Dependence]) -> int | None:
    """The last statement of the same iteration that reads what `copy` wrote."""
    readers = [d.target for d in dependences if d.kind == "RAW" and not d.carried and d.source == copy]
    return max(readers, default=None)


def plan_schedule(facts: Sequence[StatementFacts], dependences: Sequence[Dependence], num_stages: int) -> Schedule | None:
    """Stage and order every statement; None where no copy may run ahead.

    In source order each other statement takes the next place, at stage `num_stages`; right after it come, at stage 0, the
    copies whose last use it is. Where all copies end up last and there are two stages or more, they rotate to the
    front, and the others move one stage down.
    """
    ahead = first_stage_copies(facts, dependences)
    if not ahead:
        return None
    places = {copy: _place(copy, ahead, dependences) for copy in ahead}
    sequence: list[int] = []
    for statement in range(len(facts)):
        if statement not in ahead:
            sequence.append(statement)
            sequence += [copy for copy in ahead if places[copy] == statement]
    late = num_stages
    if num_stages >= 2 and set(sequence[-len(ahead) :]) == set(ahead):
        sequence = sequence[-len(ahead) :] + sequence[: -len(ahead)]
        late = num_stages - 1
    stages = tuple(0 if statement in ahead else late for statement in range(len(facts)))
    orders = tuple(sequence.index(statement) for statement in range(len(facts)))
    return Schedule(stages, orders, group_copies(facts, dependences, stages, orders), tuple(ahead))


def _place(copy: int, ahead: Sequence[int], dependences: Sequence[Dependence]) -> int | None:
    """The statement after which a copy goes: the last that needs it, also through other copies that run ahead."""
    use = last_use(copy, dependences)
    return _place(use, ahead, dependences) if use is not None and use in ahead else use


def group_copies(
    facts: Sequence[StatementFacts], dependences: Sequence[Dependence], stages: Sequence[int], orders: Sequence[int]
) -> tuple[int, ...]:
    """Number the asynchronous groups: copies of one stage and one last use that follow one another make a group.

    Only a copy that could run ahead is asynchronous: whatever else touches its destination waits for it.
    """
    ahead = first_stage_copies(facts, dependences)
    groups = [-1] * len(facts)
    previous: tuple[int, int | None] | None = None
    count = 0
    for statement in sorted(range(len(facts)), key=lambda index: orders[index]):
        if not facts[statement].copies:
            previous = None
        if statement not in ahead or not facts[statement].asynchronous:
            continue
        key = (stages[statement], last_use(statement, dependences))
        if key != previous:
            count += 1
        previous = key
        groups[statement] = count - 1
    return tuple(groups)


def violations(schedule: Schedule, dependences: Sequence[Dependence]) -> list[Dependence]:
    """The dependences that a schedule breaks. Those that versions remove are not among them."""
    broken: list[Dependence] = []
    for dependence in dependences:
        if dependence.removable:
            continue
        source, target = dependence.source, dependence.target
        distance = schedule.stages[target] + (1 if dependence.carried else 0) - schedule.stages[source]
        if distance < 0 or (distance == 0 and schedule.orders[source] >= schedule.orders[target]):
            broken.append(dependence)
    return broken


@dataclass(frozen=True)
class BufferUses:
    """The statements that write and that read or write a renewed buffer."""

    writers: tuple[int, ...]
    users: tuple[int, ...]


def version_count(schedule: Schedule, uses: BufferUses) -> int:
    """How many versions a renewed buffer needs, so that no iteration overwrites what an earlier one still uses.

    With V versions iteration i + V writes where iteration i wrote: V steps later. That must be after the last use of
    iteration i: V > use - write in stages, or V = use - write where the write has the later order.
    """
    needed = 1
    for writer in uses.writers:
        for user in uses.users:
            distance = schedule.stages[user] - schedule.stages[writer]
            later = schedule.orders[writer] > schedule.orders[user]
            needed = max(needed, distance if later else distance + 1)
    return needed
