"""Who owns what: the threads of every element of a fragment layout, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from tilewright.ir.layout import FragmentLayout, Mode

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
