"""The algebra of layouts: against tables of all results, and against integer-set relations."""

from __future__ import annotations

import time
from itertools import product
from math import prod

import islpy as isl
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tilewright.ir.layout_algebra import Digit, Layout, LayoutError, row_major, strided

pytestmark = pytest.mark.l0_backend_agnostic

# Neighbours on a busy machine make no test wrong.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FACTORS = st.lists(st.sampled_from((2, 2, 3, 4)), min_size=1, max_size=2)


@st.composite
def layouts(draw, gaps: bool = False, small: bool = False) -> Layout:
    """Any order of digits, some xored, compact; with `gaps` between the strides, and perhaps rows that are not full.

    `small`: few enough elements for the relations, which take long with many.
    """
    factors = draw(st.lists(FACTORS, min_size=1, max_size=2))
    if small:
        factors = [group[:1] for group in factors] if len(factors) > 1 else factors
    shape = tuple(prod(group) for group in factors)
    extents = [extent for group in reversed(factors) for extent in group]
    strides = [0] * len(extents)
    stride = 1
    for number in draw(st.permutations(range(len(extents)))):
        stride *= draw(st.sampled_from((1, 2, 3))) if gaps else 1
        strides[number] = stride
        stride *= extents[number]
    pairs = [(t, s) for t, s in product(range(len(extents)), repeat=2) if t != s and extents[t] == extents[s] in (2, 4)]
    xors = draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else []
    digits = tuple(Digit(e, s) for e, s in zip(extents, strides, strict=True))
    ragged = tuple(draw(st.integers(max(1, extent - 2), extent)) for extent in shape) if gaps else shape
    return Layout(ragged, digits, tuple(xors), 0, shape)


def indices(shape):
    return product(*(range(extent) for extent in shape))


def flat(index, shape) -> int:
    position = 0
    for extent, coordinate in zip(shape, index, strict=True):
        position = position * extent + coordinate
    return position


def relation(layout: Layout) -> isl.Map:
    """The layout as an integer relation, from its definition: digits of bounded range, whose weighted sum is the position.

    A bit xor another is their sum less twice their carry.
    """
    names = [f"i{dimension}" for dimension in range(len(layout.shape))]
    position = " + ".join(f"{prod(layout.cover[d + 1 :])}*{name}" for d, name in enumerate(names))
    rules = [f"0 <= {name} < {extent}" for name, extent in zip(names, layout.shape, strict=True)]
    exists: list[str] = []
    place, sums, bits = 1, [], []
    for number, digit in enumerate(layout.digits):
        mixed = any(number in pair for pair in layout.xors)
        width = digit.extent.bit_length() - 1 if mixed else 1
        mine = [f"d{number}_{bit}" for bit in range(width)]
        exists += mine
        rules += [f"0 <= {name} < {2 if mixed else digit.extent}" for name in mine]
        sums += [f"{place << bit}*{name}" for bit, name in enumerate(mine)]
        bits.append(mine)
        place *= digit.extent
    rules.append(f"{position} = {' + '.join(sums)}")
    for count, (into, of) in enumerate(layout.xors):
        for bit, (old, other) in enumerate(zip(list(bits[into]), bits[of], strict=True)):
            new, carry = f"x{count}_{bit}", f"c{count}_{bit}"
            exists += [new, carry]
            rules += [f"0 <= {new} < 2", f"0 <= {carry} < 2", f"{new} + 2*{carry} = {old} + {other}"]
            bits[into][bit] = new
    terms = [f"{d.stride << bit}*{name}" for d, mine in zip(layout.digits, bits, strict=True) for bit, name in enumerate(mine)]
    rules.append(f"o = {' + '.join([str(layout.offset), *terms])}")
    return isl.Map(f"{{ [{', '.join(names)}] -> [o] : exists ({', '.join(exists)} : {' and '.join(rules)}) }}")


