"""Fragment layouts by their definition: each rule with values worked out by hand, or by counting digits one at a time."""

from __future__ import annotations

from itertools import product
from math import prod

import pytest

from tilewright.ir.layout import (
    Axis,
    FragmentLayout,
    LayoutError,
    Mode,
    flat_fragment,
    ragged_fragment,
    replicated_fragment,
    rows_first_fragment,
    spread_fragment,
)
from tilewright.ir.layout_algebra import Digit, Layout, row_major

pytestmark = pytest.mark.l0_backend_agnostic

Index = tuple[int, ...]
# Four rows of eight: pairs of neighbours, four threads a row, two rows of threads, and a second pair of rows in registers.
TILE = FragmentLayout((4, 8), 8, (Mode(2, 0, 1), Mode(4, 1), Mode(2, 4), Mode(2, 0, 2)))
COLUMN = FragmentLayout((6,), 12, (Mode(3, 1), Mode(2, 0, 1)), (Mode(4, 3),))


def defined(layout: FragmentLayout) -> dict[Index, tuple[frozenset[int], int]]:
    """The threads and the register of each element, as the definition of a fragment layout says."""
    found: dict[Index, tuple[frozenset[int], int]] = {}
    for index in product(*map(range, layout.shape)):
        position = 0
        for extent, coordinate in zip(layout.cover, index, strict=True):
            position = position * extent + coordinate
        thread = register = 0
        for mode in layout.modes:
            digit = position % mode.extent
            position //= mode.extent
            thread += digit * mode.thread
            register += digit * mode.register
        reach = {0}
        for mode in layout.replicas:
            reach = {offset + digit * mode.thread for offset in reach for digit in range(mode.extent)}
        found[index] = (frozenset(thread + offset for offset in reach), register)
    return found


def kept(layout: FragmentLayout) -> dict[Index, tuple[frozenset[int], int]]:
    """The same, as the layout itself says."""
    return {index: (layout.owners(index), layout.owner(index)[1]) for index in product(*map(range, layout.shape))}


SAMPLES = [
    TILE,
    COLUMN,
    FragmentLayout((), 1, ()),
    FragmentLayout((3, 5), 4, (Mode(4, 1), Mode(2, 0, 1), Mode(3, 0, 2)), (), (3, 8)),
    FragmentLayout((5,), 8, (Mode(2, 0, 1), Mode(4, 1)), (Mode(2, 4),)),
    FragmentLayout((4,), 16, (Mode(2, 1), Mode(2, 8)), (Mode(2, 2), Mode(2, 4))),
    FragmentLayout((6, 4), 32, (Mode(4, 8), Mode(3, 0, 1), Mode(2, 4)), (Mode(1, 9), Mode(4, 1))),
]


@pytest.mark.parametrize("layout", SAMPLES)
def test_threads_and_registers_are_those_of_the_digits(layout: FragmentLayout) -> None:
    assert kept(layout) == defined(layout)
    count = 1
    for mode in layout.replicas:
        count *= mode.extent
    assert layout.replication == count
    assert layout.registers == 1 + sum((mode.extent - 1) * mode.register for mode in layout.modes)


