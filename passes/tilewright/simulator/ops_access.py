"""Decoders of loads, stores and atomic operations of single elements, `memref` and `affine`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tilewright.mlir import arith, ir
from tilewright.simulator import lanes
from tilewright.simulator.affine import compile_map
from tilewright.simulator.arithmetic import float_binary, integer_binary
from tilewright.simulator.decode import Decoder, Step, decodes, integer_attribute, unsupported
from tilewright.simulator.dtypes import ElementType
from tilewright.simulator.findings import Site
from tilewright.simulator.memory import (
    IN_FLIGHT,
    VALID,
    MemRef,
    check_destinations,
    check_element_sources,
    check_sources,
    first_index,
    report_invalid_read,
)
from tilewright.simulator.state import STATE, BlockState, Frame

Position = Callable[[Frame], tuple]


def _positions(op: ir.Operation, decoder: Decoder, first: int) -> Position:
    """The index of an access: its operands from `first` on, through the map of an affine access."""
    slots = [decoder.slot(operand) for operand in list(op.operands)[first:]]
    if "map" in op.attributes:
        results = compile_map(ir.AffineMapAttr(op.attributes["map"]).value)

        def mapped(frame: Frame) -> tuple:
            inputs = [frame[slot] for slot in slots]
            return tuple(result(inputs) for result in results)

        return mapped
    if len(slots) == 1:
        only = slots[0]
        return lambda frame: (frame[only],)
    if len(slots) == 2:
        row, column = slots
        return lambda frame: (frame[row], frame[column])
    return lambda frame: tuple(frame[slot] for slot in slots)


def _has_lanes(index: tuple) -> bool:
    return not all(type(position) is int for position in index)


def _check_bounds(state: BlockState, site: Site, memref: MemRef, index: tuple) -> None:
    for dimension, (position, size) in enumerate(zip(index, memref.data.shape, strict=True)):
        if not 0 <= position < size:
            lanes.out_of_bounds(state, site, memref, position, dimension)


@decodes("memref.load", "affine.load")
def _load(op: ir.Operation, decoder: Decoder) -> Step:
    source = decoder.slot(op.operands[0])
    positions = _positions(op, decoder, 1)
    element = decoder.type_of(op.results[0])
    convert = element.from_memory
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        memref, index = frame[source], positions(frame)
        if _has_lanes(index):
            frame[result] = lanes.load(frame[STATE], site, memref, index)
            return
        _check_bounds(frame[STATE], site, memref, index)
        if memref.buffer.dirty and memref.shadow[index]:
            report_invalid_read(frame[STATE], site, memref, index)
        value = memref.data[index]
        frame[result] = value if convert is None else convert(value)

    return Step(run)


def _store_single(state: BlockState, site: Site, memref: MemRef, index: tuple, value: Any) -> None:
    _check_bounds(state, site, memref, index)
    buffer = memref.buffer
    if buffer.sources:
        check_sources(state, site, memref.window((*index, ...)))
    if buffer.dirty:
        if memref.shadow[index] == IN_FLIGHT:
            check_destinations(state, site, buffer, memref.shadow[tuple(slice(i, i + 1) for i in index)])
        memref.shadow[index] = VALID
    memref.data[index] = value


@decodes("memref.store", "affine.store")
def _store(op: ir.Operation, decoder: Decoder) -> Step:
    value, target = decoder.slot(op.operands[0]), decoder.slot(op.operands[1])
    positions = _positions(op, decoder, 2)
    site = Site(op)

    def run(frame: Frame) -> None:
        state, memref, index = frame[STATE], frame[target], positions(frame)
        if state.lane_shape or _has_lanes(index):
            lanes.store(state, site, memref, index, frame[value])
        else:
            _store_single(state, site, memref, index, frame[value])

    return Step(run)


_ATOMIC_FLOAT = {
    "addf": "arith.addf",
    "maximumf": "arith.maximumf",
    "maxnumf": "arith.maxnumf",
    "minimumf": "arith.minimumf",
    "minnumf": "arith.minnumf",
    "mulf": "arith.mulf",
}
_ATOMIC_INTEGER = {
    "addi": "arith.addi",
    "andi": "arith.andi",
    "maxs": "arith.maxsi",
    "maxu": "arith.maxui",
    "mins": "arith.minsi",
    "minu": "arith.minui",
    "muli": "arith.muli",
    "ori": "arith.ori",
    "xori": "arith.xori",
}
_ATOMIC_UFUNCS: dict[str, Any] = {
    "addf": np.add,
    "addi": np.add,
    "andi": np.bitwise_and,
    "maximumf": np.maximum,
    "maxnumf": np.fmax,
    "maxs": np.maximum,
    "minimumf": np.minimum,
    "minnumf": np.fmin,
    "mins": np.minimum,
    "mulf": np.multiply,
    "muli": np.multiply,
    "ori": np.bitwise_or,
    "xori": np.bitwise_xor,
}


def _atomic_function(kind: str, element: ElementType) -> Callable[[Any, Any], Any] | None:
    if kind == "assign":
        return lambda old, new: new
    if kind in _ATOMIC_FLOAT:
        return float_binary(_ATOMIC_FLOAT[kind], element)
    return integer_binary(_ATOMIC_INTEGER[kind], element)


@decodes("memref.atomic_rmw")
def _atomic(op: ir.Operation, decoder: Decoder) -> Step:
    value, target = decoder.slot(op.operands[0]), decoder.slot(op.operands[1])
    positions = _positions(op, decoder, 2)
    element = decoder.type_of(op.results[0])
    kind = arith.AtomicRMWKind(integer_attribute(op, "kind")).name
    function = _atomic_function(kind, element)
    if function is None:
        raise unsupported(op, f"of kind {kind}")
    used = any(True for _ in op.results[0].uses)
    ufunc = None if used else _ATOMIC_UFUNCS.get(kind)
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        state, memref, index = frame[STATE], frame[target], positions(frame)
        if state.lane_shape or _has_lanes(index):
            olds = _atomic_lanes(state, site, memref, index, frame[value], function, ufunc)
            frame[result] = olds
            return
        _check_bounds(state, site, memref, index)
        frame[result] = _atomic_single(state, site, memref, index, frame[value], function, element)

    return Step(run)


def _atomic_single(
    state: BlockState, site: Site, memref: MemRef, index: tuple, value: Any, function: Any, element: ElementType
) -> Any:
    _check_elements(state, site, memref, tuple(np.array([position]) for position in index))
    old = element.scalar(memref.data[index])
    _store_single(state, site, memref, index, function(old, value))
    return old


def _check_elements(state: BlockState, site: Site, memref: MemRef, key: tuple) -> None:
    if memref.buffer.sources:
        check_element_sources(state, site, memref, key)
    if memref.buffer.dirty:
        invalid = np.asarray(memref.shadow[key] != VALID)
        if invalid.any():
            first = first_index(invalid)
            element = tuple(int(np.broadcast_to(position, invalid.shape)[first]) for position in key)
            report_invalid_read(state, site, memref, element)


def _atomic_lanes(
    state: BlockState, site: Site, memref: MemRef, index: tuple, value: Any, function: Any, ufunc: Any
) -> np.ndarray | None:
    """All lanes' updates, one after another; the old values where there is no ufunc that does without them."""
    _check_lane_bounds(state, site, memref, index)
    positions, (values,) = lanes.active_lanes(state, index, value)
    key = tuple(positions)
    if not values.size:
        return None
    _check_elements(state, site, memref, key)
    if ufunc is not None and key:
        ufunc.at(memref.data, key, values)
        return None
    olds = np.empty(values.size, memref.data.dtype)
    for lane in range(values.size):
        place = tuple(position[lane] for position in positions)
        olds[lane] = memref.data[place]
        memref.data[place] = function(olds[lane], values[lane])
    return _to_lane_shape(state, olds, index, value)


