"""Who owns what: the threads of every element of a fragment layout, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from tilewright.analysis.loop_space import SpaceAccess
from tilewright.ir.layout import FragmentLayout, LayoutError, Mode

IntArray = NDArray[np.int64]


def first_owners(layout: FragmentLayout) -> IntArray:
    """The first owning thread of every element; shape of the layout."""
    return _digits(layout, [mode.thread for mode in layout.modes])


def registers(layout: FragmentLayout) -> IntArray:
    """The register of every element in each thread that keeps it; shape of the layout."""
    return _digits(layout, [mode.register for mode in layout.modes])


def _digits(layout: FragmentLayout, strides: Sequence[int]) -> IntArray:
    position = np.arange(prod(layout.cover), dtype=np.int64).reshape(layout.cover)
    position = position[tuple(slice(extent) for extent in layout.shape)]
    result = np.zeros(layout.shape, dtype=np.int64)
    for mode, stride in zip(layout.modes, strides, strict=True):
        position, digit = np.divmod(position, mode.extent)
        result += digit * stride
    return result


def replica_offsets(replicas: Sequence[Mode]) -> IntArray:
    """What is added to the first owner to reach each of the owners."""
    offsets = np.zeros(1, dtype=np.int64)
    for mode in replicas:
        offsets = (offsets[:, None] + np.arange(mode.extent) * mode.thread).ravel()
    return np.unique(offsets)


@lru_cache(maxsize=4096)
def contains(outer: FragmentLayout, inner: FragmentLayout) -> bool:
    """Whether every thread that has an element by `inner` has it by `outer` too; both have one shape."""
    if outer.shape != inner.shape:
        return False
    first, second = outer.canonical(), inner.canonical()
    if first.cover == second.cover and (
        [(m.extent, m.thread) for m in first.modes] == [(m.extent, m.thread) for m in second.modes]
        and first.replicas == second.replicas
    ):
        return True
    mine, theirs = first_owners(outer).ravel(), first_owners(inner).ravel()
    difference = np.unique(theirs - mine)
    reach = replica_offsets(outer.replicas)
    return all(np.isin(difference + offset, reach).all() for offset in replica_offsets(inner.replicas))


def same_owners(first: FragmentLayout, second: FragmentLayout) -> bool:
    """Whether both layouts give every element to the same threads."""
    return contains(first, second) and contains(second, first)


def why_not_served(kept: FragmentLayout, loop: FragmentLayout | None, access: SpaceAccess) -> str | None:
    """Why a fragment laid out as `kept` does not serve an access in a loop laid out as `loop`; None where it does.

    Each thread must keep what it reads, and all that keep an element must write it. Without a layout of the loop,
    or outside of any, every thread may make every access.
    """
    if access.serial or loop is None:
        if contains_all(kept):
            return None if access.serial or not access.writes else "which thread writes what is not known"
        return "every thread accesses an element that only some keep, where linalg.reduce would combine what they keep"
    try:
        accessing = loop.indexed(access.axes)
        part = kept if accessing.shape == kept.shape else kept.restrict(accessing.shape)
        scattered = access.writes and _scatters(loop, access)
    except LayoutError:
        return "its indices do not part as the layout of the loop does"
    if scattered:
        return "its indices are not the loop's own"
    if not contains(part, accessing):
        own = all(axis.dimension is not None for axis in access.axes)
        return "the loop's threads do not keep the elements that they access" if own else "its indices are not the loop's own"
    if access.writes and not contains(accessing, part):
        return "not all threads that keep the elements write them"
    return None


def contains_all(layout: FragmentLayout) -> bool:
    """Whether every thread keeps every element."""
    everywhere = FragmentLayout(layout.shape, layout.threads, (Mode(prod(layout.shape)),), (Mode(layout.threads, 1),))
    return contains(layout, everywhere)


def _scatters(loop: FragmentLayout, access: SpaceAccess) -> bool:
    """Whether threads that share an element may write to it, or beside it, by themselves: the others keep the old value."""
    if any(axis.divisor > 1 for axis in access.axes):
        return True
    if all(axis.dimension is not None for axis in access.axes):
        return False
    per_dimension = loop.split()
    others = (modes for dimension, modes in enumerate(per_dimension) if dimension not in access.dimensions)
    return any(mode.thread and mode.extent > 1 for modes in others for mode in modes)