@pytest.mark.parametrize("layout", SAMPLES)
def test_places_of_replicas_are_those_of_their_threads(layout: FragmentLayout) -> None:
    """thread · registers + register; the replica is the first index, the first replica the first owner."""
    places = layout.replicated_places
    assert places.shape == (layout.replication, *layout.shape)
    for index, (threads, register) in defined(layout).items():
        found = [places((replica, *index)) for replica in range(layout.replication)]
        assert sorted(found) == sorted(thread * layout.registers + register for thread in threads)
        assert found[0] == layout.places(index) == min(found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((4,), 0, (Mode(4),)), r"a fragment of shape \(4,\) over 0 threads has no elements"),
        (((4,), -1, (Mode(4),)), "over -1 threads has no elements"),
        (((4, 0), 4, (Mode(4),)), "has no elements"),
        (((4, -1), 4, (Mode(4),)), "has no elements"),
        (((4,), 4, (Mode(0, 1), Mode(4))), "have an extent or a stride below 0, or no extent"),
        (((4,), 4, (Mode(-4, 1), Mode(-1))), "have an extent or a stride below 0"),
        (((4,), 4, (Mode(4, -1),)), "have an extent or a stride below 0"),
        (((4,), 4, (Mode(4, 0, -1),)), "have an extent or a stride below 0"),
        (((4,), 4, (Mode(4),), (Mode(0, 1),)), "have an extent or a stride below 0"),
        (((4,), 4, (Mode(4),), (Mode(2, -1),)), "have an extent or a stride below 0"),
        (((4,), 4, (Mode(8),), (), (4, 2)), r"the cover \(4, 2\) is smaller than the shape \(4,\)"),
        (((4, 2), 4, (Mode(8),), (), (8,)), "is smaller than the shape"),
        (((4, 2), 4, (Mode(8),), (), (8, 1)), "is smaller than the shape"),
        (((4, 2), 4, (Mode(7),)), "the modes cover 7 of 8 elements"),
        (((3, 2), 4, (Mode(6),), (), (4, 2)), "the modes cover 6 of 8 elements"),
        (((2,), 4, ()), "the modes cover 1 of 2 elements"),
    ],
)
def test_what_is_no_fragment(arguments: tuple, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        FragmentLayout(*arguments)


def test_the_smallest_fragments_there_are() -> None:
    assert FragmentLayout((1,), 1, (Mode(1),)).cover == (1,)
    assert FragmentLayout((), 1, ()).owner(()) == (0, 0)
    # Strides of 0, a cover as large as the shape, digits beyond the last element: all are layouts.
    assert FragmentLayout((3,), 1, (Mode(4),), (Mode(1),), (3,)).registers == 1
    assert FragmentLayout((3,), 2, (Mode(2, 1), Mode(2, 0, 1)), (), (4,)).cover == (4,)


def test_a_layout_is_described_by_its_shape_its_threads_and_its_registers() -> None:
    assert TILE.describe() == "4x8 over 8 threads, 4 registers each"
    assert COLUMN.describe() == "6 over 12 threads, 2 registers each, each element in 4 of them"


@pytest.mark.parametrize(
    ("layout", "everywhere"),
    [
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),), (Mode(8, 1),)), True),
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),), (Mode(4, 2), Mode(2, 1))), True),
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),), (Mode(1, 5), Mode(2, 1), Mode(2, 2), Mode(2, 4))), True),
        (FragmentLayout((1,), 8, (Mode(1, 3),), (Mode(8, 1),)), True),
        (FragmentLayout((4,), 1, (Mode(4, 0, 1),)), True),
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),), (Mode(4, 1),)), False),
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),), (Mode(4, 2),)), False),
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),), (Mode(2, 1), Mode(4, 1))), False),
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),), (Mode(2, 2), Mode(4, 4))), False),
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),), (Mode(2, 0), Mode(4, 2))), False),
        (FragmentLayout((4,), 8, (Mode(4, 0, 1),)), False),
        (FragmentLayout((4,), 1, (Mode(4, 0, 1),), (Mode(2, 3),)), False),
        (FragmentLayout((2,), 8, (Mode(2, 1),), (Mode(8, 1),)), False),
        (FragmentLayout((2,), 8, (Mode(2, 1),), (Mode(4, 2),)), False),
    ],
)
def test_everywhere_is_in_every_thread_whatever_the_element(layout: FragmentLayout, everywhere: bool) -> None:
    assert layout.is_fully_replicated == everywhere


def test_places_make_the_layout_they_came_from() -> None:
    assert TILE.with_places(TILE.places) == TILE
    assert COLUMN.with_places(COLUMN.places) == COLUMN
    ragged = SAMPLES[3]
    assert ragged.with_places(ragged.places) == ragged


