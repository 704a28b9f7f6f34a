"""Copies: windows that may cross an edge, and copies in flight.

An asynchronous copy takes its data when it starts, so that a kernel that changes the source too early is found by the
source's check, and leaves its destination undefined until it lands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tilewright.simulator.findings import Site
from tilewright.simulator.memory import (
    IN_FLIGHT,
    VALID,
    Buffer,
    MemRef,
    check_destinations,
    check_read,
    check_sources,
    overlap,
)
from tilewright.simulator.state import BlockState

Window = tuple[tuple, tuple, bool]
"""The index into the memory, the index into the tile, and whether the window lies inside entirely."""


def window_of(shape: Sequence[int], offsets: Sequence[int], tile: Sequence[int]) -> Window | None:
    """The part of the window of `tile`'s shape at `offsets` that lies in a memory of `shape`; None if there is none.

    Leading dimensions that the tile lacks have extent 1.
    """
    lacking = len(shape) - len(tile)
    outer: list[Any] = []
    for offset, size in zip(offsets[:lacking], shape[:lacking], strict=True):
        if not 0 <= offset < size:
            return None
        outer.append(offset)
    inner: list[slice] = []
    inside = True
    for offset, size, extent in zip(offsets[lacking:], shape[lacking:], tile, strict=True):
        low, high = max(0, offset), min(size, offset + extent)
        if low >= high:
            return None
        inside = inside and high - low == extent
        outer.append(slice(low, high))
        inner.append(slice(low - offset, high - offset))
    return (*outer, ...), (*inner, ...), inside


def read_window(state: BlockState, site: Site, memory: MemRef, offsets: Sequence[int], tile: np.ndarray, pad: Any) -> None:
    """Copy the window at `offsets` of `memory` into `tile`; what lies outside becomes `pad`."""
    window = window_of(memory.data.shape, offsets, tile.shape)
    if window is None:
        tile[...] = pad
        return
    outer, inner, inside = window
    source = memory.window(outer)
    check_read(state, site, source)
    if not inside:
        tile[...] = pad
    tile[inner] = source.data


class AsyncCopy:
    """A copy in flight of `data` to `destination`; `source` is what it was read from, None if that was all outside."""

    __slots__ = ("agent", "bytes", "data", "destination", "group", "site", "source")

    def __init__(self, site: Site, source: MemRef | None, data: np.ndarray, destination: MemRef, group: int) -> None:
        self.site = site
        self.source = source
        self.data = data
        self.destination = destination
        self.group = group
        self.bytes = data.nbytes


def start_copy(
    state: BlockState, site: Site, source: MemRef, offsets: Sequence[int], destination: MemRef, pad: Any, group: int
) -> AsyncCopy:
    """Start a copy of the window at `offsets` of `source`, or of all of it where there are no offsets."""
    data = np.empty(destination.data.shape, destination.data.dtype)
    region: MemRef | None = source
    if offsets:
        read_window(state, site, source, offsets, data, pad)
        window = window_of(source.data.shape, offsets, data.shape)
        region = None if window is None else source.window(window[0])
    else:
        if source.data.shape != data.shape:
            message = f"copies shape {list(source.data.shape)} to {list(data.shape)}"
            state.abort("out-of-bounds", site, message, destination.buffer.note())
        check_read(state, site, source)
        data[...] = source.data
    copy = AsyncCopy(site, region, data, destination, group)
    _poison(state, site, destination)
    if region is not None:
        region.buffer.sources.append(copy)
    destination.buffer.destinations.append(copy)
    state.copies[copy] = None
    return copy


def _poison(state: BlockState, site: Site, destination: MemRef) -> None:
    buffer: Buffer = destination.buffer
    if buffer.sources:
        check_sources(state, site, destination)
    if buffer.destinations:
        check_destinations(state, site, buffer, destination.shadow)
    buffer.dirty = True
    destination.shadow[...] = IN_FLIGHT
    if destination.data.dtype.kind not in "iub":
        destination.data[...] = np.nan


def land(state: BlockState, copy: AsyncCopy) -> None:
    """Complete a copy: its data become the destination's. One that has landed, as another wait has seen, stays as it is."""
    if copy not in state.copies:
        return
    del state.copies[copy]
    destination = copy.destination
    destination.data[...] = copy.data
    destination.shadow[...] = VALID
    buffer = destination.buffer
    buffer.destinations.remove(copy)
    if copy.source is not None:
        copy.source.buffer.sources.remove(copy)
    for other in buffer.destinations:
        # Where another copy is in flight as well, the destination stays undefined.
        if overlap(other.destination.data, destination.data):
            other.destination.shadow[...] = IN_FLIGHT
    if not buffer.destinations and destination.data.size == buffer.flat.size:
        buffer.dirty = bool(buffer.flat_shadow.any())


def report_unfinished(state: BlockState) -> None:
    """Report the copies that are still in flight at the end of the block."""
    for copy in state.copies:
        message = "starts a copy that nothing waits for before the block ends"
        state.report("not-waited", copy.site, message, copy.destination.buffer.note())
