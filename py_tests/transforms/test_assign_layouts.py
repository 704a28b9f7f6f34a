"""The assignment of layouts over plain data: buffers and operations are names here, since nothing looks into them."""

from __future__ import annotations

from typing import Any

import pytest

from tilewright.analysis.loop_space import LoopSpace, SpaceAccess
from tilewright.ir.layout import Axis, FragmentLayout, Mode, replicated_fragment, spread_fragment
from tilewright.transforms.assign_layouts import Assignment, Conflict, Fragments, Seed, assign_layouts

pytestmark = pytest.mark.l0_backend_agnostic

THREADS = 8
# Four rows of eight columns: pairs, four threads a row, two rows of threads; or a thread a column.
TILE = FragmentLayout((4, 8), THREADS, (Mode(2, 0, 1), Mode(4, 1), Mode(2, 4), Mode(2, 0, 2)))
COLUMNS = FragmentLayout((4, 8), THREADS, (Mode(8, 1), Mode(4, 0, 1)))


def at(*dimensions: int | None, shape: tuple[int, ...] = (4, 8), divisor: int = 1) -> tuple[Axis, ...]:
    """The dimensions of a loop that index a buffer; each has the loop's extent, or the one that `shape` gives it."""
    return tuple(Axis(shape[n if d is None else d], d, divisor) for n, d in enumerate(dimensions))


def access(buffer: str, axes: tuple[Axis, ...], writes: bool = False, **more: Any) -> SpaceAccess:
    name: Any = buffer
    operation: Any = f"{'store' if writes else 'load'} {buffer}"
    return SpaceAccess(name, axes, writes, operation, **more)


def loop(name: str, *accesses: SpaceAccess, extents: tuple[int, ...] | None = (4, 8)) -> LoopSpace:
    operation: Any = name
    return LoopSpace(operation, extents, accesses, THREADS)


def serial(buffer: str, writes: bool = False, shape: tuple[int, ...] = (4, 8)) -> LoopSpace:
    axes = tuple(Axis(extent, None) for extent in shape)
    return loop("serial", access(buffer, axes, writes, serial=True), extents=None)


def seed(buffer: str, layout: FragmentLayout, by: str = "product") -> Seed:
    name: Any = buffer
    operation: Any = by
    return Seed(name, layout, operation)


def assigned(spaces: list[LoopSpace], seeds: list[Seed], shapes: dict[str, tuple[int, ...]], **more: Any) -> Assignment:
    names: Any = shapes
    loops = more.pop("loops", {})
    conflicts, cost = more.pop("conflicts", ()), more.pop("cost", "registers")
    fragments = Fragments(names, dict.fromkeys(names, 4), dict.fromkeys(names, THREADS), **more)
    return assign_layouts(spaces, seeds, loops, fragments, conflicts, cost)


def test_a_loop_takes_the_layout_of_what_it_reads_and_gives_it_to_what_it_writes() -> None:
    """Along a chain, whatever the order of the loops, breadth first."""
    first = loop("first", access("A", at(0, 1)), access("B", at(0, 1), True))
    second = loop("second", access("B", at(0, 1)), access("C", at(0, 1), True))
    for spaces in ([first, second], [second, first]):
        found = assigned(spaces, [seed("A", TILE)], dict.fromkeys("ABC", (4, 8)))
        assert found.layouts == dict.fromkeys("ABC", TILE) and not found.moved
        assert found.loops == {"first": TILE, "second": TILE}


def test_what_a_dimension_does_not_index_is_kept_by_all_threads_along_it() -> None:
    rows = loop("rows", access("A", at(0, 1)), access("S", at(0), True))
    found: Any = assigned([rows], [seed("A", TILE)], {"A": (4, 8), "S": (4,)})
    assert found.layouts["S"] == TILE.reduce(1) and not found.moved


def test_what_is_written_goes_before_what_is_read() -> None:
    """A is read as COLUMNS, and B is written as TILE: the loop runs as B is kept, and A moves."""
    both = loop("both", access("A", at(0, 1)), access("B", at(0, 1), True))
    found: Any = assigned([both], [seed("A", COLUMNS, "a"), seed("B", TILE, "b")], dict.fromkeys("AB", (4, 8)))
    assert found.loops == {"both": TILE} and found.layouts == {"B": TILE}
    [moved] = found.moved
    assert (moved.buffer, moved.first, moved.second) == ("A", "a", "load A")
    assert moved.reason == "the loop's threads do not keep the elements that they access"
    assert moved.first_layout == COLUMNS and moved.second_layout is not None and moved.second_layout.same_spread(TILE)
    assert not moved.serial