def test_a_composition_reads_the_row_major_position_that_the_loop_gives() -> None:
    columns_first = Layout((8, 4), (Digit(4, 8), Digit(8, 1)))
    composed = TILE.compose(columns_first)
    assert composed.shape == (8, 4) and composed.threads == 8
    assert all(composed.owner((j, i)) == TILE.owner((i, j)) for i in range(4) for j in range(8))
    assert COLUMN.compose(row_major((6,))).replicas == COLUMN.replicas


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (TILE, TILE, True),
        (TILE, FragmentLayout((4, 8), 8, (Mode(2, 0, 1), Mode(8, 1), Mode(2, 0, 2))), True),
        # Other threads, more threads, other registers, gaps between registers, another shape, no replicas.
        (TILE, FragmentLayout((4, 8), 8, (Mode(2, 0, 1), Mode(2, 2), Mode(2, 1), Mode(2, 4), Mode(2, 0, 2))), False),
        (TILE, FragmentLayout((4, 8), 16, TILE.modes), False),
        (TILE, FragmentLayout((4, 8), 8, (Mode(2, 0, 2), Mode(8, 1), Mode(2, 0, 1))), False),
        (TILE, FragmentLayout((4, 8), 8, (Mode(2, 0, 1), Mode(8, 1), Mode(2, 0, 4))), False),
        (TILE, FragmentLayout((8, 4), 8, TILE.modes), False),
        (FragmentLayout((2,), 2, (Mode(2, 1),)), FragmentLayout((2,), 2, (Mode(2, 0, 1),)), False),
        (COLUMN, FragmentLayout((6,), 12, COLUMN.modes), False),
        (COLUMN, FragmentLayout((6,), 12, COLUMN.modes, (Mode(2, 3), Mode(2, 6))), True),
    ],
)
def test_the_same_spread_is_the_same_register_of_the_same_threads(first, second, same: bool) -> None:
    assert first.same_spread(second) == same
    assert second.same_spread(first) == same


@pytest.mark.parametrize(
    ("layout", "injective"),
    [
        (TILE, True),
        (COLUMN, True),
        # Two elements in one register; an element twice in a thread; replicas that reach where others are.
        (FragmentLayout((4,), 4, (Mode(2, 1), Mode(2, 0))), False),
        (FragmentLayout((2,), 4, (Mode(2, 1),), (Mode(2, 0),)), False),
        (FragmentLayout((2,), 4, (Mode(2, 1),), (Mode(2, 1),)), False),
        (FragmentLayout((2,), 4, (Mode(2, 1),), (Mode(2, 2),)), True),
    ],
)
def test_injective_is_one_element_to_a_register(layout: FragmentLayout, injective: bool) -> None:
    assert layout.is_injective() == injective


def test_ragged_digits_across_dimensions_are_injective_and_the_same_as_themselves() -> None:
    """Sixteen values for fifteen elements: nothing could follow the last digit, and nothing has to."""
    layout = flat_fragment((3, 5), 4, 1)
    assert layout.is_injective() and layout.same_spread(layout)
    assert layout.replicated_places.shape == (1, 3, 5)


def test_an_inverse_finds_the_element_of_a_register() -> None:
    places = TILE.inverse()
    assert all(
        places((thread * 4 + register,)) == 8 * i + j
        for (i, j), (thread, register) in (((i, j), TILE.owner((i, j))) for i in range(4) for j in range(8))
    )


def test_another_shape_of_the_same_positions() -> None:
    assert TILE.reshape((2, 16)) == FragmentLayout((2, 16), 8, TILE.modes)


