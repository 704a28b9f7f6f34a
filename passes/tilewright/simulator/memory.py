"""Memory: buffers with a validity shadow, memrefs as strided views of them, and the checks of reads and writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tilewright.diagnostics import InputError, Note
from tilewright.simulator.dtypes import ElementType
from tilewright.simulator.findings import Site
from tilewright.simulator.state import BlockState

if TYPE_CHECKING:
    from tilewright.simulator.copies import AsyncCopy

VALID, UNINITIALISED, IN_FLIGHT = 0, 1, 2

_OVERLAP_WORK = 1000
"""Effort of an exact overlap test before the elements are compared one by one."""


class Buffer:
    """One allocation: its elements in a row, and for each its state.

    `dirty` is False only where every element is valid. `sources` and `destinations` are the copies in flight that read
    from it and write to it.
    """

    __slots__ = ("destinations", "dirty", "flat", "flat_shadow", "name", "site", "sources", "space")

    def __init__(self, flat: np.ndarray, initialised: bool, site: Site | None, name: str, space: str) -> None:
        self.flat = flat
        self.flat_shadow = np.zeros(flat.size, np.uint8) if initialised else np.ones(flat.size, np.uint8)
        self.dirty = not initialised
        self.site = site
        self.name = name
        self.space = space
        self.sources: list[AsyncCopy] = []
        self.destinations: list[AsyncCopy] = []

    @property
    def label(self) -> str:
        return self.name or (self.site.result_name if self.site is not None else "a buffer")

    def note(self) -> tuple[Note, ...]:
        if self.site is None:
            return ()
        return (Note(f"{self.label} in {self.space} memory is allocated here", self.site.location),)


class MemRef:
    """A strided view of a buffer; `shadow` is the same view of the buffer's states."""

    __slots__ = ("buffer", "data", "shadow")

    def __init__(self, data: np.ndarray, shadow: np.ndarray, buffer: Buffer) -> None:
        self.data = data
        self.shadow = shadow
        self.buffer = buffer

    def window(self, index: tuple) -> MemRef:
        """The view that a NumPy index of slices and integers selects; at least one dimension must remain or be given."""
        return MemRef(self.data[index], self.shadow[index], self.buffer)


def allocate(shape: Sequence[int], element: ElementType, site: Site, space: str) -> MemRef:
    """A fresh buffer that holds nothing: reading it before it is written is a finding."""
    count = math.prod(shape)
    try:
        flat = np.full(count, element.poison, element.dtype)
        buffer = Buffer(flat, False, site, "", space)
    except (MemoryError, ValueError) as error:
        message = f"'{site.name}' has {count} elements; there is no memory on this machine to simulate it"
        raise InputError(message, site.location) from error
    return MemRef(flat.reshape(shape), buffer.flat_shadow.reshape(shape), buffer)


def argument(array: np.ndarray, name: str) -> MemRef:
    """A kernel's argument over a contiguous array; it counts as initialised."""
    flat = array.reshape(-1)
    buffer = Buffer(flat, True, None, f"'{name}'", "global")
    return MemRef(array, buffer.flat_shadow.reshape(array.shape), buffer)


def check_read(state: BlockState, site: Site, memref: MemRef) -> None:
    """Report where an element that is read holds nothing yet, or awaits a copy in flight."""
    if memref.buffer.dirty and memref.shadow.any():
        first = first_index(memref.shadow != VALID)
        report_invalid_read(state, site, memref, first)


def first_index(condition: np.ndarray) -> tuple[int, ...]:
    """The index of the first element that is true."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(condition)), condition.shape))


def report_invalid_read(state: BlockState, site: Site, memref: MemRef, element: tuple[int, ...]) -> None:
    """Report a read of `element`, an index into `memref`, which is not valid."""
    buffer = memref.buffer
    place = f"element {list(element)} of {buffer.label}"
    if memref.shadow[element] == UNINITIALISED:
        state.report("uninitialised-read", site, f"reads {place}, which nothing has written", buffer.note())
        return
    notes = _copy_notes(buffer.destinations) + buffer.note()
    state.report("in-flight-read", site, f"reads {place} while a copy to it is in flight", notes)


def check_write(state: BlockState, site: Site, memref: MemRef) -> None:
    """Check a write of every element of `memref` against the copies in flight, and mark the elements valid."""
    buffer = memref.buffer
    if buffer.sources:
        check_sources(state, site, memref)
    if buffer.dirty:
        if buffer.destinations:
            check_destinations(state, site, buffer, memref.shadow)
        memref.shadow[...] = VALID
        if memref.data.size == buffer.flat.size and 0 not in memref.data.strides:
            buffer.dirty = bool(buffer.flat_shadow.any())


def check_destinations(state: BlockState, site: Site, buffer: Buffer, shadow: np.ndarray) -> None:
    """Report a write to elements (`shadow`: their states) that a copy in flight writes as well."""
    in_flight = shadow == IN_FLIGHT
    if in_flight.any():
        message = f"writes {buffer.label} while a copy to it is in flight"
        state.report("in-flight-write", site, message, _copy_notes(buffer.destinations) + buffer.note())


def check_sources(state: BlockState, site: Site, memref: MemRef) -> None:
    """Report a write to what a copy in flight reads."""
    for copy in memref.buffer.sources:
        if copy.source is not None and overlap(copy.source.data, memref.data):
            _report_source(state, site, memref.buffer, copy)
            return


def check_element_sources(state: BlockState, site: Site, memref: MemRef, key: tuple[np.ndarray, ...]) -> None:
    """As `check_sources`, for the elements that the index arrays `key` select."""
    touched = np.asarray(memref.data.__array_interface__["data"][0])
    for position, stride in zip(key, memref.data.strides, strict=True):
        touched = touched + np.asarray(position, np.int64) * stride
    for copy in memref.buffer.sources:
        if copy.source is not None and np.isin(touched, _addresses(copy.source.data)).any():
            _report_source(state, site, memref.buffer, copy)
            return


def _report_source(state: BlockState, site: Site, buffer: Buffer, copy: AsyncCopy) -> None:
    message = f"writes {buffer.label} while a copy from it is in flight"
    state.report("source-overwritten", site, message, _copy_notes([copy]) + buffer.note())


def _copy_notes(copies: Sequence[AsyncCopy]) -> tuple[Note, ...]:
    return tuple(Note(f"'{copy.site.name}' starts the copy here", copy.site.location) for copy in copies[:1])


def overlap(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two views of one buffer share an element."""
    if not np.may_share_memory(first, second):
        return False
    try:
        return np.shares_memory(first, second, max_work=_OVERLAP_WORK)  # pyright: ignore[reportArgumentType]
    except np.exceptions.TooHardError:
        return bool(np.intersect1d(_addresses(first), _addresses(second)).size)


def _addresses(view: np.ndarray) -> np.ndarray:
    address = np.asarray(view.__array_interface__["data"][0])
    for size, stride in zip(view.shape, view.strides, strict=True):
        address = address[..., None] + np.arange(size) * stride
    return address.ravel()
