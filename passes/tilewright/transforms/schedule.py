"""How a loop's statements are staged: decided on plain data, without IR.

A statement of stage s runs iteration t - s in step t; within a step statements run by order. Copies from global to shared
memory go to stage 0, as many iterations ahead as the loop has stages, together with what makes the tables and masks that
they read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Dependence:
    """Statement `source` before `target`, in one iteration or (`carried`) the next; `removable` by versions of `buffer`.

    `scalar`: only because of a value that one of them reads before it begins, an index or a condition.
    """

    kind: str
    source: int
    target: int
    carried: bool
    buffer: str
    removable: bool = False
    scalar: bool = False


@dataclass(frozen=True)
class StatementFacts:
    """What scheduling needs to know of a statement.

    `copies`: it only copies global to shared memory, and asynchronously if `asynchronous`. `produces`: it is cheap enough to
    run ahead with a copy that needs what it writes. `barrier`: the user's mbarrier, by number, that it completes a phase of
    and that may be replicated: what completes a phase goes together.
    """

    copies: bool
    asynchronous: bool = False
    produces: bool = False
    barrier: int | None = None


@dataclass(frozen=True)
class Schedule:
    """Per statement its stage, its order in a step, and its asynchronous group (-1 for none).

    `ahead` are the statements that may run ahead of their iteration: copies, asynchronous or not, and what they need.
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


class _Ahead:
    """Which statements may run ahead of their iteration, and where they stand among the others.

    A copy runs ahead if nothing of its own iteration comes before it, save other statements that run ahead, if nothing else
    writes what it writes, or its source, after it, if something in the loop reads what it brought, and if versions of its
    destination take every carried dependence on it away. What writes the tables or masks that it reads, or fills its tile
    before it, goes with it, if nothing holds that back.
    """

    def __init__(self, facts: Sequence[StatementFacts], dependences: Sequence[Dependence]) -> None:
        self._facts = facts
        self._into: list[list[Dependence]] = [[] for _ in facts]
        self._out_of: list[list[Dependence]] = [[] for _ in facts]
        for dependence in dependences:
            self._into[dependence.target].append(dependence)
            self._out_of[dependence.source].append(dependence)
        self._last_uses: dict[int, int | None] = {}
        self.members = {index for index, fact in enumerate(facts) if fact.copies or fact.produces}
        while True:
            kept = self._needed({index for index in self.members if not self._is_held_back(index)})
            if kept == self.members:
                break
            self.members = kept
        self._places: dict[int, int] = {}

    def _needed(self, candidates: set[int]) -> set[int]:
        """The copies among the candidates, and the others that they need."""
        found: set[int] = set()
        work = [index for index in candidates if self._facts[index].copies]
        while work:
            index = work.pop()
            if index not in found:
                found.add(index)
                needed = (d.source for d in self._into[index] if not (d.carried and d.removable))
                work += [source for source in (*needed, *self._of_one_phase(index)) if source in candidates]
        return found

    def _of_one_phase(self, index: int) -> list[int]:
        """The statements that complete the phase of a barrier that this one helps to complete."""
        barrier = self._facts[index].barrier
        return [] if barrier is None else [other for other, fact in enumerate(self._facts) if fact.barrier == barrier]

    def _is_held_back(self, index: int) -> bool:
        copies = self._facts[index].copies
        for dependence in (*self._into[index], *self._out_of[index]):
            inside = dependence.source in self.members and dependence.target in self.members
            in_order = inside and (dependence.scalar or not copies)
            if dependence.carried and not dependence.removable and not in_order:
                return True
            if not dependence.carried and dependence.target == index and dependence.source not in self.members:
                return True
        return copies and (self._is_contested(index) or self._places_itself(index) or self.last_use(index) is None)

    def _is_contested(self, copy: int) -> bool:
        """Two writes of one place in an iteration would be in flight together, or a copy and a write of its source.

        Not where the second write also reads what the copy brought: then it waits for it.
        """
        for dependence in self._out_of[copy]:
            overwrites = dependence.kind == "WAW" and not self._updates(copy, dependence.target)
            if not dependence.carried and (overwrites or (dependence.kind == "WAR" and not dependence.scalar)):
                return True
        return any(not d.carried and d.kind == "WAW" and self._facts[d.source].copies for d in self._into[copy])

    def _places_itself(self, copy: int) -> bool:
        """Whether what a copy brings decides where the copy of a later iteration reads: then nothing overlaps."""
        reached: set[int] = set()
        work = [copy]
        while work:
            for dependence in self._out_of[work.pop()]:
                target = dependence.target
                if dependence.kind != "RAW" or dependence.removable or target not in self.members:
                    continue
                if target == copy:
                    return True
                if target not in reached:
                    reached.add(target)
                    work.append(target)
        return False

    def last_use(self, index: int) -> int | None:
        """The last statement of the same iteration that reads what statement `index` wrote, updated in place or not."""
        if index not in self._last_uses:
            readers = [d.target for d in self._out_of[index] if d.kind == "RAW" and not d.carried]
            updates = [reader for reader in readers if self._updates(index, reader)]
            later = [use for use in map(self.last_use, updates) if use is not None]
            self._last_uses[index] = max((*readers, *later), default=None)
        return self._last_uses[index]

    def _updates(self, source: int, target: int) -> bool:
        """Whether statement `target` changes in place what statement `source` wrote, as no copy does."""
        kinds = {(d.kind, d.buffer) for d in self._out_of[source] if d.target == target and not d.carried}
        return not self._facts[target].copies and any(("RAW", b) in kinds for kind, b in kinds if kind == "WAW")

    def place(self, index: int) -> int:
        """The statement after which a member goes: its last use, or the first place of a member that needs it.

        What only the next iteration needs goes with the last of the others. What completes a phase of a barrier goes after
        the last use of all that its copies bring.
        """
        if index not in self._places and self._facts[index].barrier is not None:
            copies = [other for other in self._of_one_phase(index) if other in self.members and self._facts[other].copies]
            uses = [use for use in map(self.last_use, copies) if use is not None]
            self._places[index] = max(uses, default=self._last_place())
        if index not in self._places:
            dependents = [d.target for d in self._out_of[index] if not d.carried and d.kind != "WAR"]
            needing = [self.place(target) for target in dependents if target in self.members]
            use = self.last_use(index)
            after = [*dependents, *([] if use is None else [use])]
            self._places[index] = min(needing) if needing else max(after, default=self._last_place())
        return self._places[index]

    def _last_place(self) -> int:
        uses = [self.last_use(index) for index in self.members if self._facts[index].copies]
        return max((use for use in uses if use is not None and use not in self.members), default=-1)

    def is_read_by_member(self, index: int) -> bool:
        return any(d.kind == "RAW" and not d.carried and d.target in self.members for d in self._out_of[index])