def points(relation: isl.Map) -> set[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []

    def visit(point: isl.Point) -> None:
        count = point.space.dim(isl.dim_type.set)
        found.append(tuple(point.get_coordinate_val(isl.dim_type.set, d).to_python() for d in range(count)))

    relation.wrap().flatten().foreach_point(visit)
    return set(found)


@ANY_SPEED
@given(layouts(gaps=True))
def test_the_table_is_the_map(layout):
    assert all(layout(index) == layout.table[index] for index in indices(layout.shape))


@settings(ANY_SPEED, max_examples=40)
@given(layouts(gaps=True, small=True))
def test_a_layout_is_its_integer_relation(layout):
    assert points(relation(layout)) == {(*index, layout(index)) for index in indices(layout.shape)}


@settings(ANY_SPEED, max_examples=40)
@given(layouts(gaps=True, small=True))
def test_the_image_is_that_of_the_relation(layout):
    results = [point[-1] for point in points(relation(layout))]
    assert layout.image().tolist() == sorted(set(results))
    assert layout.is_injective() == (len(set(results)) == len(results))


@st.composite
def overlapping(draw) -> Layout:
    """Digits whose strides may be anything."""
    extents = draw(FACTORS)
    digits = tuple(Digit(extent, draw(st.integers(0, 12))) for extent in extents)
    return Layout((prod(extents),), digits, (), draw(st.integers(0, 3)))


@ANY_SPEED
@given(overlapping())
def test_injectivity_of_any_strides(layout):
    assert layout.is_injective() == (len({layout(index) for index in indices(layout.shape)}) == layout.size)
    assert layout.is_injective() == relation(layout).is_injective()


@ANY_SPEED
@given(layouts())
def test_an_inverse_undoes_and_is_undone(layout):
    inverse = layout.inverse()
    assert inverse.compose(layout).same_map(row_major(layout.shape))
    assert layout.reshape((layout.size,)).compose(inverse).same_map(row_major((layout.size,)))
    assert inverse.inverse().reshape(layout.shape).same_map(layout)


@settings(ANY_SPEED, max_examples=40)
@given(layouts(small=True))
def test_an_inverse_is_the_reverse_relation(layout):
    as_vector = layout.reshape((layout.size,))
    assert points(relation(as_vector).reverse()) == points(relation(as_vector.inverse()))


@ANY_SPEED
@given(layouts(gaps=True))
def test_an_inverse_over_gaps_undoes_or_is_refused(layout):
    try:
        inverse = layout.inverse()
    except LayoutError:
        return
    assert all(inverse((layout(index),)) == flat(index, layout.cover) for index in indices(layout.shape))


@pytest.mark.parametrize("strides", [(72, 1), (128, 2), (1, 16), (2, 40)])
def test_padded_rows_and_double_steps_have_inverses(strides):
    layout = strided((16, 64) if strides[0] > 2 else (16, 16), strides)
    inverse = layout.inverse()
    assert all(inverse((layout(index),)) == flat(index, layout.shape) for index in indices(layout.shape))


@pytest.mark.parametrize("layout", [strided((4, 4), (1, 1)), strided((4,), (0,)), strided((4,), (1,), 10)])
def test_what_is_not_injective_or_has_an_offset_has_no_inverse(layout):
    with pytest.raises(LayoutError, match=r"no inverse|only a layout without offset"):
        layout.inverse()


@st.composite
def composable(draw) -> tuple[Layout, Layout]:
    """Two layouts of as many elements; the outer one compact."""
    inner = draw(layouts(small=True))
    factors = [digit.extent for digit in inner.digits]
    outer = draw(st.permutations(factors).flatmap(lambda order: st.just(tuple(order))))
    strides = [0] * len(outer)
    stride = 1
    for number in draw(st.permutations(range(len(outer)))):
        strides[number] = stride
        stride *= outer[number]
    pairs = [(t, s) for t, s in product(range(len(outer)), repeat=2) if t != s and outer[t] == outer[s] in (2, 4)]
    xors = draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else []
    digits = tuple(Digit(e, s) for e, s in zip(outer, strides, strict=True))
    return Layout((inner.size,), digits, tuple(xors)), inner


@settings(ANY_SPEED, max_examples=40)
@given(composable())
def test_a_composition_is_the_composed_relation_or_refused(pair):
    outer, inner = pair
    try:
        composed = outer.compose(inner)
    except LayoutError:
        return
    assert all(composed(index) == outer((inner(index),)) for index in indices(inner.shape))
    assert points(relation(inner).apply_range(relation(outer))) == {(*i, composed(i)) for i in indices(inner.shape)}


@ANY_SPEED
@given(layouts(gaps=True), st.integers(1, 3), st.integers(0, 5))
def test_a_composition_with_steps_is_always_had(layout, step, offset):
    outer = strided((layout.span + 7,), (step,), offset)
    composed = outer.compose(layout)
    assert all(composed(index) == offset + step * layout(index) for index in indices(layout.shape))


def test_compositions_that_cannot_be_had():
    with pytest.raises(LayoutError, match="do not fit the shape"):
        row_major((4,)).compose(row_major((8,)))
    with pytest.raises(LayoutError, match="do not fit the digits"):
        strided((4, 6), (1, 4)).compose(strided((4,), (4,)))
    with pytest.raises(LayoutError, match="carry"):
        strided((4, 8), (1, 4)).compose(strided((2, 2), (1, 1), 6))
    with pytest.raises(LayoutError, match="an offset of 2"):
        strided((4, 8), (1, 4)).compose(strided((4,), (1,), 2))
    with pytest.raises(LayoutError, match="no index reaches"):
        Layout((4,), (Digit(2, 1), Digit(2, 2)), ((0, 1),)).compose(strided((2,), (2,)))


@ANY_SPEED
@given(layouts(gaps=True))
def test_canonical_is_the_same_map_and_its_own_canonical_form(layout):
    canonical = layout.canonical()
    assert np.array_equal(canonical.table, layout.table)
    assert canonical.canonical() == canonical


@ANY_SPEED
@given(layouts(small=True), layouts(small=True))
def test_layouts_are_the_same_map_where_their_relations_are_equal(first, second):
    other = second.reshape(first.shape) if second.size == first.size else second
    same = first.shape == other.shape and points(relation(first)) == points(relation(other))
    assert first.same_map(other) == same


def test_a_digit_may_be_written_in_parts():
    whole = strided((4, 12), (12, 1))
    assert whole.canonical() == Layout((4, 12), (Digit(3, 1), Digit(4, 3), Digit(1, 9), Digit(4, 12))).canonical()
    assert not whole.same_map(strided((4, 12), (1, 4)))


@ANY_SPEED
@given(layouts(), st.integers(1, 3))
def test_expand_repeats_the_layout_by_its_span(layout, count):
    expanded = layout.expand(count)
    assert expanded.shape == (count, *layout.shape)
    assert all(
        expanded((stage, *index)) == stage * layout.span + layout(index)
        for stage in range(count)
        for index in indices(layout.shape)
    )


@ANY_SPEED
@given(layouts(), st.data())
def test_repeat_lays_copies_one_after_another_along_a_dimension(layout, data):
    dimension, factor = data.draw(st.integers(0, len(layout.shape) - 1)), data.draw(st.integers(1, 3))
    repeated = layout.repeat(dimension, factor)
    extent = layout.shape[dimension]
    assert repeated.shape[dimension] == extent * factor
    for index in indices(repeated.shape):
        inner = (*index[:dimension], index[dimension] % extent, *index[dimension + 1 :])
        assert repeated(index) == index[dimension] // extent * layout.span + layout(inner)


@ANY_SPEED
@given(layouts())
def test_reshape_keeps_row_major_positions(layout):
    vector = layout.reshape((layout.size,))
    assert all(vector((flat(index, layout.shape),)) == layout(index) for index in indices(layout.shape))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: row_major((4, 4)).expand(0), "by 0 stages"),
        (lambda: row_major((4, 4)).repeat(0, 0), "cannot repeat dimension 0"),
        (lambda: row_major((4, 4)).repeat(2, 1), "cannot repeat dimension 2"),
        (lambda: row_major((4, 6)).repeat(1, 2), "crosses two dimensions"),
        (lambda: row_major((4, 4)).reshape((3, 5)), "cannot be reshaped"),
        (lambda: Layout((4,), (Digit(2, 1),)), "cover 2 of 4"),
        (lambda: Layout((4,), (Digit(4, -1),)), "below 0"),
        (lambda: Layout((4,), (Digit(4, 1),), (), 0, (2,)), "smaller than the shape"),
        (lambda: Layout((6,), (Digit(3, 1), Digit(2, 3)), ((0, 1),)), "powers of two"),
        (lambda: Layout((4,), (Digit(2, 1), Digit(2, 2)), ((0, 2),)), "digit 0 xor digit 2 of 2"),
    ],
)
def test_layouts_that_make_no_sense(make, message):
    with pytest.raises(LayoutError, match=message):
        make()


def test_half_a_million_points_are_judged_at_once():
    start = time.perf_counter()
    assert strided((524288,), (2,), 10).is_injective()
    assert not Layout((1024, 512), (Digit(512, 1), Digit(1024, 511))).is_injective()
    assert time.perf_counter() - start < 5.0
