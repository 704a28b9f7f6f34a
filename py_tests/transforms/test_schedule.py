"""Schedules on plain data: the rules of planning, and a machine that executes what was planned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.transforms.schedule import (
    BufferUses,
    Dependence,
    Schedule,
    StatementFacts,
    first_stage_copies,
    group_copies,
    overwritten_copy,
    plan_schedule,
    version_count,
    violations,
)

pytestmark = pytest.mark.l0_backend_agnostic

COPY, OTHER = StatementFacts(True, True), StatementFacts(False)


@dataclass(frozen=True)
class Statement:
    """Reads and writes whole buffers; a copy writes one tile and reads only what no statement writes."""

    reads: frozenset[int]
    writes: frozenset[int]
    copies: bool = False


def renewed(program: list[Statement]) -> set[int]:
    """The buffers that every iteration writes before it reads."""
    found = set()
    for buffer in {b for s in program for b in s.writes}:
        written = False
        good = True
        for statement in program:
            good = good and (written or buffer not in statement.reads)
            written = written or buffer in statement.writes
        if good:
            found.add(buffer)
    return found


def dependences(program: list[Statement]) -> list[Dependence]:
    found: list[Dependence] = []
    fresh = renewed(program)
    for source, first in enumerate(program):
        for target, second in enumerate(program):
            pairs = {
                "RAW": first.writes & second.reads,
                "WAR": first.reads & second.writes,
                "WAW": first.writes & second.writes,
            }
            for kind, buffers in pairs.items():
                for buffer in buffers:
                    found += [Dependence(kind, source, target, True, f"b{buffer}", buffer in fresh)]
                    if source < target:
                        found.append(Dependence(kind, source, target, False, f"b{buffer}"))
    return found


@st.composite
def programs(draw) -> list[Statement]:
    buffers = st.frozensets(st.integers(0, 3), max_size=2)
    program = []
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            program.append(Statement(frozenset(), frozenset({draw(st.integers(0, 3))}), True))
        else:
            program.append(Statement(draw(buffers), draw(buffers)))
    return program


def facts(program: list[Statement]) -> list[StatementFacts]:
    return [COPY if statement.copies else OTHER for statement in program]


def versions(program: list[Statement], schedule: Schedule) -> dict[int, int]:
    counts = {}
    for buffer in renewed(program):
        writers = tuple(i for i, s in enumerate(program) if buffer in s.writes)
        users = tuple(i for i, s in enumerate(program) if buffer in s.writes | s.reads)
        counts[buffer] = version_count(schedule, BufferUses(writers, users))
    return counts


def sequentially(program: list[Statement], trips: int) -> list[tuple]:
    return execute(program, [(i, s) for i in range(trips) for s in range(len(program))], {})


def execute(program: list[Statement], steps: list[tuple[int, int]], counts: dict[int, int]) -> list[tuple]:
    """What each statement of each iteration reads: who wrote it. Sorted by iteration and statement."""
    memory: dict[tuple[int, int], tuple[int, int] | None] = {}
    seen = []
    for iteration, index in steps:
        statement = program[index]
        place = {buffer: (buffer, iteration % counts.get(buffer, 1)) for buffer in statement.reads | statement.writes}
        seen.append((iteration, index, tuple((b, memory.get(place[b])) for b in sorted(statement.reads))))
        for buffer in statement.writes:
            memory[place[buffer]] = (iteration, index)
    return sorted(seen)


def pipelined(schedule: Schedule, trips: int) -> list[tuple[int, int]]:
    steps = []
    for step in range(trips + max(schedule.stages)):
        for statement in schedule.sequence:
            iteration = step - schedule.stages[statement]
            if 0 <= iteration < trips:
                steps.append((iteration, statement))
    return steps


@settings(deadline=None)
@given(programs(), st.integers(1, 4), st.integers(0, 6))
def test_a_planned_loop_reads_what_the_source_reads(program, num_stages, trips):
    graph = dependences(program)
    schedule = plan_schedule(facts(program), graph, num_stages)
    if schedule is None or violations(schedule, graph):
        return
    steps = pipelined(schedule, trips)
    assert execute(program, steps, versions(program, schedule)) == sequentially(program, trips)


@settings(deadline=None)
@given(programs(), st.data(), st.integers(0, 6))
def test_any_schedule_without_violations_reads_what_the_source_reads(program, data, trips):
    count = len(program)
    stages = tuple(data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    schedule = Schedule(stages, tuple(data.draw(st.permutations(range(count)))), (-1,) * count)
    if not violations(schedule, dependences(program)):
        steps = pipelined(schedule, trips)
        assert execute(program, steps, versions(program, schedule)) == sequentially(program, trips)


@settings(deadline=None)
@given(programs(), st.integers(1, 4))
def test_only_copies_run_ahead_and_orders_are_a_permutation(program, num_stages):
    schedule = plan_schedule(facts(program), dependences(program), num_stages)
    if schedule is not None:
        assert sorted(schedule.orders) == list(range(len(program)))
        late = {stage for stage in schedule.stages if stage}
        assert len(late) <= 1 and min(schedule.stages) == 0
        assert all(program[i].copies for i, stage in enumerate(schedule.stages) if stage == 0 and late)
        rest = [schedule.orders[i] for i, stage in enumerate(schedule.stages) if stage]
        assert rest == sorted(rest)


def gemm() -> tuple[list[StatementFacts], list[Dependence]]:
    program = [
        Statement(frozenset(), frozenset({0}), True),
        Statement(frozenset(), frozenset({1}), True),
        Statement(frozenset({0, 1, 2}), frozenset({2})),
    ]
    return facts(program), dependences(program)


@pytest.mark.parametrize(
    ("num_stages", "stages", "orders"),
    [(1, (0, 0, 1), (1, 2, 0)), (2, (0, 0, 1), (0, 1, 2)), (3, (0, 0, 2), (0, 1, 2)), (4, (0, 0, 3), (0, 1, 2))],
)
def test_the_gemm(num_stages, stages, orders):
    schedule = plan_schedule(*gemm(), num_stages)
    assert schedule is not None
    assert schedule == Schedule(stages, orders, (0, 0, -1), ahead=(0, 1))
    assert schedule.depth == max(stages)
    assert schedule.keeps_source_order == (num_stages > 1)
    tile = BufferUses((0,), (0, 2))
    assert version_count(schedule, tile) == max(num_stages, 1)


def test_no_copy_no_schedule():
    assert plan_schedule([OTHER, OTHER], [Dependence("RAW", 0, 1, False, "b")], 3) is None


def test_a_copy_that_nothing_reads_does_not_run_ahead():
    assert first_stage_copies([COPY, OTHER], []) == []


def test_a_carried_dependence_that_versions_do_not_remove_holds_a_copy_back():
    read = Dependence("RAW", 0, 1, False, "tile")
    assert first_stage_copies([COPY, OTHER], [read, Dependence("WAR", 1, 0, True, "tile", removable=True)]) == [0]
    assert first_stage_copies([COPY, OTHER], [read, Dependence("WAR", 1, 0, True, "tile", removable=False)]) == []


def test_what_follows_a_held_copy_is_held_too():
    chain = [Dependence("RAW", 0, 1, False, "a"), Dependence("RAW", 1, 2, False, "b"), Dependence("RAW", 0, 2, False, "a")]
    assert first_stage_copies([COPY, COPY, OTHER], chain) == [0, 1]
    assert first_stage_copies([COPY, COPY, OTHER], [*chain, Dependence("WAW", 0, 0, True, "a")]) == []


def test_groups_are_runs_of_one_stage_and_one_last_use():
    reads = [Dependence("RAW", 0, 3, False, "a"), Dependence("RAW", 1, 3, False, "b"), Dependence("RAW", 2, 4, False, "c")]
    everything = [COPY, COPY, COPY, OTHER, OTHER]
    assert group_copies(everything, reads, (0, 0, 0, 2, 2), (0, 1, 2, 3, 4)) == (0, 0, 1, -1, -1)
    assert group_copies(everything, reads, (0, 1, 0, 2, 2), (0, 1, 2, 3, 4)) == (0, 1, 2, -1, -1)
    assert group_copies(everything, reads, (0, 0, 0, 2, 2), (0, 4, 2, 3, 1)) == (0, 2, 1, -1, -1)


def test_a_synchronous_copy_is_in_no_group_and_does_not_end_one():
    reads = [Dependence("RAW", copy, 3, False, "a") for copy in range(3)]
    assert group_copies([COPY, StatementFacts(True), COPY, OTHER], reads, (0, 0, 0, 1), (0, 1, 2, 3)) == (0, -1, 0, -1)


@pytest.mark.parametrize(
    ("stages", "orders", "carried", "broken"),
    [
        ((0, 0), (0, 1), False, False),
        ((0, 0), (1, 0), False, True),
        ((0, 1), (1, 0), False, False),
        ((1, 0), (0, 1), False, True),
        ((1, 0), (0, 1), True, False),
        ((1, 0), (1, 0), True, True),
        ((2, 0), (0, 1), True, True),
    ],
)
def test_a_dependence_is_kept_by_stage_then_order(stages, orders, carried, broken):
    dependence = Dependence("RAW", 0, 1, carried, "b")
    assert violations(Schedule(stages, orders, (-1, -1)), [dependence]) == ([dependence] if broken else [])


@pytest.mark.parametrize(
    ("stages", "orders", "count"), [((0, 0), (0, 1), 1), ((0, 1), (0, 1), 2), ((0, 1), (1, 0), 1), ((0, 3), (0, 1), 4)]
)
def test_versions_are_the_iterations_between_write_and_last_use(stages, orders, count):
    assert version_count(Schedule(stages, orders, (-1, -1)), BufferUses((0,), (0, 1))) == count


PRODUCER = StatementFacts(False, False, True)


def dependence(kind: str, source: int, target: int, **more: bool) -> Dependence:
    return Dependence(kind, source, target, more.pop("carried", False), "b", **more)


def test_what_a_copy_needs_runs_ahead_with_it() -> None:
    facts = [PRODUCER, COPY, OTHER]
    schedule = plan_schedule(facts, [dependence("RAW", 0, 1), dependence("RAW", 1, 2)], 3)
    assert schedule is not None
    assert (schedule.stages, schedule.orders, schedule.groups) == ((0, 0, 2), (0, 1, 2), (-1, 0, -1))


def test_what_no_copy_needs_stays() -> None:
    schedule = plan_schedule([PRODUCER, COPY, OTHER], [dependence("RAW", 0, 2), dependence("RAW", 1, 2)], 3)
    assert schedule is not None and schedule.stages == (2, 0, 2)


def test_a_copy_that_another_copy_needs_is_not_asynchronous() -> None:
    schedule = plan_schedule([COPY, COPY, OTHER], [dependence("RAW", 0, 1), dependence("RAW", 1, 2)], 2)
    assert schedule is not None and schedule.groups == (-1, 0, -1)


def test_a_producer_that_a_later_statement_feeds_holds_its_copy_back() -> None:
    needs = [dependence("RAW", 0, 1), dependence("RAW", 1, 2), dependence("RAW", 2, 0, carried=True)]
    assert plan_schedule([PRODUCER, COPY, OTHER], needs, 2) is None


def test_a_producer_comes_before_the_first_copy_that_needs_it() -> None:
    needs = [dependence("RAW", 0, 1), dependence("RAW", 0, 2), dependence("RAW", 1, 3), dependence("RAW", 2, 4)]
    schedule = plan_schedule([PRODUCER, COPY, COPY, OTHER, OTHER], needs, 1)
    assert schedule is not None and schedule.sequence == [3, 0, 1, 4, 2]


def test_a_count_that_places_the_copies_runs_ahead_after_them() -> None:
    needs = [dependence("RAW", 0, 1), dependence("WAR", 0, 2, scalar=True)]
    needs += [dependence("RAW", 2, 0, carried=True, scalar=True), dependence("RAW", 2, 2, carried=True)]
    schedule = plan_schedule([COPY, OTHER, PRODUCER], needs, 3)
    assert schedule is not None and (schedule.stages, schedule.sequence) == ((0, 2, 0), [0, 2, 1])


def test_a_source_that_is_overwritten_after_the_copy_holds_it_back() -> None:
    needs = [dependence("RAW", 0, 1), dependence("WAR", 0, 2)]
    assert plan_schedule([COPY, OTHER, OTHER], needs, 2) is None


def test_a_copy_that_decides_where_the_next_one_reads_stays() -> None:
    needs = [dependence("RAW", 0, 1), dependence("RAW", 1, 0, carried=True, scalar=True)]
    assert plan_schedule([COPY, PRODUCER, OTHER], needs, 2) is None


def test_a_copy_runs_ahead_of_an_update_of_its_tile_and_goes_after_the_last_use() -> None:
    needs = [dependence("RAW", 0, 1), dependence("WAW", 0, 1), dependence("RAW", 1, 2)]
    schedule = plan_schedule([COPY, OTHER, OTHER, OTHER], needs, 2)
    assert schedule is not None and schedule.sequence == [1, 2, 0, 3] and schedule.stages[0] == 0


def test_a_write_over_a_copy_that_does_not_read_it_holds_the_copy_back() -> None:
    needs = [dependence("RAW", 0, 2), dependence("WAW", 0, 1), dependence("RAW", 1, 2)]
    assert plan_schedule([COPY, OTHER, OTHER], needs, 2) is None


def test_the_depth_is_the_distance_between_the_first_stage_and_the_last() -> None:
    assert Schedule((1, 3), (0, 1), (-1, -1)).depth == 2
    assert Schedule((2, 2), (0, 1), (-1, -1)).depth == 0


RAW, WAR, WAW = "RAW", "WAR", "WAW"


@pytest.mark.parametrize(
    ("kinds", "overwritten"),
    [
        # The second writer does not read what the copy brought.
        ([dependence(WAW, 0, 1)], 0),
        ([dependence(RAW, 0, 2), dependence(WAW, 0, 1)], 1),
        # It reads it, and so waits for it; of another buffer, or in the next iteration, it does not.
        ([dependence(WAW, 0, 1), dependence(RAW, 0, 1)], None),
        ([dependence(WAW, 0, 1), Dependence(RAW, 0, 1, False, "another")], 0),
        ([dependence(WAW, 0, 1), dependence(RAW, 0, 1, carried=True)], 0),
        # The write is one of the next iteration, or none, or over what no copy brought.
        ([dependence(WAW, 0, 1, carried=True)], None),
        ([dependence(WAR, 0, 1)], None),
        ([dependence(WAW, 1, 2)], None),
        ([dependence(WAW, 1, 2), dependence(WAW, 0, 2)], 1),
    ],
)
def test_the_first_write_over_a_copy_is_found(kinds: list[Dependence], overwritten: int | None) -> None:
    found = overwritten_copy([COPY, OTHER, OTHER], kinds)
    assert found == (None if overwritten is None else kinds[overwritten])


@pytest.mark.parametrize(
    ("more", "members"),
    [
        ([], [0, 1]),
        # A copy over another copy of the iteration: both would be in flight.
        ([dependence(WAW, 0, 1)], []),
        # Its source is written after it, or only its place depends on what is written.
        ([dependence(WAR, 1, 2)], [0]),
        ([dependence(WAR, 1, 2, scalar=True)], [0, 1]),
        # What it brings is written over in the next iteration, with and without versions.
        ([dependence(WAW, 1, 1, carried=True, removable=True)], [0, 1]),
        ([dependence(WAW, 1, 1, carried=True)], [0]),
        ([dependence(WAR, 2, 1, carried=True, removable=True)], [0, 1]),
        ([dependence(WAR, 2, 1, carried=True)], [0]),
        # A statement that stays comes before it, in its iteration.
        ([dependence(RAW, 2, 1)], [0]),
        ([dependence(WAR, 2, 0)], [1]),
    ],
)
def test_which_of_two_copies_run_ahead(more: list[Dependence], members: list[int]) -> None:
    reads = [Dependence(RAW, 0, 3, False, "first"), Dependence(RAW, 1, 3, False, "second")]
    assert first_stage_copies([COPY, COPY, OTHER, OTHER], [*reads, *more]) == members


def test_a_fill_that_a_copy_writes_over_goes_with_it() -> None:
    needs = [dependence(WAW, 0, 1), dependence(RAW, 1, 2)]
    assert first_stage_copies([PRODUCER, COPY, OTHER], needs) == [0, 1]
    assert first_stage_copies([OTHER, COPY, OTHER], needs) == []


def test_an_update_by_what_might_run_ahead_counts_as_a_use() -> None:
    """A statement that changes a tile in place waits for the copy; what reads its result uses the copy last."""
    needs = [dependence(RAW, 0, 1), dependence(WAW, 0, 1), dependence(RAW, 1, 2), dependence(WAW, 1, 2), dependence(RAW, 2, 4)]
    schedule = plan_schedule([COPY, OTHER, OTHER, OTHER, OTHER, OTHER], needs, 3)
    assert schedule is not None
    assert schedule.sequence == [1, 2, 3, 4, 0, 5] and schedule.stages == (0, 3, 3, 3, 3, 3)


def test_an_update_of_another_buffer_is_none() -> None:
    """Reading one tile and writing another: the second write would be in flight with the copy of it."""
    needs = [Dependence(RAW, 0, 1, False, "a"), Dependence(WAW, 0, 1, False, "b"), Dependence(RAW, 1, 2, False, "b")]
    assert plan_schedule([COPY, OTHER, OTHER], needs, 3) is None


def test_what_the_next_iteration_needs_goes_with_the_last_copy() -> None:
    """A count that nothing of its iteration needs is counted on after the last use of all copies."""
    count = [dependence(RAW, 4, 4, carried=True), Dependence(RAW, 4, 0, True, "count", scalar=True)]
    count += [Dependence(WAR, 0, 4, False, "count", scalar=True)]
    reads = [Dependence(RAW, 0, 2, False, "a"), Dependence(RAW, 1, 3, False, "b")]
    schedule = plan_schedule([COPY, COPY, OTHER, OTHER, PRODUCER, OTHER], [*reads, *count], 2)
    assert schedule is not None
    assert schedule.sequence == [2, 0, 3, 1, 4, 5] and schedule.ahead == (0, 1, 4)
    # The count only places the copy: it does not read what the copy brings.
    assert schedule.groups == (0, 1, -1, -1, -1, -1)


def test_a_count_goes_after_a_statement_that_stays() -> None:
    """The last use of the table is the count itself, which runs ahead."""
    needs = [dependence(RAW, 0, 1), Dependence(RAW, 2, 3, False, "table"), dependence(WAR, 0, 3, scalar=True)]
    needs += [dependence(RAW, 3, 0, carried=True, scalar=True)]
    schedule = plan_schedule([COPY, OTHER, COPY, PRODUCER, OTHER], needs, 3)
    assert schedule is not None
    assert schedule.ahead == (0, 2, 3) and schedule.sequence == [1, 0, 2, 3, 4] and schedule.groups == (0, -1, -1, -1, -1)


def test_a_table_that_versions_renew_does_not_place_what_made_it() -> None:
    needs = [dependence(RAW, 0, 1), dependence(RAW, 1, 2), dependence(RAW, 2, 3)]
    back = Dependence(RAW, 1, 0, True, "table")
    assert first_stage_copies([COPY, PRODUCER, COPY, OTHER], [*needs, replace(back, removable=True)]) == [0, 1, 2]
    assert first_stage_copies([COPY, PRODUCER, COPY, OTHER], [*needs, replace(back, scalar=True)]) == []


def test_a_write_of_the_next_iteration_is_no_update() -> None:
    needs = [dependence(RAW, 0, 1), dependence(WAW, 0, 1, carried=True, removable=True), dependence(RAW, 1, 2)]
    schedule = plan_schedule([COPY, OTHER, OTHER], needs, 3)
    assert schedule is not None and schedule.sequence == [1, 0, 2]


SIGNAL, SIGNALLED = StatementFacts(False, produces=True, barrier=0), StatementFacts(True, barrier=0)


def test_what_completes_a_phase_goes_together_after_the_last_use_of_all_its_copies() -> None:
    """Expect, two copies, arrive; two uses. Nothing but the barrier joins the first and the last to the copies."""
    facts = [SIGNAL, SIGNALLED, SIGNALLED, SIGNAL, OTHER, OTHER, OTHER]
    reads = [Dependence(RAW, 1, 4, False, "a"), Dependence(RAW, 2, 5, False, "b"), Dependence(RAW, 3, 6, False, "barrier")]
    schedule = plan_schedule(facts, reads, 3)
    assert schedule is not None
    assert schedule.ahead == (0, 1, 2, 3)
    assert schedule.sequence == [4, 5, 0, 1, 2, 3, 6] and schedule.stages == (0, 0, 0, 0, 3, 3, 3)
    assert schedule.groups == (-1,) * 7


def test_another_barrier_completes_another_phase() -> None:
    second = StatementFacts(False, produces=True, barrier=1)
    facts = [SIGNAL, second, SIGNALLED, OTHER, OTHER]
    schedule = plan_schedule(facts, [Dependence(RAW, 2, 3, False, "a")], 3)
    assert schedule is not None and schedule.ahead == (0, 2) and schedule.sequence == [1, 3, 0, 2, 4]


def test_what_is_held_back_holds_its_phase_back() -> None:
    facts = [SIGNAL, SIGNALLED, OTHER]
    assert first_stage_copies(facts, [dependence(RAW, 1, 2)]) == [0, 1]
    assert first_stage_copies(facts, [dependence(RAW, 1, 2), dependence(WAR, 2, 1, carried=True)]) == []


@pytest.mark.parametrize(("num_stages", "sequence", "late"), [(1, [2, 0, 1], 1), (2, [0, 1, 2], 1), (3, [0, 1, 2], 2)])
def test_copies_that_end_up_last_rotate_to_the_front_from_two_stages_on(num_stages, sequence, late) -> None:
    schedule = plan_schedule(*gemm(), num_stages)
    assert schedule is not None and schedule.sequence == sequence and max(schedule.stages) == late


def test_copies_that_do_not_all_end_up_last_do_not_rotate() -> None:
    reads = [Dependence(RAW, 0, 2, False, "a"), Dependence(RAW, 1, 3, False, "b")]
    schedule = plan_schedule([COPY, COPY, OTHER, OTHER], reads, 2)
    assert schedule is not None
    assert (schedule.stages, schedule.sequence) == ((0, 0, 2, 2), [2, 0, 3, 1])


def test_a_statement_between_two_copies_ends_their_group() -> None:
    reads = [Dependence(RAW, 0, 3, False, "a"), Dependence(RAW, 2, 3, False, "b")]
    facts = [COPY, OTHER, COPY, OTHER]
    assert group_copies(facts, reads, (0, 0, 0, 1), (0, 1, 2, 3)) == (0, -1, 1, -1)
    assert group_copies(facts, reads, (0, 0, 0, 1), (0, 2, 1, 3)) == (0, -1, 0, -1)


@pytest.mark.parametrize(
    ("writers", "users", "count"), [((0,), (0,), 1), ((0,), (0, 1), 4), ((1,), (0, 1), 1), ((0, 1), (0, 1, 2), 6), ((), (), 1)]
)
def test_the_versions_of_several_uses_are_those_of_the_farthest(writers, users, count) -> None:
    assert version_count(Schedule((0, 3, 5), (0, 1, 2), (-1, -1, -1)), BufferUses(writers, users)) == count


def test_a_dependence_that_versions_remove_is_never_broken() -> None:
    schedule = Schedule((1, 0), (0, 1), (-1, -1))
    assert violations(schedule, [dependence(WAR, 0, 1, removable=True)]) == []
    assert len(violations(schedule, [dependence(WAR, 0, 1), dependence(RAW, 0, 1)])) == 2
