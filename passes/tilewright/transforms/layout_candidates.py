"""The loop layouts that layout inference chooses from, and what they cost: plain values, no IR."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import gcd, prod

import numpy as np

from tilewright.analysis.loop_space import LoopSpace, SpaceAccess
from tilewright.analysis.ownership import first_owners, registers
from tilewright.ir.layout import (
    VECTOR_BYTES,
    FragmentLayout,
    flat_fragment,
    ragged_fragment,
    replicated_fragment,
    rows_first_fragment,
    spread_fragment,
)

SEGMENT_BYTES = 128
WARP = 32
# A dynamic stride is taken for one that leaves every row in segments of its own.
_UNKNOWN_STEP = 1 << 20


def vector_width(accesses: Iterable[SpaceAccess], extents: Sequence[int]) -> int:
    """The widest vector, in elements, that every access allows along the last dimension: 16 bytes of the widest element, rows
    and strides in multiples of it. What does not move with the last dimension, or not by 1, has no say."""
    width = VECTOR_BYTES
    inner = extents[-1] if extents else 1
    for access in accesses:
        width = min(width, max(1, VECTOR_BYTES // access.bytes))
        if access.steps and access.steps[-1] == 1:
            outer = [step for step in access.steps[:-1] if step != 0]
            # Rows of unknown stride may begin anywhere.
            width = min(width, 1 if None in outer else gcd(*(step for step in outer if step is not None), VECTOR_BYTES))
    return gcd(width, inner)


@lru_cache(maxsize=512)
def candidates(extents: tuple[int, ...], threads: int, vector: int) -> tuple[FragmentLayout, ...]:
    """The layouts to choose from, each once: spread over the dimensions, flat, ragged, rows first; the widest vectors first."""
    widths = [width for width in (16, 8, 4, 2, 1) if width <= vector] or [1]
    found = [spread_fragment(extents, threads, width) for width in widths]
    found += [flat_fragment(extents, threads, width) for width in widths]
    found += [ragged_fragment(extents, threads, width) for width in widths]
    if len(extents) == 2:
        found.append(rows_first_fragment(extents[0], extents[1], threads))
    if prod(extents) == 1:
        found.insert(0, replicated_fragment(extents, threads))
    each: dict[FragmentLayout, FragmentLayout] = {}
    for layout in found:
        each.setdefault(layout.canonical(), layout)
    return tuple(each.values())


@lru_cache(maxsize=4096)
def segments(layout: FragmentLayout, steps: tuple[int | None, ...], size: int) -> int:
    """The 128-byte segments that the warps touch, instruction by instruction, when a loop accesses memory by these steps.

    An instruction moves up to 16 bytes for each thread: neighbours in memory that are neighbours in registers.
    """
    first = next((mode for mode in layout.modes if mode.extent > 1), None)
    contiguous = first is not None and first.thread == 0 and first.register == 1 and bool(steps) and steps[-1] == 1
    width = gcd(first.extent, VECTOR_BYTES // size) if first is not None and contiguous and size <= VECTOR_BYTES else 1
    address = np.zeros(layout.shape, dtype=np.int64)
    for dimension, step in enumerate(steps):
        index = np.arange(layout.shape[dimension], dtype=np.int64)
        shape = [-1 if d == dimension else 1 for d in range(len(layout.shape))]
        address = address + (index * (_UNKNOWN_STEP if step is None else step)).reshape(shape)
    instruction = registers(layout) // width
    warp = first_owners(layout) // WARP
    segment = address * size // SEGMENT_BYTES
    key = (warp * (int(instruction.max()) + 1) + instruction) * (int(segment.max()) + 1) + segment
    return int(np.unique(key).size)


def register_cost(layout: FragmentLayout, size: int) -> int:
    """The bytes of registers of each thread."""
    return layout.registers * size


def memory_cost(space: LoopSpace, layout: FragmentLayout, memory: Sequence[SpaceAccess]) -> int:
    """The segments of all accesses of a space to memory that is no fragment."""
    return sum(segments(layout, access.steps, access.bytes) for access in memory if len(access.steps) == len(layout.shape))