def first_stage_copies(facts: Sequence[StatementFacts], dependences: Sequence[Dependence]) -> list[int]:
    """The statements that may run ahead of their iteration: copies, and what they need."""
    return sorted(_Ahead(facts, dependences).members)


def plan_schedule(facts: Sequence[StatementFacts], dependences: Sequence[Dependence], num_stages: int) -> Schedule | None:
    """Stage and order every statement; None where no copy may run ahead.

    In source order each other statement takes the next place, at stage `num_stages`; right after it come, at stage 0, the
    copies whose last use it is, with what they need before them. Where all of those end up last and there are two stages or
    more, they rotate to the front, and the others move one stage down.
    """
    ahead = _Ahead(facts, dependences)
    if not ahead.members:
        return None
    members = sorted(ahead.members)
    following: dict[int, list[int]] = {}
    for member in members:
        following.setdefault(ahead.place(member), []).append(member)
    sequence = following.get(-1, [])
    for statement in range(len(facts)):
        if statement not in ahead.members:
            sequence += [statement, *following.get(statement, ())]
    late = num_stages
    if num_stages >= 2 and set(sequence[-len(members) :]) == ahead.members:
        sequence = sequence[-len(members) :] + sequence[: -len(members)]
        late = num_stages - 1
    stages = tuple(0 if statement in ahead.members else late for statement in range(len(facts)))
    position = {statement: order for order, statement in enumerate(sequence)}
    orders = tuple(position[statement] for statement in range(len(facts)))
    return Schedule(stages, orders, _groups(facts, ahead, stages, orders), tuple(members))


def group_copies(
    facts: Sequence[StatementFacts], dependences: Sequence[Dependence], stages: Sequence[int], orders: Sequence[int]
) -> tuple[int, ...]:
    """Number the asynchronous groups: copies of one stage and one last use that follow one another make a group.

    Only a copy that could run ahead is asynchronous: whatever else touches its destination waits for it. What another statement
    that runs ahead reads is not: a wait for it would wait for all that was committed before it.
    """
    return _groups(facts, _Ahead(facts, dependences), stages, orders)


def _groups(facts: Sequence[StatementFacts], ahead: _Ahead, stages: Sequence[int], orders: Sequence[int]) -> tuple[int, ...]:
    groups = [-1] * len(facts)
    previous: tuple[int, int | None] | None = None
    count = 0
    for statement in sorted(range(len(facts)), key=lambda index: orders[index]):
        if not facts[statement].copies:
            previous = None
        if statement not in ahead.members or not facts[statement].asynchronous or ahead.is_read_by_member(statement):
            continue
        key = (stages[statement], ahead.last_use(statement))
        if key != previous:
            count += 1
        previous = key
        groups[statement] = count - 1
    return tuple(groups)


def overwritten_copy(facts: Sequence[StatementFacts], dependences: Sequence[Dependence]) -> Dependence | None:
    """The first write, later in the iteration, of what a copy brings, by a statement that does not read it."""
    reads = {(d.source, d.target, d.buffer) for d in dependences if d.kind == "RAW" and not d.carried}
    for d in dependences:
        if facts[d.source].copies and d.kind == "WAW" and not d.carried and (d.source, d.target, d.buffer) not in reads:
            return d
    return None


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

    writers: Collection[int]
    users: Collection[int]


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