def test_what_fewer_threads_keep_says_more_of_a_loop() -> None:
    twice = FragmentLayout((4, 8), THREADS, (Mode(8, 0, 1), Mode(4, 2)), (Mode(2, 1),))
    both = loop("both", access("A", at(0, 1)), access("B", at(0, 1)), access("C", at(0, 1), True))
    found: Any = assigned([both], [seed("A", twice), seed("B", TILE)], dict.fromkeys("ABC", (4, 8)))
    assert found.layouts["C"] == TILE
    assert [conflict.buffer for conflict in found.moved] == ["A"]


def test_what_every_thread_keeps_says_nothing_of_a_loop_that_reads_it() -> None:
    everywhere = replicated_fragment((4, 8), THREADS)
    both = loop("both", access("A", at(0, 1)), access("B", at(0, 1), True))
    found: Any = assigned([both], [seed("A", everywhere)], dict.fromkeys("AB", (4, 8)))
    assert found.layouts["A"] == everywhere and found.layouts["B"].replication == 1 and not found.moved
    written = loop("written", access("A", at(0, 1), True), access("B", at(0, 1)))
    found = assigned([written], [seed("A", everywhere)], dict.fromkeys("AB", (4, 8)))
    assert found.layouts["B"].is_fully_replicated and not found.moved


def test_the_first_seed_stands_and_one_that_it_contains_agrees() -> None:
    everywhere = replicated_fragment((4, 8), THREADS)
    found: Any = assigned([], [seed("A", everywhere, "first"), seed("A", TILE, "second")], {"A": (4, 8)})
    assert found.layouts == {"A": everywhere} and not found.moved
    found = assigned([], [seed("A", TILE, "first"), seed("A", COLUMNS, "second"), seed("B", TILE)], dict.fromkeys("AB", (4, 8)))
    assert found.layouts == {"B": TILE}
    assert found.moved == [
        Conflict(*("A", "two operations want it spread differently", "first", "second"), TILE, COLUMNS)  # type: ignore[arg-type]
    ]


def test_each_round_moves_the_first_conflict() -> None:
    seeds = [seed(b, layout, f"{b}{n}") for b in "AB" for n, layout in enumerate((TILE, COLUMNS))]
    found: Any = assigned([], seeds, dict.fromkeys("AB", (4, 8)))
    assert [(c.buffer, c.first, c.second) for c in found.moved] == [("A", "A0", "A1"), ("B", "B0", "B1")]
    assert not found.layouts


def test_given_conflicts_come_first_and_their_fragments_are_memory() -> None:
    given: Any = Conflict(*("A", "because", None, "product"))  # type: ignore[arg-type]
    both = loop("both", access("A", at(0, 1)), access("B", at(0, 1), True))
    found: Any = assigned([both], [seed("A", TILE)], dict.fromkeys("AB", (4, 8)), conflicts=[given])
    assert found.moved == [given] and set(found.layouts) == {"B"}


def test_a_loop_whose_layout_is_given_gives_it_to_its_fragments() -> None:
    both = loop("both", access("A", at(0, 1)), access("B", at(0, 1), True))
    odd = FragmentLayout((4, 8), THREADS, (Mode(2, 4), Mode(4, 1), Mode(4, 0, 1)))
    for layout in (COLUMNS, odd):
        found: Any = assigned([both], [], dict.fromkeys("AB", (4, 8)), loops={"both": layout})
        assert found.layouts == dict.fromkeys("AB", layout) and found.loops == {"both": layout}


def test_a_loop_over_a_part_leaves_the_rest_where_a_larger_loop_would() -> None:
    part = loop("part", access("A", at(0, 1, shape=(3, 8))), access("B", at(0, 1, shape=(3, 8)), True), extents=(3, 8))
    found: Any = assigned([part], [seed("A", TILE)], dict.fromkeys("AB", (4, 8)))
    assert found.layouts["B"] == TILE and not found.moved
    assert found.loops["part"].shape == (3, 8) and found.loops["part"].cover == (4, 8)
    free: Any = assigned([part], [], dict.fromkeys("AB", (4, 8)))
    assert free.layouts["A"].shape == (4, 8) and free.layouts["A"] == free.layouts["B"] and not free.moved


