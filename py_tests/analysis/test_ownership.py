"""Who owns what, as arrays, against the plain definition of a fragment layout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.analysis.ownership import contains, first_owners, registers, same_owners
from tilewright.ir.layout import FragmentLayout, Mode, replicated_fragment, rows_first_fragment, spread_fragment

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
