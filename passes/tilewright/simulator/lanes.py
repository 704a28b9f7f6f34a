"""Loads and stores of the lanes of a parallel loop, as whole arrays.

An index is a number, or an array over the lanes. Where every array runs along one lane dimension with a fixed positive
step, the access is a strided view; every other access gathers or scatters. Lanes that the mask switches off touch nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tilewright.simulator.findings import Site
from tilewright.simulator.memory import (
    VALID,
    MemRef,
    check_destinations,
    check_element_sources,
    first_index,
    report_invalid_read,
)
from tilewright.simulator.state import BlockState

Index = Sequence[Any]


def _progression(index: np.ndarray) -> tuple[int, slice, int] | None:
    """The lane dimension, slice and last value of an index that runs along one dimension with a fixed positive step."""
    axis = next((i for i, size in enumerate(index.shape) if size == index.size), None)
    if axis is None:
        return None
    values = index.ravel()
    first, last = int(values[0]), int(values[-1])
    step = int(values[1]) - first
    if step <= 0 or not (values[1:] - values[:-1] == step).all():
        return None
    return axis, slice(first, last + 1, step), last


def _strided(memref: MemRef, index: Index) -> tuple[tuple, list[int], int] | None:
    """A basic index, the lane dimension of each dimension that it keeps, and the rank of the lanes; None if not strided."""
    basic: list[Any] = []
    axes: list[int] = []
    rank = 0
    for position, size in zip(index, memref.data.shape, strict=True):
        if not isinstance(position, np.ndarray):
            low = high = int(position)
            basic.append(low)
        elif position.size == 1:
            rank = max(rank, position.ndim)
            low = high = position.item()
            basic.append(low)
        else:
            found = _progression(position)
            if found is None:
                return None
            axis, piece, high = found
            low = piece.start
            rank = max(rank, position.ndim)
            # Lane dimensions are counted from the last: arrays of different ranks broadcast that way.
            axes.append(axis - position.ndim)
            basic.append(piece)
        if low < 0 or high >= size:
            return None
    return (tuple(basic), axes, rank) if len(set(axes)) == len(axes) else None


def _to_lanes(view: np.ndarray, axes: list[int], rank: int) -> np.ndarray:
    """Order the dimensions of `view` as lanes, with extent 1 where it has none; a view."""
    order = sorted(range(len(axes)), key=lambda i: axes[i])
    shape = [1] * rank
    for position, axis in enumerate(axes):
        shape[axis] = view.shape[position]
    return view.transpose(order).reshape(shape)


def _bounds(state: BlockState, site: Site, memref: MemRef, index: Index) -> np.ndarray | None:
    """Where lanes are out of bounds, None if nowhere; an active lane that is ends the execution."""
    outside: Any = None
    for dimension, (position, size) in enumerate(zip(index, memref.data.shape, strict=True)):
        array = np.asarray(position)
        wrong = (array < 0) | (array >= size)
        if not wrong.any():
            continue
        active = wrong if state.mask is None else wrong & state.mask
        if active.any():
            where = np.broadcast_to(array, active.shape)[active][0]
            out_of_bounds(state, site, memref, int(where), dimension)
        outside = wrong if outside is None else outside | wrong
    return outside


def out_of_bounds(state: BlockState, site: Site, memref: MemRef, position: int, dimension: int) -> None:
    """Report an index that is outside, and end the execution."""
    size = memref.data.shape[dimension]
    message = f"accesses index {position} of dimension {dimension} of {memref.buffer.label}, which has {size}"
    state.abort("out-of-bounds", site, message, memref.buffer.note())


def _arrays(index: Index, outside: np.ndarray | None) -> tuple[np.ndarray, ...]:
    if outside is None:
        return tuple(np.asarray(position) for position in index)
    return tuple(np.where(outside, 0, position) for position in index)


def load(state: BlockState, site: Site, memref: MemRef, index: Index) -> np.ndarray:
    """The elements at `index` in every lane; the array broadcasts against the lanes and shares no memory."""
    strided = _strided(memref, index)
    if strided is not None:
        basic, axes, rank = strided
        if memref.buffer.dirty:
            _check_lanes(state, site, memref, index, _to_lanes(np.asarray(memref.shadow[basic]), axes, rank))
        return _to_lanes(np.asarray(memref.data[basic]), axes, rank).copy()
    outside = _bounds(state, site, memref, index)
    arrays = _arrays(index, outside)
    if memref.buffer.dirty:
        shadow = memref.shadow[arrays]
        _check_lanes(state, site, memref, index, shadow if outside is None else np.where(outside, VALID, shadow))
    return np.asarray(memref.data[arrays])


def _check_lanes(state: BlockState, site: Site, memref: MemRef, index: Index, shadow: np.ndarray) -> None:
    if state.mask is not None:
        shadow = np.where(state.mask, shadow, VALID)
    if shadow.any():
        lane = first_index(np.asarray(shadow != VALID))
        shape = np.shape(shadow)
        element = tuple(int(_in_lane(position, shape, lane)) for position in index)
        report_invalid_read(state, site, memref, element)


def _in_lane(position: Any, shape: tuple[int, ...], lane: tuple[int, ...]) -> Any:
    array = np.asarray(position)
    return np.broadcast_to(array, np.broadcast_shapes(array.shape, shape))[lane]


def store(state: BlockState, site: Site, memref: MemRef, index: Index, value: Any) -> None:
    """Store `value` at `index` in every active lane; lanes that store different values to one element are a finding."""
    strided = _strided(memref, index)
    if strided is not None and _store_strided(state, site, memref, index, strided, value):
        return
    _store_scattered(state, site, memref, index, value)


def _store_strided(
    state: BlockState, site: Site, memref: MemRef, index: Index, strided: tuple[tuple, list[int], int], value: Any
) -> bool:
    """Store through a view; False where several lanes share an element, so that a view does not do."""
    basic, axes, rank = strided
    lanes = state.lane_shape
    rank = max(rank, len(lanes))
    shared = any(size > 1 and dimension - len(lanes) not in axes for dimension, size in enumerate(lanes))
    if shared or not axes:
        return False
    target = _to_lanes(memref.data[basic], axes, rank)
    buffer = memref.buffer
    if buffer.sources:
        check_element_sources(state, site, memref, tuple(active_lanes(state, index)[0]))
    if buffer.dirty:
        shadow = _to_lanes(memref.shadow[basic], axes, rank)
        if buffer.destinations:
            active = shadow if state.mask is None else np.where(state.mask, shadow, VALID)
            check_destinations(state, site, buffer, active)
        _assign(shadow, VALID, state.mask)
        if target.size == buffer.flat.size:
            buffer.dirty = bool(buffer.flat_shadow.any())
    _assign(target, value, state.mask)
    return True


def _assign(target: np.ndarray, value: Any, mask: np.ndarray | None) -> None:
    np.copyto(target, value, casting="unsafe", where=True if mask is None else mask)


def active_lanes(state: BlockState, index: Index, *values: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The indices and values of the active lanes, in lane order, each a flat array."""
    everything = [np.asarray(position) for position in (*index, *values)]
    shapes = [array.shape for array in everything]
    if state.mask is not None:
        shapes.append(state.mask.shape)
    shape = np.broadcast_shapes(state.lane_shape, *shapes)
    if state.mask is None:
        flat = [np.broadcast_to(array, shape).ravel() for array in everything]
    else:
        mask = np.broadcast_to(state.mask, shape)
        flat = [np.broadcast_to(array, shape)[mask] for array in everything]
    return flat[: len(index)], flat[len(index) :]


def _store_scattered(state: BlockState, site: Site, memref: MemRef, index: Index, value: Any) -> None:
    _bounds(state, site, memref, index)
    positions, (values,) = active_lanes(state, index, value)
    key = tuple(positions)
    buffer = memref.buffer
    if buffer.sources:
        check_element_sources(state, site, memref, key)
    if buffer.dirty:
        if buffer.destinations and values.size:
            check_destinations(state, site, buffer, np.atleast_1d(memref.shadow[key]))
        memref.shadow[key] = VALID
    if not values.size:
        return
    if not key:
        memref.data[()] = values[-1]
    else:
        memref.data[key] = values
    stored = np.broadcast_to(memref.data[key], values.shape)
    wanted = values.astype(stored.dtype)
    different = (stored != wanted) & ((stored == stored) | (wanted == wanted))
    if different.any():
        lane = int(np.argmax(different))
        element = [int(position[lane]) for position in positions]
        message = f"stores different values to element {element} of {buffer.label} in one parallel loop"
        state.report("parallel-write", site, message, buffer.note())