def test_serial_code_ends_the_search_where_a_layout_is_dictated() -> None:
    for writes in (False, True):
        found: Any = assigned([serial("A", writes)], [seed("A", TILE)], {"A": (4, 8)})
        assert not found.layouts and not found.loops
        [conflict] = found.moved
        assert conflict.serial and conflict.first == "product" and conflict.first_layout == TILE
        assert conflict.second_layout == replicated_fragment((4, 8), THREADS)


def test_serial_code_alone_has_its_fragments_in_every_thread_and_moves_what_loops_spread() -> None:
    found: Any = assigned([serial("A")], [], {"A": (4, 8)})
    assert found.layouts == {"A": replicated_fragment((4, 8), THREADS)} and not found.loops and not found.moved
    fill = loop("fill", access("A", at(0, 1), True))
    found = assigned([fill, serial("A")], [], {"A": (4, 8)})
    [conflict] = found.moved
    assert (conflict.buffer, conflict.second, conflict.serial) == ("A", "load A", False)
    assert "linalg.reduce" in conflict.reason and set(found.loops) == {"fill"}


@pytest.mark.parametrize(("size", "vector"), [(1, 16), (2, 8), (4, 4), (16, 1), (32, 1)])
def test_what_nothing_uses_is_spread_by_vectors_of_16_bytes(size: int, vector: int) -> None:
    name: Any = "A"
    fragments = Fragments({name: (4, 64)}, {name: size}, {name: 4})
    assert assign_layouts([], [], {}, fragments).layouts == {name: spread_fragment((4, 64), 4, vector)}


def test_two_ways_to_index_one_fragment_move_it() -> None:
    turned = loop("turned", access("A", at(0, 1, shape=(8, 8))), access("A", at(1, 0, shape=(8, 8)), True), extents=(8, 8))
    found: Any = assigned([turned], [], {"A": (8, 8)})
    assert [conflict.buffer for conflict in found.moved] == ["A"] and not found.layouts


def test_the_first_access_of_a_loop_gives_a_fragment_its_layout_and_is_named_where_the_second_disagrees() -> None:
    square = FragmentLayout((8, 8), THREADS, (Mode(8, 1), Mode(8, 0, 1)))
    turned = loop(
        "turned",
        access("A", at(0, 1, shape=(8, 8))),
        access("B", at(0, 1, shape=(8, 8)), True),
        access("B", at(1, 0, shape=(8, 8))),
        extents=(8, 8),
    )
    found: Any = assigned([turned], [seed("A", square)], dict.fromkeys("AB", (8, 8)))
    [conflict] = found.moved
    assert (conflict.buffer, conflict.first, conflict.second) == ("B", "store B", "load B")
    assert conflict.first_layout == square and found.layouts == {"A": square}
    assert conflict.second_layout.same_spread(square.project((1, 0)))


def test_what_no_dimension_of_a_loop_indexes_is_whole_in_every_thread() -> None:
    table = loop("table", access("A", at(0, 1)), access("B", (Axis(3, None),)))
    found: Any = assigned([table], [seed("A", TILE)], {"A": (4, 8), "B": (3,)})
    assert found.layouts["B"] == replicated_fragment((3,), THREADS) and not found.moved


def test_what_is_indexed_by_a_quotient_says_nothing_of_the_loop() -> None:
    """One scale for two columns: the loop takes its layout from the tile beside it."""
    halves = (Axis(4, 0), Axis(4, 1, 2))
    scaled = loop("scaled", access("P", halves), access("A", at(0, 1)), access("B", at(0, 1), True))
    shapes = {"P": (4, 4), "A": (4, 8), "B": (4, 8)}
    found: Any = assigned([scaled], [seed("P", TILE.indexed(halves)), seed("A", TILE)], shapes)
    assert found.layouts["B"] == TILE and found.loops == {"scaled": TILE} and not found.moved


