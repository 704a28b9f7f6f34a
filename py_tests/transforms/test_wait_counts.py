"""Wait counts against a machine that commits, waits and lands groups one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.transforms.schedule import Schedule
from tilewright.transforms.wait_counts import commit_places, pipeline_waits

pytestmark = pytest.mark.l0_backend_agnostic


@st.composite
def pipelines(draw) -> tuple[Schedule, list[frozenset[int]]]:
    """A schedule with groups of one stage each, and readers that run after what they read was copied."""
    count = draw(st.integers(2, 6))
    stages = [draw(st.integers(0, 3)) for _ in range(count)]
    stages[draw(st.integers(0, count - 1))] = 0
    orders = draw(st.permutations(range(count)))
    is_copy = [draw(st.booleans()) for _ in range(count)]
    numbers: dict[int, int] = {}
    groups = [-1] * count
    for statement in sorted(range(count), key=lambda index: orders[index]):
        if is_copy[statement]:
            known = numbers.get(stages[statement])
            if known is None or draw(st.booleans()):
                known = numbers[stages[statement]] = max(groups) + 1
            groups[statement] = known
    needs: list[frozenset[int]] = []
    for statement in range(count):
        ready = set()
        for group in range(max(groups) + 1):
            members = [m for m in range(count) if groups[m] == group]
            if all((stages[m], orders[m]) < (stages[statement], orders[statement]) for m in members) and all(
                stages[m] < stages[statement] or orders[m] < orders[statement] for m in members
            ):
                ready.add(group)
        chosen = draw(st.sets(st.sampled_from(sorted(ready)))) if ready and groups[statement] < 0 else set()
        needs.append(frozenset(chosen))
    return Schedule(tuple(stages), tuple(orders), tuple(groups)), needs


@settings(deadline=None)
@given(pipelines(), st.integers(0, 7))
def test_every_reader_finds_its_groups_landed_and_no_wait_is_longer_than_needed(pipeline, trips):
    schedule, needs = pipeline
    depth = schedule.depth
    waits = pipeline_waits(schedule, needs)
    commits = commit_places(schedule)
    if not trips:
        return
    committed: list[tuple[int, int]] = []
    landed = 0
    # In the prologue every group is committed in every step, in the drain those that may still have an iteration.
    end = max(trips, depth)
    for step in range(end + depth):
        if step < depth:
            table, running = waits.prologue[step], [stage <= step for stage in schedule.stages]
        elif step < end:
            table, running = waits.steady, [True] * len(schedule.stages)
        else:
            table, running = waits.epilogue[step - end], [stage > step - end for stage in schedule.stages]
        for statement in schedule.sequence:
            iteration = step - schedule.stages[statement]
            if running[statement] and statement in table:
                landed = max(landed, len(committed) - table[statement])
            if running[statement] and 0 <= iteration < trips:
                wanted = [(group, iteration) for group in needs[statement]]
                assert all(entry in committed[:landed] for entry in wanted)
                if statement in table:
                    last = max(committed.index(entry) for entry in wanted)
                    assert table[statement] == len(committed) - 1 - last
            if statement in commits and (running[statement] or step < depth):
                committed.append((commits[statement], iteration))


def test_the_gemm_of_three_stages():
    schedule = Schedule((0, 0, 2), (0, 1, 2), (0, 0, -1))
    waits = pipeline_waits(schedule, [frozenset(), frozenset(), frozenset({0})])
    assert commit_places(schedule) == {1: 0}
    assert waits.prologue == ({}, {})
    assert waits.steady == {2: 2}
    assert waits.epilogue == ({2: 1}, {2: 0})


def test_attention_with_two_groups_that_follow_their_uses():
    # use of K, copy of K, use of V, copy of V
    schedule = Schedule((2, 0, 2, 0), (0, 1, 2, 3), (-1, 0, -1, 1))
    waits = pipeline_waits(schedule, [frozenset({0}), frozenset(), frozenset({1}), frozenset()])
    assert waits.steady == {0: 3, 2: 3}
    assert waits.epilogue == ({0: 3, 2: 2}, {0: 1, 2: 0})


def test_a_wait_that_another_one_implies_is_left_out():
    schedule = Schedule((0, 1, 1), (0, 1, 2), (0, -1, -1))
    waits = pipeline_waits(schedule, [frozenset(), frozenset({0}), frozenset({0})])
    assert waits.steady == {1: 1}


def test_three_pairs_in_three_groups_leave_eight_pending_and_the_drain_descends_to_none():
    # Three times a copy and its use, three iterations apart; each copy follows the use of what it overwrites.
    schedule = Schedule((0, 3, 0, 3, 0, 3), (1, 0, 3, 2, 5, 4), (0, -1, 1, -1, 2, -1))
    none = frozenset[int]()
    waits = pipeline_waits(schedule, [none, frozenset({0}), none, frozenset({1}), none, frozenset({2})])
    assert waits.steady == {1: 8, 3: 8, 5: 8}
    assert [pending for step in waits.epilogue for _, pending in sorted(step.items())] == [8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_a_copy_three_stages_ahead_leaves_three_pending_and_the_drain_descends():
    schedule = Schedule((0, 3), (0, 1), (0, -1))
    waits = pipeline_waits(schedule, [frozenset(), frozenset({0})])
    assert waits.steady == {1: 3}
    assert waits.epilogue == ({1: 2}, {1: 1}, {1: 0})


def test_a_reader_of_two_groups_waits_for_the_later_one():
    schedule = Schedule((0, 0, 1), (0, 1, 2), (0, 1, -1))
    waits = pipeline_waits(schedule, [frozenset(), frozenset(), frozenset({0, 1})])
    # Two groups of the step that runs may be pending; in the drain there are none.
    assert waits.steady == {2: 2}
    assert waits.epilogue == ({2: 0},)


def test_a_statement_that_has_not_begun_commits_its_group_empty():
    schedule = Schedule((0, 1, 2), (0, 1, 2), (0, 1, -1))
    waits = pipeline_waits(schedule, [frozenset(), frozenset({0}), frozenset()])
    # Committed after the group of iteration 0: the empty one of the second statement, and the next copy.
    assert waits.prologue == ({}, {1: 2})
    assert waits.steady == {1: 2}
    # In the drain the first statement commits nothing any more.
    assert waits.epilogue == ({1: 1}, {})


def test_a_group_is_committed_after_its_last_statement_in_the_order_of_the_step():
    assert commit_places(Schedule((0, 0, 0, 1), (2, 0, 1, 3), (0, 0, 1, -1))) == {0: 0, 2: 1}
    assert commit_places(Schedule((0, 1), (0, 1), (-1, -1))) == {}