def _check_lane_bounds(state: BlockState, site: Site, memref: MemRef, index: tuple) -> None:
    for dimension, (position, size) in enumerate(zip(index, memref.data.shape, strict=True)):
        wrong = (np.asarray(position) < 0) | (np.asarray(position) >= size)
        active = wrong if state.mask is None else wrong & state.mask
        if active.any():
            place = np.broadcast_to(position, active.shape)[active][0]
            lanes.out_of_bounds(state, site, memref, int(place), dimension)


def _to_lane_shape(state: BlockState, olds: np.ndarray, index: tuple, value: Any) -> np.ndarray:
    """Put the active lanes' values back where the lanes are; the others hold zero."""
    arrays = [np.asarray(position) for position in (*index, value)]
    if state.mask is not None:
        arrays.append(state.mask)
    shape = np.broadcast_shapes(state.lane_shape, *(array.shape for array in arrays))
    if state.mask is None:
        return olds.reshape(shape)
    found = np.zeros(shape, olds.dtype)
    found[np.broadcast_to(state.mask, shape)] = olds
    return found


@decodes("memref.generic_atomic_rmw")
def _generic_atomic(op: ir.Operation, decoder: Decoder) -> Step:
    """Its region computes the new value from the old one."""
    target = decoder.slot(op.operands[0])
    positions = _positions(op, decoder, 1)
    element = decoder.type_of(op.results[0])
    body = decoder.region(op)
    (argument,), (new,) = body.arguments, body.yields
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        state, memref, index = frame[STATE], frame[target], positions(frame)

        def updated(old: Any) -> Any:
            frame[argument] = old
            body.run(frame)
            return frame[new]

        if state.lane_shape or _has_lanes(index):
            frame[result] = _update_lanes(state, site, memref, index, updated)
            return
        _check_bounds(state, site, memref, index)
        frame[result] = _atomic_single(state, site, memref, index, None, lambda old, _: updated(old), element)

    return Step(run)


def _update_lanes(state: BlockState, site: Site, memref: MemRef, index: tuple, updated: Callable[[Any], Any]) -> np.ndarray:
    """All lanes' updates: in rounds, in each of which an element has at most one lane, the first that waits for it."""
    _check_lane_bounds(state, site, memref, index)
    outer = state.mask
    shapes = [np.shape(position) for position in index]
    shape = np.broadcast_shapes(state.lane_shape, *shapes, () if outer is None else outer.shape)
    waiting = np.broadcast_to(True if outer is None else outer, shape).copy()
    inside = tuple(np.where(waiting, position, 0) for position in index)
    olds = np.zeros(shape, memref.data.dtype)
    while waiting.any():
        lanes_left = np.flatnonzero(waiting)
        places = np.stack([position.ravel()[lanes_left] for position in inside] or [np.zeros(lanes_left.size, np.int64)])
        _, first = np.unique(places, axis=1, return_index=True)
        chosen = np.zeros(shape, bool)
        chosen.flat[lanes_left[first]] = True
        state.mask = chosen
        _check_elements(state, site, memref, tuple(lanes.active_lanes(state, index)[0]))
        old = np.broadcast_to(memref.data[inside], shape)
        olds[chosen] = old[chosen]
        lanes.store(state, site, memref, index, updated(old.copy()))
        waiting &= ~chosen
    state.mask = outer
    return olds