def test_repeating_goes_along_one_dimension_in_registers_by_itself() -> None:
    """By default in registers; the copy number is the outermost digit of its dimension."""
    for dimension in (0, 1):
        repeated = TILE.repeat(dimension, 3)
        assert repeated.threads == 8 and repeated.registers == 12
        for index, (threads, register) in defined(repeated).items():
            copy, inside = divmod(index[dimension], TILE.shape[dimension])
            place = (inside, index[1]) if dimension == 0 else (index[0], inside)
            assert (threads, register) == (TILE.owners(place), TILE.owner(place)[1] + 4 * copy)
        over = TILE.repeat(dimension, 3, in_registers=False)
        assert over.threads == 24 and over.registers == 4
        for index, (threads, register) in defined(over).items():
            copy, inside = divmod(index[dimension], TILE.shape[dimension])
            place = (inside, index[1]) if dimension == 0 else (index[0], inside)
            assert (min(threads), register) == (TILE.owner(place)[0] + 8 * copy, TILE.owner(place)[1])
    assert COLUMN.repeat(0, 2).replicas == COLUMN.replicas


@pytest.mark.parametrize(
    ("layout", "dimension", "factor"),
    [(TILE, 2, 2), (TILE, -1, 2), (TILE, 0, 0), (TILE, 0, -1), (SAMPLES[3], 0, 2), (FragmentLayout((), 1, ()), 0, 2)],
)
def test_what_cannot_be_repeated(layout: FragmentLayout, dimension: int, factor: int) -> None:
    with pytest.raises(LayoutError, match=f"cannot repeat dimension {dimension} of .* {factor} times"):
        layout.repeat(dimension, factor)


def test_repeating_once_changes_nothing() -> None:
    assert TILE.repeat(1, 1).same_spread(TILE) and TILE.repeat(0, 1, in_registers=False).same_spread(TILE)


@pytest.mark.parametrize("layout", SAMPLES)
@pytest.mark.parametrize("stages", [1, 3])
def test_stages_are_in_registers_of_their_own(layout: FragmentLayout, stages: int) -> None:
    expanded = layout.expand(stages)
    assert expanded.threads == layout.threads and expanded.registers == stages * layout.registers
    for index, (threads, register) in defined(expanded).items():
        before, now = defined(layout)[index[1:]]
        assert (threads, register) == (before, now + index[0] * layout.registers)


def test_no_stages_are_no_fragment() -> None:
    for stages in (0, -1):
        with pytest.raises(LayoutError, match=f"cannot expand a layout by {stages} stages"):
            TILE.expand(stages)


@pytest.mark.parametrize(
    ("layout", "parts"),
    [
        (TILE, [[Mode(2, 4), Mode(2, 0, 2)], [Mode(2, 0, 1), Mode(4, 1)]]),
        # A digit over both dimensions is parted: four threads a row, the next rows four threads on.
        (
            FragmentLayout((4, 8), 8, (Mode(2, 0, 1), Mode(8, 1), Mode(2, 0, 2))),
            [[Mode(2, 4), Mode(2, 0, 2)], [Mode(2, 0, 1), Mode(4, 1)]],
        ),
        (FragmentLayout((4, 8), 32, (Mode(32, 1),)), [[Mode(4, 8)], [Mode(8, 1)]]),
        (FragmentLayout((4, 8), 1, (Mode(32, 0, 3),)), [[Mode(4, 0, 24)], [Mode(8, 0, 3)]]),
        (FragmentLayout((2, 2, 2), 8, (Mode(8, 1),)), [[Mode(2, 4)], [Mode(2, 2)], [Mode(2, 1)]]),
        # Digits of one value stay where they stand; what is beyond the first dimension stays with it.
        (FragmentLayout((2, 2), 4, (Mode(2, 1), Mode(1, 7), Mode(2, 2))), [[Mode(2, 2)], [Mode(2, 1), Mode(1, 7)]]),
        (FragmentLayout((3,), 4, (Mode(4, 1),)), [[Mode(4, 1)]]),
        (FragmentLayout((2,), 4, (Mode(4, 1),)), [[Mode(4, 1)]]),
        (FragmentLayout((3, 2), 8, (Mode(8, 1),)), [[Mode(4, 2)], [Mode(2, 1)]]),
        (FragmentLayout((1, 4), 4, (Mode(4, 1),)), [[], [Mode(4, 1)]]),
        (FragmentLayout((3, 5), 4, (Mode(8, 1), Mode(3, 0, 1)), (), (3, 8)), [[Mode(3, 0, 1)], [Mode(8, 1)]]),
    ],
)
def test_each_dimension_has_its_digits(layout: FragmentLayout, parts: list[list[Mode]]) -> None:
    assert layout.split() == parts


