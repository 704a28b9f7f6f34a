"""What layout inference chooses from, and what each costs: values worked out by hand, segments counted one access at a time."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tilewright.analysis.loop_space import LoopSpace, SpaceAccess
from tilewright.ir.layout import FragmentLayout, Mode, flat_fragment, replicated_fragment, spread_fragment
from tilewright.transforms.layout_candidates import candidates, memory_cost, register_cost, segments, vector_width

pytestmark = pytest.mark.l0_backend_agnostic

NOTHING: Any = None


def access(steps: tuple[int | None, ...], size: int = 4) -> SpaceAccess:
    return SpaceAccess(NOTHING, (), False, NOTHING, steps, size)


@pytest.mark.parametrize(
    ("accesses", "extents", "width"),
    [
        # 16 bytes of the widest element, or none that is wider than that.
        ([], (64,), 16),
        ([access((1,), 1)], (64,), 16),
        ([access((1,), 2)], (64,), 8),
        ([access((1,), 4)], (64,), 4),
        ([access((1,), 2), access((1,), 8)], (64,), 2),
        ([access((1,), 8), access((1,), 2)], (64,), 2),
        ([access((1,), 16)], (64,), 1),
        ([access((1,), 32)], (64,), 1),
        # The last dimension is a multiple of it.
        ([access((1,), 2)], (12,), 4),
        ([access((1,), 2)], (7,), 1),
        ([access((64, 1), 2)], (4, 20), 4),
        ([], (), 1),
        # So are the strides of the other dimensions, but not of those that do not move it.
        ([access((12, 1), 2)], (4, 64), 4),
        ([access((24, 6, 1), 2)], (4, 4, 64), 2),
        ([access((6, 24, 1), 2)], (4, 4, 64), 2),
        ([access((0, 1), 2)], (4, 64), 8),
        ([access((1, 1), 2)], (4, 64), 1),
        ([access((9, 1), 2), access((64, 1), 2)], (4, 64), 1),
        # Rows of unknown stride may begin anywhere.
        ([access((None, 1), 2)], (4, 64), 1),
        ([access((64, None, 1), 2)], (4, 4, 64), 1),
        # What does not move with the last dimension, or not by 1, says nothing but how wide an element is.
        ([access((9, 0), 2)], (4, 64), 8),
        ([access((9, 2), 2)], (4, 64), 8),
        ([access((9, None), 2)], (4, 64), 8),
        ([access((), 2)], (4, 64), 8),
    ],
)
def test_the_widest_vector_that_all_accesses_take(accesses, extents, width) -> None:
    assert vector_width(accesses, extents) == width


@pytest.mark.parametrize(
    ("extents", "threads", "vector", "modes"),
    [
        # Flat and ragged are spread again in another way of writing it: each layout comes once, the widest vectors first.
        ((4,), 2, 2, [(Mode(2, 0, 1), Mode(2, 1)), (Mode(2, 1), Mode(2, 0, 1))]),
        ((4,), 2, 1, [(Mode(2, 1), Mode(2, 0, 1))]),
        ((4,), 2, 3, [(Mode(2, 0, 1), Mode(2, 1)), (Mode(2, 1), Mode(2, 0, 1))]),
        ((4,), 2, 0, [(Mode(2, 1), Mode(2, 0, 1))]),
        # Spread, flat, ragged; rows first is the first again.
        (
            (3, 5),
            4,
            1,
            [(Mode(5, 0, 1), Mode(3, 1)), (Mode(4, 1), Mode(4, 0, 1)), (Mode(4, 1), Mode(2, 0, 1), Mode(3, 0, 2))],
        ),
        # Rows first comes last, and is of two dimensions only.
        (
            (4, 8),
            8,
            2,
            [
                (Mode(2, 0, 1), Mode(4, 1), Mode(2, 4), Mode(2, 0, 2)),
                (Mode(8, 1), Mode(4, 0, 1)),
                (Mode(4, 0, 1), Mode(2, 1), Mode(4, 2)),
            ],
        ),
        ((1, 4, 8), 8, 1, [(Mode(8, 1), Mode(4, 0, 1))]),
        # One element is everywhere, before it is in one thread.
        ((1,), 4, 1, [(Mode(1, 0, 1),), (Mode(1),)]),
        ((), 4, 1, [(Mode(1, 0, 1),), (Mode(1),)]),
        ((2,), 4, 1, [(Mode(2, 1),)]),
        # A width is the largest divisor up to 16, 8, 4, 2 and 1: of 45 those are 15, 5, 3, 1 and 1.
        (
            (45,),
            3,
            16,
            [
                (Mode(15, 0, 1), Mode(3, 1)),
                (Mode(5, 0, 1), Mode(3, 1), Mode(3, 0, 5)),
                (Mode(3, 0, 1), Mode(3, 1), Mode(5, 0, 3)),
                (Mode(3, 1), Mode(15, 0, 1)),
            ],
        ),
        # All the widths that there are.
        (
            (32,),
            2,
            16,
            [
                (Mode(16, 0, 1), Mode(2, 1)),
                (Mode(8, 0, 1), Mode(2, 1), Mode(2, 0, 8)),
                (Mode(4, 0, 1), Mode(2, 1), Mode(4, 0, 4)),
                (Mode(2, 0, 1), Mode(2, 1), Mode(8, 0, 2)),
                (Mode(2, 1), Mode(16, 0, 1)),
            ],
        ),
    ],
)
def test_the_layouts_to_choose_from(extents, threads, vector, modes) -> None:
    found = candidates(extents, threads, vector)
    assert [layout.modes for layout in found] == modes
    assert all(layout.shape == extents and layout.threads == threads for layout in found)


def test_one_element_may_be_in_every_thread() -> None:
    assert candidates((1, 1), 4, 1)[0] == replicated_fragment((1, 1), 4)


def counted(layout: FragmentLayout, steps: tuple[int | None, ...], size: int, width: int) -> int:
    """Warps × instructions × segments that some thread touches; an instruction moves `width` registers."""
    touched: set[tuple[int, int, int]] = set()
    for index in product(*map(range, layout.shape)):
        address = sum(i * (1 << 20 if step is None else step) for i, step in zip(index, steps, strict=True))
        thread, register = layout.owner(index)
        touched.add((thread // 32, register // width, address * size // 128))
    return len(touched)


ROWS = spread_fragment((8, 64), 64, 4)


@pytest.mark.parametrize(
    ("layout", "steps", "size", "width", "count"),
    [
        # 64 elements in two rounds of 32 threads, or one round of pairs: 256 bytes are two segments.
        (flat_fragment((64,), 32, 1), (1,), 4, 1, 2),
        (flat_fragment((64,), 32, 2), (1,), 4, 2, 2),
        (flat_fragment((64,), 32, 1), (1,), 8, 1, 4),
        (flat_fragment((64,), 32, 2), (1,), 2, 2, 1),
        # Vectors of 16 bytes at most: 8 registers of 4 bytes are two instructions, each over all eight segments.
        (flat_fragment((256,), 32, 8), (1,), 4, 4, 16),
        (flat_fragment((256,), 32, 8), (1,), 2, 8, 4),
        # 16 bytes each, and 32 bytes each: one element an instruction.
        (flat_fragment((64,), 32, 2), (1,), 16, 1, 16),
        (flat_fragment((64,), 32, 2), (1,), 32, 1, 32),
        # Not one after another: no vectors.
        (flat_fragment((64,), 32, 2), (2,), 4, 1, 8),
        (flat_fragment((64,), 32, 2), (0,), 4, 1, 2),
        (flat_fragment((64,), 32, 2), (None,), 4, 1, 64),
        (flat_fragment((64,), 32, 1), (32,), 4, 1, 64),
        # Two warps.
        (flat_fragment((64,), 64, 1), (1,), 4, 1, 2),
        (flat_fragment((64,), 64, 1), (0,), 4, 1, 2),
        # Rows: contiguous, turned round, of unknown stride, the same for all.
        (ROWS, (64, 1), 4, 4, 16),
        (ROWS, (1, 8), 4, 1, None),
        (ROWS, (None, 1), 4, 4, 16),
        (ROWS, (0, 1), 4, 4, None),
        # Neighbours that are not neighbours in registers, or in threads; a digit of one value in front.
        (FragmentLayout((64,), 32, (Mode(2, 0, 2), Mode(32, 1))), (1,), 4, 1, 4),
        (FragmentLayout((128,), 32, (Mode(2, 0, 2), Mode(2, 0, 1), Mode(32, 1))), (1,), 4, 1, 16),
        (FragmentLayout((64,), 32, (Mode(1, 7, 5), Mode(2, 0, 1), Mode(32, 1))), (1,), 4, 2, 2),
        (FragmentLayout((1,), 32, (Mode(1),)), (1,), 4, 1, 1),
        (FragmentLayout((96,), 32, (Mode(3, 0, 1), Mode(32, 1))), (1,), 4, 1, 9),
    ],
)
def test_segments_of_128_bytes_that_warps_touch(layout, steps, size, width, count) -> None:
    expected = counted(layout, steps, size, width)
    assert segments(layout, steps, size) == expected
    assert count is None or expected == count


def test_a_loop_over_nothing_touches_one_segment() -> None:
    assert segments(FragmentLayout((), 4, (Mode(1),)), (), 4) == 1


def test_an_access_that_no_dimension_moves_is_one_segment_for_each_register() -> None:
    assert segments(flat_fragment((64,), 32, 2), (), 4) == 2


def test_registers_are_counted_in_bytes() -> None:
    assert register_cost(ROWS, 2) == 16 and register_cost(ROWS, 4) == 32


def test_memory_costs_what_all_accesses_cost_together() -> None:
    layout = flat_fragment((64,), 32, 1)
    # Two segments, and 64; what the dimensions of the loop do not move in a known way is left out.
    memory = [access((1,)), access((32,)), access(()), access((1, 1))]
    space = LoopSpace(NOTHING, (64,), tuple(memory), 32)
    assert memory_cost(space, layout, memory) == 66
    assert memory_cost(space, layout, memory[:1]) == 2 and memory_cost(space, layout, []) == 0
