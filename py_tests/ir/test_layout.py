"""Layouts as plain values: what they promise, for shapes that nobody thought of."""

from __future__ import annotations

import time
from collections import Counter
from itertools import product
from math import prod

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tilewright.ir.layout import (
    VECTOR_BYTES,
    Axis,
    FragmentLayout,
    LayoutError,
    Mode,
    SharedLayout,
    flat_fragment,
    ragged_fragment,
    replicated_fragment,
    rows_first_fragment,
    spread_fragment,
)
from tilewright.ir.layout_algebra import Digit, strided

pytestmark = pytest.mark.l0_backend_agnostic

SIZES = st.sampled_from((1, 2, 3, 4, 5, 6, 8))
SHAPES = st.lists(SIZES, min_size=1, max_size=3).map(tuple)
THREADS = st.sampled_from((1, 2, 3, 8, 32, 128))


def indices(shape):
    return product(*(range(extent) for extent in shape))


def places(layout: FragmentLayout) -> list[tuple[int, int]]:
    return [layout.owner(index) for index in indices(layout.shape)]


def owners(layout: FragmentLayout) -> list[frozenset[int]]:
    return [layout.owners(index) for index in indices(layout.shape)]


@st.composite
def fragments(draw) -> FragmentLayout:
    """A spread fragment, which `split` can take apart, perhaps with replicas."""
    shape, threads, vector = draw(SHAPES), draw(THREADS), draw(st.sampled_from((1, 2, 4, 8)))
    layout = spread_fragment(shape, threads, vector)
    used = prod(mode.extent for mode in layout.modes if mode.thread)
    if used > 1 and threads % used == 0 and threads > used and draw(st.booleans()):
        return FragmentLayout(shape, threads, layout.modes, (Mode(threads // used, used),))
    return layout


@settings(deadline=None)
@given(fragments())
def test_no_two_elements_share_a_register_of_a_thread(layout):
    assert max(Counter(places(layout)).values()) == 1


@settings(deadline=None)
@given(fragments())
def test_owners_are_threads_and_registers_are_in_range(layout):
    assert all(0 <= thread < layout.threads for kept in owners(layout) for thread in kept)
    assert max(register for _, register in places(layout)) + 1 == layout.registers
    assert all(len(kept) == layout.replication for kept in owners(layout))


@settings(deadline=None)
@given(fragments(), st.integers(1, 4))
def test_expand_keeps_owners_and_gives_registers_of_their_own(layout, stages):
    expanded = layout.expand(stages)
    assert expanded.shape == (stages, *layout.shape)
    for index in indices(layout.shape):
        assert all(expanded.owners((stage, *index)) == layout.owners(index) for stage in range(stages))
    assert max(Counter(places(expanded)).values()) == 1
    assert expanded.registers == stages * layout.registers


@settings(deadline=None)
@given(fragments(), st.data())
def test_project_is_kept_wherever_an_element_of_the_slice_is(layout, data):
    dimensions = data.draw(st.permutations(range(len(layout.shape))))[: data.draw(st.integers(1, len(layout.shape)))]
    projected = layout.project(dimensions)
    assert projected.shape == tuple(layout.shape[dimension] for dimension in dimensions)
    expected: dict[tuple[int, ...], frozenset[int]] = {}
    for index in indices(layout.shape):
        key = tuple(index[dimension] for dimension in dimensions)
        expected[key] = expected.get(key, frozenset()) | layout.owners(index)
    assert all(projected.owners(index) == kept for index, kept in expected.items())
    assert max(Counter(places(projected)).values()) == 1


@settings(deadline=None)
@given(fragments(), st.data())
def test_reduce_is_the_projection_of_the_other_dimensions(layout, data):
    assume(len(layout.shape) > 1)
    axis = data.draw(st.integers(0, len(layout.shape) - 1))
    assert layout.reduce(axis) == layout.project([d for d in range(len(layout.shape)) if d != axis])


@settings(deadline=None)
@given(fragments())
def test_canonical_keeps_places_and_is_its_own_canonical_form(layout):
    canonical = layout.canonical()
    assert places(canonical) == places(layout)
    assert owners(canonical) == owners(layout)
    assert canonical.canonical() == canonical


@settings(deadline=None)
@given(fragments(), st.integers(2, 8))
def test_canonical_forgets_how_a_digit_was_written(layout, factor):
    modes: list[Mode] = []
    for mode in layout.modes:
        if mode.extent % factor:
            modes.append(mode)
        else:
            modes += [
                Mode(factor, mode.thread, mode.register),
                Mode(1),
                Mode(mode.extent // factor, mode.thread * factor, mode.register * factor),
            ]
    written = FragmentLayout(layout.shape, layout.threads, tuple(modes), layout.replicas)
    assert written.canonical() == layout.canonical()


@settings(deadline=None)
@given(fragments())
def test_compact_leaves_owners_and_no_gaps(layout):
    sparse = FragmentLayout(
        layout.shape, layout.threads, tuple(Mode(m.extent, m.thread, 3 * m.register) for m in layout.modes), layout.replicas
    )
    compact = sparse.compact()
    assert owners(compact) == owners(layout)
    assert {register for _, register in places(compact)} == set(range(compact.registers))


@settings(deadline=None)
@given(fragments())
def test_split_gives_each_dimension_its_own_extent(layout):
    per_dimension = layout.split()
    assert [prod(mode.extent for mode in modes) for modes in per_dimension] == list(layout.shape)


def test_a_mode_across_two_dimensions_cannot_be_split():
    with pytest.raises(LayoutError, match="crosses dimension 1"):
        FragmentLayout((4, 6), 8, (Mode(8, 1), Mode(3, 0, 1))).split()


@settings(deadline=None)
@given(SHAPES, THREADS, st.sampled_from((1, 2, 4, 8)))
def test_spread_keeps_vectors_of_neighbours_together(shape, threads, vector):
    layout = spread_fragment(shape, threads, vector)
    width = max(d for d in range(1, vector + 1) if shape[-1] % d == 0)
    for index in indices(shape):
        first = (*index[:-1], index[-1] - index[-1] % width)
        thread, register = layout.owner(first)
        assert layout.owner(index) == (thread, register + index[-1] % width)


@settings(deadline=None)
@given(SIZES, SIZES, THREADS)
def test_rows_first_places_rows_by_their_number_alone(rows, columns, threads):
    layout = rows_first_fragment(rows, columns, threads)
    assert max(Counter(places(layout)).values()) == 1
    along = max(d for d in range(1, min(rows, threads) + 1) if rows % d == 0)
    for row, column in indices((rows, columns)):
        thread, _ = layout.owner((row, column))
        assert thread // (threads // along) == row % along


@settings(deadline=None)
@given(SHAPES, THREADS)
def test_a_replicated_fragment_is_everywhere(shape, threads):
    layout = replicated_fragment(shape, threads)
    assert all(kept == frozenset(range(threads)) for kept in owners(layout))
    assert sorted(register for _, register in places(layout)) == list(range(prod(shape)))


@pytest.mark.parametrize(
    ("shape", "threads", "modes", "message"),
    [
        ((4, 4), 8, (Mode(8, 1),), "the modes cover 8 of 16 elements"),
        ((4, 0), 8, (Mode(8, 1),), "has no elements"),
        ((4,), 0, (Mode(4, 1),), "over 0 threads"),
    ],
)
def test_fragments_that_make_no_sense(shape, threads, modes, message):
    with pytest.raises(LayoutError, match=message):
        FragmentLayout(shape, threads, modes)


@st.composite
def shared_layouts(draw) -> SharedLayout:
    element_bytes = draw(st.sampled_from((1, 2, 4, 8)))
    swizzle = draw(st.sampled_from((0, 32, 64, 128)))
    columns = draw(st.integers(1, 3)) * (swizzle // element_bytes) if swizzle else draw(st.integers(1, 40))
    outer = draw(st.lists(st.integers(1, 9), min_size=0 if not swizzle else 1, max_size=2))
    return SharedLayout((*outer, columns), element_bytes, swizzle, 0 if swizzle else draw(st.integers(0, 3)))


@settings(deadline=None, max_examples=60)
@given(shared_layouts())
def test_shared_layouts_are_injective_and_stay_inside(layout):
    assert layout.is_injective()
    assert all(0 <= layout.position(index) < layout.size for index in indices(layout.shape))


@settings(deadline=None, max_examples=60)
@given(shared_layouts())
def test_a_swizzle_is_the_hardwares_address_function(layout):
    """Address bits 4 and up xor bits 7 and up, as many as the swizzle has vectors, over blocks of columns of its width."""
    assume(layout.swizzle)
    *outer, rows, columns = layout.shape
    width = layout.swizzle // layout.element_bytes
    padded = -(-rows // 8) * 8
    for matrix, prefix in enumerate(indices(outer)):
        for row, column in indices((rows, columns)):
            block = matrix * (columns // width) + column // width
            address = (block * padded * width + row * width + column % width) * layout.element_bytes
            address ^= (address >> 7 & (layout.swizzle // VECTOR_BYTES - 1)) << 4
            assert layout.position((*prefix, row, column)) * layout.element_bytes == address


@settings(deadline=None, max_examples=60)
@given(shared_layouts())
def test_rows_without_swizzle_follow_one_another(layout):
    assume(not layout.swizzle)
    pitch = layout.shape[-1] + layout.padding
    for row, prefix in enumerate(indices(layout.shape[:-1])):
        assert [layout.position((*prefix, c)) for c in range(layout.shape[-1])] == [row * pitch + c for c in range(pitch)][
            : layout.shape[-1]
        ]


@settings(deadline=None, max_examples=60)
@given(shared_layouts(), st.integers(1, 4))
def test_expanding_a_shared_layout_repeats_it(layout, stages):
    expanded = layout.expand(stages)
    assert expanded.shape == (stages, *layout.shape) and expanded.inner == layout.inner
    for stage in range(stages):
        for index in indices(layout.shape):
            assert expanded.position((stage, *index)) == stage * layout.size + layout.position(index)


@pytest.mark.parametrize("swizzle", [32, 64, 128])
def test_a_column_of_vectors_falls_on_different_banks(swizzle):
    """Eight rows, as ldmatrix and the matrix instructions read them, keep one vector at eight places of a 128-byte line."""
    layout = SharedLayout((16, swizzle), 2, swizzle)
    for first, vector in indices((2, swizzle // 8)):
        assert layout.bank_conflicts([(first * 8 + row, vector * 8) for row in range(8)], VECTOR_BYTES) == 1


@pytest.mark.parametrize("columns", [64, 128, 192])
def test_rows_without_swizzle_or_padding_fall_on_the_same_banks(columns):
    column = [(row, 0) for row in range(8)]
    assert SharedLayout((8, columns), 2).bank_conflicts(column, VECTOR_BYTES) == 8
    assert SharedLayout((8, columns), 2, 0, 8).bank_conflicts(column, VECTOR_BYTES) == 1


def test_the_swizzle_of_128_bytes_is_row_xor_vector():
    layout = SharedLayout((16, 64), 2, 128)
    for row, vector in indices((16, 8)):
        assert layout.position((row, vector * 8)) == row * 64 + (vector ^ row % 8) * 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((4, 8), 2, 48), "swizzle = 48"),
        (((4, 64), 2, 128, 8), "swizzled or padded"),
        (((4, 8), 2, 0, -1), "padding -1"),
        (((4, 8), 0), "has no elements"),
        (((4, 24), 2, 64), "no multiple of the swizzle"),
    ],
)
def test_shared_layouts_that_make_no_sense(arguments, message):
    with pytest.raises(LayoutError, match=message):
        SharedLayout(*arguments)


@pytest.mark.parametrize("layout", [SharedLayout((4,), 2), spread_fragment((4,), 4, 1)])
def test_nothing_expands_by_no_stages(layout):
    with pytest.raises(LayoutError, match="by 0 stages"):
        layout.expand(0)


# The algebra of fragments: that of their places, thread · registers + register.


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fragments())
def test_the_inverse_of_a_fragment_finds_the_element_of_each_register(layout):
    """A register of a thread keeps one element, whichever replica: position in (replica, *index) comes back."""
    inverse = layout.inverse()
    places = layout.replicated_places
    for replica, *index in indices(places.shape):
        position = replica * prod(layout.shape)
        position += sum(c * prod(layout.shape[d + 1 :]) for d, c in enumerate(index))
        assert inverse((places((replica, *index)),)) == position


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fragments(), st.data())
def test_a_fragment_seen_as_another_shape_keeps_its_places(layout, data):
    flat = layout.reshape((prod(layout.shape),))
    assert places(flat) == places(layout)
    order = data.draw(st.permutations(range(len(layout.shape))))
    shape = tuple(layout.shape[d] for d in order)
    strides = [prod(layout.shape[d + 1 :]) for d in order]
    loop = layout.compose(strided(shape, strides))
    for index in indices(shape):
        assert loop.owner(index) == layout.owner([index[order.index(d)] for d in range(len(shape))])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fragments(), st.integers(1, 3), st.booleans(), st.data())
def test_a_repeated_fragment_has_registers_or_threads_for_each_copy(layout, factor, in_registers, data):
    dimension = data.draw(st.integers(0, len(layout.shape) - 1))
    repeated = layout.repeat(dimension, factor, in_registers)
    assert repeated.is_injective() and repeated.threads == layout.threads * (1 if in_registers else factor)
    extent = layout.shape[dimension]
    for index in indices(repeated.shape):
        copy, inside = divmod(index[dimension], extent)
        thread, register = layout.owner((*index[:dimension], inside, *index[dimension + 1 :]))
        moved = (thread, register + copy * layout.registers) if in_registers else (thread + copy * layout.threads, register)
        assert repeated.owner(index) == moved


@settings(deadline=None)
@given(SHAPES, THREADS, st.sampled_from((1, 2, 4, 8)))
def test_ragged_and_flat_spreads_keep_each_element_once_in_threads_that_there_are(shape, threads, vector):
    for layout in (ragged_fragment(shape, threads, vector), flat_fragment(shape, threads, vector)):
        assert layout.is_injective()
        assert max(Counter(places(layout)).values()) == 1
        assert all(0 <= thread < threads for kept in owners(layout) for thread in kept)


@pytest.mark.parametrize(("size", "threads", "vector", "rounds"), [(514, 128, 1, 5), (3072, 128, 8, 3), (1024, 384, 1, 3)])
def test_a_flat_spread_is_position_over_vector_modulo_threads(size, threads, vector, rounds):
    layout = flat_fragment((size,), threads, vector)
    for position in range(size):
        turn, thread = divmod(position // vector, threads)
        assert layout.owner((position,)) == (thread, turn * vector + position % vector)
    assert layout.registers == rounds * vector


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fragments(), st.data())
def test_what_a_loop_indexes_is_kept_by_the_threads_whose_iterations_touch_it(layout, data):
    """Dimensions in any order, some divided, some left out, one indexed by something else."""
    order = data.draw(st.permutations(range(len(layout.shape))))[: data.draw(st.integers(1, len(layout.shape)))]
    divisors = [data.draw(st.sampled_from([d for d in (1, 2, 4) if layout.shape[n] % d == 0])) for n in order]
    axes = [Axis(layout.shape[n] // d, n, d) for n, d in zip(order, divisors, strict=True)]
    free = data.draw(st.sampled_from((None, 3)))
    axes += [Axis(free, None)] if free else []
    try:
        indexed = layout.indexed(tuple(axes))
    except LayoutError:
        return
    expected: dict[tuple[int, ...], frozenset[int]] = {}
    for index in indices(layout.shape):
        key = tuple(index[n] // d for n, d in zip(order, divisors, strict=True))
        expected[key] = expected.get(key, frozenset()) | layout.owners(index)
    for key, kept in expected.items():
        assert all(indexed.owners((*key, k) if free else key) == kept for k in range(free or 1))
    assert max(Counter(places(indexed)).values()) == 1


@settings(deadline=None)
@given(SHAPES, THREADS, st.data())
def test_a_part_of_a_fragment_keeps_its_owners(shape, threads, data):
    layout = spread_fragment(shape, threads, 4)
    part = tuple(data.draw(st.integers(1, extent)) for extent in shape)
    assert all(layout.restrict(part).owner(index) == layout.owner(index) for index in indices(part))


def test_half_a_million_iterations_are_judged_at_once():
    start = time.perf_counter()
    assert flat_fragment((524288,), 128, 4).is_injective()
    assert not FragmentLayout((524288,), 128, (Mode(128, 1, 0), Mode(4096, 0, 0))).is_injective()
    assert time.perf_counter() - start < 5.0


@pytest.mark.parametrize(("padding", "width", "threads"), [(1, 4, 32), (4, 16, 8)])
def test_padded_rows_are_free_of_bank_conflicts_along_a_column(padding, width, threads):
    """What SIMT reads of 4 bytes and vectors of 16 bytes access at once: 32 rows, or the 8 of a part of 128 bytes."""
    for columns in (32, 64, 96, 128):
        layout = SharedLayout((32, columns), 4, 0, padding)
        for column in range(0, columns, width // 4):
            assert layout.bank_conflicts([(row, column) for row in range(threads)], width) == 1


@pytest.mark.parametrize("swizzle", [32, 64, 128])
def test_stages_of_a_swizzled_buffer_begin_where_its_pattern_does(swizzle):
    layout = SharedLayout((12, swizzle), 2, swizzle).expand(3)
    assert layout.alignment == 8 * swizzle
    assert all(layout.position((stage, 0, 0)) * 2 % layout.alignment == 0 for stage in range(3))


def test_a_pitch_sets_stages_apart():
    layout = SharedLayout((32,), 2, pitch=64).expand(3)
    assert [layout.position((stage, 1)) for stage in range(3)] == [1, 65, 129]
    assert layout.size == 192 and layout.is_injective()


@pytest.mark.parametrize("width", [32, 64, 128])
@pytest.mark.parametrize("shape", [(64, 64), (24, 128), (2, 64, 64)])
def test_a_swizzle_given_by_digits_fits_descriptors(shape, width):
    swizzled = SharedLayout(shape, 2, width, leading=len(shape) - 2)
    assert swizzled.fits_descriptors
    inner = SharedLayout(shape[-2:], 2, width).layout
    by_digits = SharedLayout(shape, 2, digits=inner.digits, xors=inner.xors, leading=len(shape) - 2)
    assert by_digits.same_map(swizzled) and by_digits.fits_descriptors


@pytest.mark.parametrize(
    ("layout", "fits"),
    [
        (SharedLayout((64, 64), 2), False),
        (SharedLayout((64, 64), 2, padding=8), False),
        (SharedLayout((64, 8), 2), True),
        (SharedLayout((64, 8), 2, padding=8), False),
        (SharedLayout((64, 8), 2, digits=(Digit(8, 1), Digit(64, 8))), True),
        (SharedLayout((64, 64), 2, digits=(Digit(64, 1), Digit(64, 64))), False),
        (SharedLayout((64, 48), 2, digits=(Digit(48, 1), Digit(64, 48))), False),
    ],
)
def test_other_layouts_fit_descriptors_where_rows_are_single_vectors(layout, fits):
    assert layout.fits_descriptors == fits
