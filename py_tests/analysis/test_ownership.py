"""Who owns what, as arrays, against the plain definition of a fragment layout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.analysis.loop_space import SpaceAccess
from tilewright.analysis.ownership import (
    contains,
    contains_all,
    first_owners,
    registers,
    replica_offsets,
    same_owners,
    why_not_served,
)
from tilewright.ir.layout import (
    Axis,
    FragmentLayout,
    Mode,
    ragged_fragment,
    replicated_fragment,
    rows_first_fragment,
    spread_fragment,
)

pytestmark = pytest.mark.l0_backend_agnostic

SHAPES = st.tuples(st.sampled_from((1, 2, 4, 6)), st.sampled_from((2, 3, 8)))


@st.composite
def layouts(draw, shape: tuple[int, int]) -> FragmentLayout:
    threads = draw(st.sampled_from((4, 8, 16)))
    layout = draw(
        st.sampled_from(
            (
                spread_fragment(shape, threads, 1),
                spread_fragment(shape, threads, 4),
                ragged_fragment(shape, threads, 1),
                rows_first_fragment(*shape, threads),
                replicated_fragment(shape, threads),
            )
        )
    )
    return layout.project((0, 1)) if draw(st.booleans()) else layout.canonical()


@settings(deadline=None)
@given(SHAPES.flatmap(layouts))
def test_arrays_agree_with_the_layout(layout):
    threads, places = first_owners(layout), registers(layout)
    for index in np.ndindex(*layout.shape):
        assert layout.owner(index) == (threads[index], places[index])


@settings(deadline=None)
@given(SHAPES.flatmap(lambda shape: st.tuples(layouts(shape), layouts(shape))))
def test_contains_is_a_superset_of_owners_everywhere(pair):
    outer, inner = pair
    expected = all(outer.owners(index) >= inner.owners(index) for index in np.ndindex(*outer.shape))
    assert contains(outer, inner) == expected
    assert same_owners(outer, inner) == all(outer.owners(i) == inner.owners(i) for i in np.ndindex(*outer.shape))


def test_other_shapes_are_never_contained():
    assert not contains(replicated_fragment((4,), 4), replicated_fragment((2, 2), 4))


def test_a_replicated_layout_contains_one_that_is_spread_differently_from_row_to_row():
    everywhere = FragmentLayout((2, 2), 4, (Mode(2, 0, 1), Mode(2, 0, 2)), (Mode(4, 1),))
    assert contains(everywhere, FragmentLayout((2, 2), 4, (Mode(2, 1), Mode(2, 2))))
    assert not contains(FragmentLayout((2, 2), 4, (Mode(2, 1), Mode(2, 2))), everywhere)


@given(st.lists(st.builds(Mode, st.integers(1, 3), st.integers(0, 5), st.just(0)), max_size=3))
def test_the_offsets_of_replicas_are_what_their_digits_add_up_to(modes):
    expected = {0}
    for mode in modes:
        expected = {offset + digit * mode.thread for offset in expected for digit in range(mode.extent)}
    assert replica_offsets(modes).tolist() == sorted(expected)


# Four elements over four threads: one each, the same in another order, in pairs, and in one thread.
EACH = FragmentLayout((4,), 4, (Mode(4, 1),))
CROSSED = FragmentLayout((4,), 4, (Mode(2, 2), Mode(2, 1)))
PAIRED = FragmentLayout((4,), 4, (Mode(2, 1), Mode(2, 0, 1)), (Mode(2, 2),))
ALONE = FragmentLayout((4,), 4, (Mode(4, 0, 1),))
EVERYWHERE = replicated_fragment((4,), 4)
TWICE = FragmentLayout((4,), 8, (Mode(4, 1),), (Mode(2, 4),))
ONCE = FragmentLayout((4,), 8, (Mode(4, 1),))


@pytest.mark.parametrize("outer", [EACH, CROSSED, PAIRED, ALONE, EVERYWHERE, TWICE, ONCE])
@pytest.mark.parametrize("inner", [EACH, CROSSED, PAIRED, ALONE, EVERYWHERE, TWICE, ONCE])
def test_what_contains_what(outer, inner):
    assert contains(outer, inner) == all(outer.owners((i,)) >= inner.owners((i,)) for i in range(4))
    assert same_owners(outer, inner) == all(outer.owners((i,)) == inner.owners((i,)) for i in range(4))


def test_the_same_digits_over_another_cover_are_another_layout():
    tight, ragged = (FragmentLayout((2, 3), 8, (Mode(8, 1),), (), cover) for cover in ((2, 3), (2, 4)))
    assert ragged.owner((1, 0)) == (4, 0) and tight.owner((1, 0)) == (3, 0)
    assert not contains(tight, ragged)


@pytest.mark.parametrize(
    ("layout", "all_of_it"), [(EACH, False), (ALONE, False), (PAIRED, False), (EVERYWHERE, True), (TWICE, False)]
)
def test_whether_all_threads_keep_everything(layout, all_of_it):
    assert contains_all(layout) == all_of_it
    assert contains_all(FragmentLayout((4,), 1, (Mode(4, 0, 1),)))


# Loops of 4 by 2: rows over threads and columns in registers, and columns over threads too.
ROWS = FragmentLayout((4, 2), 4, (Mode(2, 0, 1), Mode(4, 1)))
GRID = FragmentLayout((4, 2), 8, (Mode(2, 4), Mode(4, 1)))
SHORT = FragmentLayout((4, 1), 4, (Mode(1, 4), Mode(4, 1)))
WIDE = FragmentLayout((4, 3), 4, (Mode(3, 0, 1), Mode(4, 1)))
OWN, ALL = Axis(4, 0), Axis(4, None)
HALVES = FragmentLayout((2,), 4, (Mode(2, 2),), (Mode(2, 1),))

SOME = "every thread accesses an element that only some keep, where linalg.reduce would combine what they keep"
WHICH = "which thread writes what is not known"
PARTED = "its indices do not part as the layout of the loop does"
INDICES = "its indices are not the loop's own"
NOT_KEPT = "the loop's threads do not keep the elements that they access"
NOT_ALL = "not all threads that keep the elements write them"


@pytest.mark.parametrize(
    ("kept", "loop", "axes", "read", "write"),
    [
        (EACH, EACH, (OWN,), None, None),
        (CROSSED, CROSSED, (OWN,), None, None),
        (CROSSED, EACH, (OWN,), NOT_KEPT, NOT_KEPT),
        (ALONE, EACH, (OWN,), NOT_KEPT, NOT_KEPT),
        (EVERYWHERE, EACH, (OWN,), None, NOT_ALL),
        (EVERYWHERE, EVERYWHERE, (OWN,), None, None),
        # Without a layout of the loop any thread may make any access.
        (EACH, None, (OWN,), SOME, SOME),
        (EVERYWHERE, None, (OWN,), None, WHICH),
        # A part of what is kept.
        (FragmentLayout((8,), 4, (Mode(4, 1), Mode(2, 0, 1))), EACH, (OWN,), None, None),
        (FragmentLayout((8,), 4, (Mode(4, 0, 1), Mode(2, 1))), EACH, (OWN,), NOT_KEPT, NOT_KEPT),
        # Indices that are not the loop's: all of a dimension, or one that is divided.
        (EACH, EACH, (ALL,), INDICES, INDICES),
        (EVERYWHERE, EACH, (ALL,), None, INDICES),
        (EVERYWHERE, EVERYWHERE, (ALL,), None, None),
        (HALVES, EACH, (Axis(2, 0, 2),), None, INDICES),
        (EACH.restrict((2,)), EACH, (Axis(2, 0, 2),), NOT_KEPT, INDICES),
        (EACH, EACH, (Axis(2, 0, 3),), PARTED, PARTED),
        (EACH, EACH, (Axis(8, 0),), PARTED, PARTED),
        # A dimension of the loop that indexes nothing: over threads, they all write what only some know.
        (EACH, ROWS, (OWN,), None, None),
        (WIDE, ROWS, (OWN, Axis(3, None)), None, None),
        (WIDE, SHORT, (OWN, Axis(3, None)), None, None),
        (FragmentLayout((4, 3), 8, (Mode(3, 0, 1), Mode(4, 1)), (Mode(2, 4),)), GRID, (OWN, Axis(3, None)), None, INDICES),
        (FragmentLayout((4,), 8, (Mode(4, 1),), (Mode(2, 4),)), GRID, (OWN,), None, None),
        (FragmentLayout((4, 3), 4, (Mode(3, 0, 1), Mode(2, 2), Mode(2, 1))), ROWS, (OWN, Axis(3, None)), INDICES, INDICES),
    ],
)
def test_why_a_fragment_does_not_serve_an_access(kept, loop, axes, read, write):
    reads, writes = (SpaceAccess(None, axes, kind, None) for kind in (False, True))  # pyright: ignore[reportArgumentType]
    assert why_not_served(kept, loop, reads) == read
    assert why_not_served(kept, loop, writes) == write


@pytest.mark.parametrize("loop", [None, EACH])
@pytest.mark.parametrize("writes", [False, True])
def test_outside_of_loops_every_thread_makes_every_access(loop, writes):
    access = SpaceAccess(None, (ALL,), writes, None, serial=True)  # pyright: ignore[reportArgumentType]
    assert why_not_served(EVERYWHERE, loop, access) is None
    assert why_not_served(EACH, loop, access) == SOME