@pytest.mark.parametrize(
    ("layout", "dimension"),
    [
        (FragmentLayout((4, 6), 8, (Mode(4, 1), Mode(6, 0, 1))), 1),
        (FragmentLayout((4, 6), 8, (Mode(8, 1), Mode(3, 0, 1))), 1),
        (FragmentLayout((3, 4, 2), 8, (Mode(2, 1), Mode(6, 0, 1), Mode(2, 2))), 1),
        (FragmentLayout((6, 4), 9, (Mode(9, 1), Mode(3, 0, 1))), 1),
    ],
)
def test_digits_that_cross_a_dimension_unevenly(layout: FragmentLayout, dimension: int) -> None:
    with pytest.raises(LayoutError, match=f"a mode crosses dimension {dimension} of shape"):
        layout.split()


def test_a_reduction_is_kept_by_the_threads_along_it() -> None:
    rows = TILE.reduce(1)
    assert rows.shape == (4,)
    assert kept(rows) == {(i,): (frozenset(4 * (i % 2) + t for t in range(4)), i // 2) for i in range(4)}
    columns = TILE.reduce(0)
    assert columns.shape == (8,)
    assert kept(columns) == {(j,): (frozenset((j // 2, j // 2 + 4)), j % 2) for j in range(8)}


def test_compact_numbers_registers_without_gaps_in_their_old_order() -> None:
    gaps = FragmentLayout((2, 3, 2), 2, (Mode(2, 0, 40), Mode(3, 0, 5), Mode(2, 1)))
    assert gaps.compact().modes == (Mode(2, 0, 3), Mode(3, 0, 1), Mode(2, 1))
    # Two digits of one stride share registers; a digit of one value keeps its place.
    shared = FragmentLayout((2, 2, 2), 2, (Mode(2, 0, 6), Mode(2, 0, 2), Mode(2, 0, 6)))
    assert [mode.register for mode in shared.compact().modes] == [2, 1, 2]
    four = FragmentLayout((2, 2, 2), 2, (Mode(2, 0, 2), Mode(2, 0, 2), Mode(2, 0, 9)))
    assert [mode.register for mode in four.compact().modes] == [1, 1, 4]
    assert COLUMN.compact() == COLUMN


@pytest.mark.parametrize(
    ("axes", "wanted"),
    [
        # The loop's own dimensions; turned round; one of them; rows taken in pairs; the columns of a vector.
        ((Axis(4, 0), Axis(8, 1)), lambda i, j: (i, j)),
        ((Axis(8, 1), Axis(4, 0)), lambda i, j: (j, i)),
        ((Axis(4, 0),), lambda i, j: (i,)),
        ((Axis(2, 0, 2), Axis(8, 1)), lambda i, j: (i // 2, j)),
        ((Axis(4, 0), Axis(4, 1, 2)), lambda i, j: (i, j // 2)),
        ((Axis(4, 0), Axis(2, 1, 4)), lambda i, j: (i, j // 4)),
        ((Axis(1, 0, 4), Axis(1, 1, 8)), lambda i, j: (0, 0)),
    ],
)
def test_what_a_loop_indexes_is_where_its_iterations_are(axes, wanted) -> None:
    """Every thread whose iterations touch an element keeps it; registers are numbered without gaps, and no two share one."""
    indexed = TILE.indexed(axes)
    touching: dict[Index, set[int]] = {}
    for (i, j), (threads, _) in defined(TILE).items():
        touching.setdefault(wanted(i, j), set()).update(threads)
    assert {index: threads for index, (threads, _) in kept(indexed).items()} == touching
    assert indexed.is_injective()
    assert {register for _, register in kept(indexed).values()} == set(range(indexed.registers))


def test_what_something_else_indexes_is_in_registers_beside_the_rest() -> None:
    for axes in [(Axis(4, 0), Axis(3, None)), (Axis(3, None), Axis(4, 0)), (Axis(3, None), Axis(4, 0), Axis(5, None))]:
        indexed = TILE.indexed(axes)
        rows = next(number for number, axis in enumerate(axes) if axis.dimension is not None)
        assert all(threads == TILE.reduce(1).owners((index[rows],)) for index, (threads, _) in kept(indexed).items())
        assert indexed.is_injective() and indexed.registers == prod(indexed.shape) // 2


@pytest.mark.parametrize(
    ("layout", "axes", "message"),
    [
        (TILE, (Axis(4, 0), Axis(9, 1)), r"a loop of shape \(4, 8\) does not reach all of \(4, 9\)"),
        (TILE, (Axis(3, 0, 2), Axis(8, 1)), "does not reach all of"),
        (TILE, (Axis(4, 0, 8),), "a dimension has fewer than 2 values"),
        (TILE, (Axis(2, 0, 3),), "a digit of 2 values does not part 3"),
        (FragmentLayout((9,), 9, (Mode(9, 1),)), (Axis(4, 0, 2),), "a digit of 9 values is not parted by 2"),
    ],
)
def test_what_no_loop_of_this_layout_indexes(layout: FragmentLayout, axes, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        layout.indexed(axes)


def test_a_square_turned_round_and_a_ragged_dimension_divided_are_not_the_loop_itself() -> None:
    square = FragmentLayout((4, 4), 16, (Mode(16, 1),))
    turned = square.indexed((Axis(4, 1), Axis(4, 0)))
    assert all(turned.owner((j, i)) == (4 * i + j, 0) for i in range(4) for j in range(4))
    # The extents are the loop's own, and yet each element is that of two iterations.
    pairs = FragmentLayout((4,), 8, (Mode(8, 1),), (), (8,)).indexed((Axis(4, 0, 2),))
    assert [pairs.owners((k,)) for k in range(4)] == [frozenset((2 * k, 2 * k + 1)) for k in range(4)]


def test_a_digit_in_registers_is_parted_by_a_divisor() -> None:
    halved = FragmentLayout((8,), 1, (Mode(8, 0, 1),)).indexed((Axis(4, 0, 2),))
    assert [halved.owner((k,)) for k in range(4)] == [(0, k) for k in range(4)]


def test_a_division_leaves_the_higher_digits_as_they_were() -> None:
    assert TILE.indexed((Axis(2, 0, 2), Axis(8, 1))).modes == (Mode(2, 0, 1), Mode(4, 1), Mode(2, 0, 2))
    halved = FragmentLayout((8,), 4, (Mode(4, 1), Mode(2, 0, 1))).indexed((Axis(4, 0, 2),))
    expected = {(k,): (frozenset((2 * (k % 2), 2 * (k % 2) + 1)), k // 2) for k in range(4)}
    assert kept(halved) == expected
    rows = FragmentLayout((4, 4), 32, (Mode(32, 1),), (), (8, 4)).indexed((Axis(4, 0, 2), Axis(4, 1)))
    assert all(rows.owners((i, j)) == {8 * i + j, 8 * i + 4 + j} for i in range(4) for j in range(4))


def test_a_loop_gives_its_own_layout_to_what_all_its_dimensions_index_even_if_its_digits_cross_them() -> None:
    layout = flat_fragment((3, 5), 4, 1)
    assert layout.indexed((Axis(3, 0), Axis(5, 1))) == layout


def test_the_only_element_has_a_place_with_one_digit() -> None:
    assert FragmentLayout((), 1, ()).places == Layout((), (Digit(1, 0),))


def test_an_axis_shorter_than_its_dimension_keeps_its_owners() -> None:
    part = TILE.indexed((Axis(3, 0), Axis(5, 1)))
    assert part.shape == (3, 5) and part.cover == (4, 8)
    assert all(part.owner((i, j)) == TILE.owner((i, j)) for i in range(3) for j in range(5))


def test_a_part_is_from_the_origin_and_not_larger() -> None:
    part = TILE.restrict([3, 8])
    assert part.shape == (3, 8) and part.cover == (4, 8) and part.modes == TILE.modes
    assert TILE.restrict((4, 8)) == TILE
    for shape in ((5, 8), (4, 9), (4,), (4, 8, 1)):
        with pytest.raises(LayoutError, match="is no part of"):
            TILE.restrict(shape)


@pytest.mark.parametrize(
    ("modes", "canonical"),
    [
        ((Mode(2, 1), Mode(4, 2)), (Mode(8, 1),)),
        ((Mode(2, 1, 3), Mode(4, 2, 6)), (Mode(8, 1, 3),)),
        ((Mode(1, 9, 9), Mode(2, 1), Mode(1, 5), Mode(4, 2)), (Mode(8, 1),)),
        ((Mode(2, 1), Mode(2, 2), Mode(2, 4)), (Mode(8, 1),)),
        ((Mode(2, 1), Mode(4, 3)), (Mode(2, 1), Mode(4, 3))),
        ((Mode(2, 0, 1), Mode(4, 0, 3)), (Mode(2, 0, 1), Mode(4, 0, 3))),
        ((Mode(2, 1), Mode(4, 2, 1)), (Mode(2, 1), Mode(4, 2, 1))),
        ((Mode(2), Mode(4)), (Mode(8),)),
    ],
)
def test_canonical_digits(modes: tuple[Mode, ...], canonical: tuple[Mode, ...]) -> None:
    assert FragmentLayout((8,), 16, modes).canonical().modes == canonical


def test_canonical_replicas_are_in_the_order_of_their_strides() -> None:
    layout = FragmentLayout((1,), 16, (Mode(1, 3),), (Mode(2, 8), Mode(1, 1), Mode(2, 2))).canonical()
    assert layout.modes == (Mode(1),) and layout.replicas == (Mode(2, 2), Mode(2, 8))


# How loops are spread: values worked out by hand.


@pytest.mark.parametrize(
    ("shape", "threads", "vector", "modes"),
    [
        ((4, 8), 8, 2, (Mode(2, 0, 1), Mode(4, 1), Mode(2, 4), Mode(2, 0, 2))),
        ((4, 8), 4, 2, (Mode(2, 0, 1), Mode(4, 1), Mode(4, 0, 2))),
        ((4, 8), 2, 2, (Mode(2, 0, 1), Mode(2, 1), Mode(2, 0, 2), Mode(4, 0, 4))),
        ((6,), 4, 4, (Mode(3, 0, 1), Mode(2, 1))),
        # Seven threads a row; of the four that are left no number but one divides the five rows.
        ((5, 7), 32, 4, (Mode(7, 1), Mode(5, 0, 1))),
        ((1, 1), 32, 4, (Mode(1),)),
        ((), 32, 4, (Mode(1),)),
    ],
)
def test_a_spread_takes_neighbours_then_threads_then_registers(shape, threads, vector, modes) -> None:
    assert spread_fragment(shape, threads, vector).modes == modes


@pytest.mark.parametrize(
    ("shape", "threads", "vector", "modes", "cover"),
    [
        # Six columns over eight threads, the three rows in registers; five rows over the four threads that a row leaves.
        ((3, 6), 8, 1, (Mode(8, 1), Mode(3, 0, 1)), (3, 8)),
        ((5, 4), 16, 1, (Mode(4, 1), Mode(4, 4), Mode(2, 0, 1)), (8, 4)),
        ((9,), 4, 1, (Mode(4, 1), Mode(3, 0, 1)), (12,)),
        ((4, 8), 8, 2, (Mode(2, 0, 1), Mode(4, 1), Mode(2, 4), Mode(2, 0, 2)), (4, 8)),
        ((3, 3), 12, 1, (Mode(3, 1), Mode(4, 3)), (4, 3)),
    ],
)
def test_a_ragged_spread_leaves_threads_idle(shape, threads, vector, modes, cover) -> None:
    layout = ragged_fragment(shape, threads, vector)
    assert layout.modes == modes and layout.cover == cover


@pytest.mark.parametrize(
    ("shape", "threads", "vector", "modes"),
    [
        ((4, 8), 8, 2, (Mode(2, 0, 1), Mode(8, 1), Mode(2, 0, 2))),
        ((4, 6), 8, 4, (Mode(3, 0, 1), Mode(8, 1))),
        ((3, 5), 8, 1, (Mode(8, 1), Mode(2, 0, 1))),
        ((3,), 8, 1, (Mode(3, 1),)),
        ((4,), 8, 2, (Mode(2, 0, 1), Mode(2, 1))),
        ((2,), 1, 2, (Mode(2, 0, 1),)),
        ((), 8, 4, (Mode(1),)),
        ((1,), 8, 4, (Mode(1),)),
    ],
)
def test_a_flat_spread_takes_all_threads_in_each_round(shape, threads, vector, modes) -> None:
    layout = flat_fragment(shape, threads, vector)
    assert layout.modes == modes and layout.cover == tuple(shape) and layout.replicas == ()


@pytest.mark.parametrize(
    ("rows", "columns", "threads", "modes", "replicas"),
    [
        # A thread a row; two a row; four a row of two columns, which two of them keep; a thread of two rows.
        (8, 4, 8, (Mode(4, 0, 1), Mode(8, 1)), ()),
        (8, 4, 16, (Mode(2, 0, 1), Mode(2, 1), Mode(8, 2)), ()),
        (4, 2, 16, (Mode(2, 1), Mode(4, 4)), (Mode(2, 2),)),
        (16, 4, 8, (Mode(4, 0, 1), Mode(8, 1), Mode(2, 0, 4)), ()),
        # Four threads a row, three of which keep a column each: the fourth has nothing, and is no replica.
        (4, 3, 16, (Mode(3, 1), Mode(4, 4)), ()),
        (4, 3, 32, (Mode(3, 1), Mode(4, 8)), ()),
        (4, 1, 16, (Mode(4, 4),), (Mode(4, 1),)),
        (6, 6, 4, (Mode(6, 0, 1), Mode(3, 1), Mode(2, 0, 6)), ()),
        (1, 1, 1, (Mode(1),), ()),
    ],
)
def test_rows_first_gives_threads_to_rows_and_the_rest_to_columns(rows, columns, threads, modes, replicas) -> None:
    layout = rows_first_fragment(rows, columns, threads)
    assert layout.shape == (rows, columns) and layout.threads == threads
    assert (layout.modes, layout.replicas) == (modes, replicas)


@pytest.mark.parametrize(
    ("shape", "threads", "replicas"),
    [((4, 8), 32, (Mode(32, 1),)), ((3,), 2, (Mode(2, 1),)), ((3,), 1, ()), ((), 4, (Mode(4, 1),))],
)
def test_a_replicated_fragment_is_whole_in_every_thread(shape, threads, replicas) -> None:
    layout = replicated_fragment(shape, threads)
    assert layout.modes == (Mode(prod(shape), 0, 1),) and layout.replicas == replicas and layout.threads == threads