def test_the_cheapest_of_what_is_free() -> None:
    """A column of A is read for each row: registers are fewest where threads part the rows, and each keeps its sums."""
    sums = loop("sums", access("A", at(0, 1, shape=(8, 4))), access("S", at(0, shape=(8, 4)), True), extents=(8, 4))
    found: Any = assigned([sums], [], {"A": (8, 4), "S": (8,)})
    # 32 elements over 8 threads are four registers each, and one of S: no other spread has fewer.
    assert found.layouts["A"].registers == 4 and found.layouts["S"].registers == 1
    assert found.loops["sums"] == found.layouts["A"]


def test_segments_of_memory_decide_between_equal_registers_and_go_first_by_the_other_model() -> None:
    """A vector of 16 elements over 8 threads: two registers either way. Memory by strides of 32 bytes in pairs."""
    name: Any = "M"
    memory = SpaceAccess(name, (), False, name, (1,), 4)
    copy = loop("copy", memory, access("A", (Axis(16, 0),), True), extents=(16,))
    for cost in ("registers", "io"):
        found: Any = assigned([copy], [], {"A": (16,)}, cost=cost)
        assert found.layouts["A"].modes == (Mode(2, 0, 1), Mode(8, 1)), "one instruction moves pairs, and touches one segment"


def test_memory_decides_where_registers_are_equal() -> None:
    """Eight columns, each in a segment of its own: a thread a row touches one in each instruction, any other more."""
    name: Any = "M"
    memory = SpaceAccess(name, (), False, name, (1, 64), 4)
    copy = loop("copy", memory, access("A", at(0, 1, shape=(8, 8)), True), extents=(8, 8))
    found: Any = assigned([copy], [], {"A": (8, 8)})
    assert found.layouts["A"].modes == (Mode(8, 0, 1), Mode(8, 1))


def test_a_loop_that_no_fragment_decides_is_one_that_serves_them_all() -> None:
    rows = FragmentLayout((4,), THREADS, (Mode(4, 2),), (Mode(2, 1),))
    scale = loop("scale", access("S", at(0)))
    found: Any = assigned([scale], [seed("S", rows)], {"S": (4,)})
    assert found.loops["scale"].modes == (Mode(4, 0, 1), Mode(2, 1), Mode(4, 2)) and not found.moved


def test_a_loop_is_run_by_every_thread_where_all_that_it_writes_is_everywhere() -> None:
    """No spread of eight rows of three over eight threads has every thread in every row."""
    everywhere, odd = replicated_fragment((8,), THREADS), FragmentLayout((8,), THREADS, (Mode(2, 4), Mode(4, 1)))
    write = access("S", at(0, shape=(8, 3)), True)
    sums = loop("sums", access("R", at(0, shape=(8, 3))), write, extents=(8, 3))
    found: Any = assigned([sums], [seed("S", everywhere), seed("R", odd)], {"S": (8,), "R": (8,)})
    assert found.loops["sums"] == replicated_fragment((8, 3), THREADS)
    assert [conflict.buffer for conflict in found.moved] == ["R"]
    reads = loop("reads", access("R", at(0, shape=(8, 3))), extents=(8, 3))
    found = assigned([reads], [seed("R", odd)], {"R": (8,)})
    assert found.loops["reads"].replication == 1 and [conflict.buffer for conflict in found.moved] == ["R"]


def test_equal_costs_keep_the_earliest_root() -> None:
    first = loop("first", access("A", at(0, 1)), access("B", at(0, 1), True))
    second = loop("second", access("B", at(0, 1)), access("C", at(0, 1), True))
    forward: Any = assigned([first, second], [], dict.fromkeys("ABC", (4, 8)))
    assert forward.layouts == dict.fromkeys("ABC", spread_fragment((4, 8), THREADS, 4))


def test_fragments_without_a_loop_in_common_are_laid_out_apart() -> None:
    one, other = loop("one", access("A", at(0, 1), True)), loop("other", access("B", (Axis(16, 0),), True), extents=(16,))
    found: Any = assigned([one, other], [], {"A": (4, 8), "B": (16,)})
    alone: Any = assigned([other], [], {"B": (16,)})
    assert found.layouts["B"] == alone.layouts["B"] and set(found.loops) == {"one", "other"}


def test_a_loop_over_memory_alone_takes_the_fewest_registers() -> None:
    name: Any = "M"
    fill = loop("fill", SpaceAccess(name, at(0, 1, shape=(3, 8)), True, name, (8, 1), 4), extents=(3, 8))
    found: Any = assigned([fill], [], {})
    assert found.loops["fill"].registers == 3 and found.loops["fill"].shape == (3, 8)


def test_fragments_that_share_only_one_of_known_layout_are_laid_out_apart() -> None:
    """What every thread keeps connects nothing: each loop is the root of its own."""
    everywhere = replicated_fragment((4,), THREADS)
    loops = [loop(name, access("S", at(0)), access(name, at(0, 1), True)) for name in "AB"]
    found: Any = assigned(loops, [seed("S", everywhere)], {"S": (4,), "A": (4, 8), "B": (4, 8)})
    assert found.layouts == {"S": everywhere, **dict.fromkeys("AB", spread_fragment((4, 8), THREADS, 4))}


def test_loops_that_share_a_free_fragment_are_laid_out_together_through_all_that_connects_them() -> None:
    """From the middle of a chain both ends are reached, though the middle was the last to be named."""
    first = loop("first", access("A", at(0, 1), True))
    second = loop("second", access("C", at(0, 1), True))
    third = loop("third", access("A", at(0, 1)), access("B", at(0, 1), True))
    fourth = loop("fourth", access("B", at(0, 1)), access("C", at(0, 1)))
    found: Any = assigned([first, second, third, fourth], [], dict.fromkeys("ABC", (4, 8)))
    assert found.layouts == dict.fromkeys("ABC", spread_fragment((4, 8), THREADS, 4)) and not found.moved


def test_roots_are_tried_in_program_order_whatever_their_numbers() -> None:
    """The loops 1 and 8 index one square in two ways, each as good as the other: the first has its own."""
    name: Any = "M"
    idle = [loop(f"idle {n}", SpaceAccess(name, (), False, name, (1,), 4), extents=(8,)) for n in range(9)]
    turned = {1: at(0, 1, shape=(8, 8)), 8: at(1, 0, shape=(8, 8))}
    spaces = list(idle)
    for number, axes in turned.items():
        buffer, operation = "A", f"loop {number}"
        one = SpaceAccess(buffer, axes, False, operation)  # type: ignore[arg-type]
        spaces[number] = LoopSpace(operation, (8, 8), (one,), THREADS)  # type: ignore[arg-type]
    found: Any = assigned(spaces, [], {"A": (8, 8)})
    assert found.layouts == {"A": spread_fragment((8, 8), THREADS, 4)} and not found.moved


def parts(count: int) -> list[LoopSpace]:
    """Loops over the first elements of A, each over fewer, that read elements of 16 bytes: none moves vectors of A."""
    name: Any = "M"
    memory = SpaceAccess(name, (), False, name, (0,), 16)
    return [loop(f"part {n}", memory, access("A", (Axis(128 - n, 0),)), extents=(128 - n,)) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("decoys", "tried"),
    [(parts(7), True), (parts(7) + parts(7), True), (parts(8), False), (parts(9), False)],
)
def test_the_first_eight_forms_of_a_component_are_its_roots(decoys: list[LoopSpace], tried: bool) -> None:
    """The copy would have vectors of four, which touch a quarter of the segments. Loops of one form count once."""
    name: Any = "M"
    memory = SpaceAccess(name, (), False, name, (1,), 4)
    copy = loop("copy", memory, access("A", (Axis(128, 0),), True), extents=(128,))
    found: Any = assigned([*decoys, copy], [], {"A": (128,)})
    vectors, single = (Mode(4, 0, 1), Mode(8, 1), Mode(4, 0, 4)), (Mode(8, 1), Mode(16, 0, 1))
    assert found.layouts["A"].modes == (vectors if tried else single) and not found.moved


def test_a_root_reaches_as_far_as_its_free_fragments_whatever_else_it_reads() -> None:
    """The rows of K are longer, but every thread keeps them: A is spread by its own."""
    everywhere = replicated_fragment((4, 16), THREADS)
    scaled = loop("scaled", access("K", at(0, 1)), access("A", at(0, 1), True))
    found: Any = assigned([scaled], [seed("K", everywhere)], {"K": (4, 16), "A": (4, 8)})
    assert found.layouts["A"] == spread_fragment((4, 8), THREADS, 4) and not found.moved
