"""Decoders of `memref`: allocation, views, whole copies."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilewright.mlir import ir
from tilewright.simulator.decode import Decoder, Step, decodes, mixed, resolve, segments, unsupported
from tilewright.simulator.findings import Site
from tilewright.simulator.memory import MemRef, allocate, check_read, check_write
from tilewright.simulator.state import STATE, Frame

_SPACES = {
    "#gpu.address_space<workgroup>": "shared",
    "#gpu.address_space<private>": "fragment",
    "#gpu.address_space<global>": "global",
    "": "global",
}


def space_name(memref_type: ir.MemRefType) -> str:
    space = memref_type.memory_space
    text = "" if space is None else str(space)
    return _SPACES.get(text, text)


@decodes("memref.alloc", "memref.alloca")
def _alloc(op: ir.Operation, decoder: Decoder) -> Step:
    memref_type = ir.MemRefType(op.results[0].type)
    element = decoder.type_of(op.results[0])
    sizes, symbols = segments(op)
    if symbols:
        raise unsupported(op, "with symbols of a layout")
    dynamic = iter(sizes)
    shape = [
        (False, decoder.slot(next(dynamic))) if memref_type.is_dynamic_dim(i) else (True, memref_type.shape[i])
        for i in range(memref_type.rank)
    ]
    result = decoder.define(op.results[0])
    site, space = Site(op), space_name(memref_type)

    def run(frame: Frame) -> None:
        extents = resolve(shape, frame)
        if any(extent < 0 for extent in extents):
            frame[STATE].abort("out-of-bounds", site, f"allocates shape {extents}")
        frame[result] = allocate(extents, element, site, space)

    return Step(run)


@decodes("memref.dealloc")
def _dealloc(op: ir.Operation, decoder: Decoder) -> None:
    """Nothing: memory lives as long as something refers to it."""


@decodes("memref.cast", "memref.memory_space_cast", "memref.assume_alignment")
def _same(op: ir.Operation, decoder: Decoder) -> Step | None:
    """The same memref; a cast that claims a static extent is checked."""
    slot = decoder.slot(op.operands[0])
    for result in op.results:
        decoder.alias(result, slot)
    if op.name != "memref.cast":
        return None
    source, target = ir.MemRefType(op.operands[0].type), ir.MemRefType(op.results[0].type)
    claims = [(i, target.shape[i]) for i in range(target.rank) if source.is_dynamic_dim(i) and not target.is_dynamic_dim(i)]
    site = Site(op)

    def run(frame: Frame) -> None:
        shape = frame[slot].data.shape
        for dimension, extent in claims:
            if shape[dimension] != extent:
                message = f"claims extent {extent} of dimension {dimension}, which has {shape[dimension]}"
                frame[STATE].abort("out-of-bounds", site, message, frame[slot].buffer.note())

    return Step(run) if claims else None


@decodes("memref.dim")
def _dim(op: ir.Operation, decoder: Decoder) -> Step:
    memref, dimension = decoder.operands(op)
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        shape, position = frame[memref].data.shape, frame[dimension]
        if not 0 <= position < len(shape):
            frame[STATE].abort("out-of-bounds", site, f"asks for dimension {position} of a memref of rank {len(shape)}")
        frame[result] = shape[position]

    return Step(run)


@decodes("memref.copy")
def _copy(op: ir.Operation, decoder: Decoder) -> Step:
    source, target = decoder.operands(op)
    site = Site(op)

    def run(frame: Frame) -> None:
        state, read, written = frame[STATE], frame[source], frame[target]
        if read.data.shape != written.data.shape:
            message = f"copies shape {list(read.data.shape)} to {list(written.data.shape)}"
            state.abort("out-of-bounds", site, message, written.buffer.note())
        check_read(state, site, read)
        check_write(state, site, written)
        written.data[...] = read.data

    return Step(run)


def _kept_dimensions(sizes: list[tuple[bool, int]], result: ir.MemRefType) -> list[bool]:
    """Which dimensions of a subview its result keeps: a rank-reducing subview drops dimensions of static size 1."""
    wanted = [result.shape[i] if not result.is_dynamic_dim(i) else None for i in range(result.rank)]
    to_drop = len(sizes) - len(wanted)
    kept: list[bool] = []
    for static, size in sizes:
        position = sum(kept)
        matches = position < len(wanted) and wanted[position] == (size if static else None)
        drop = to_drop > 0 and static and size == 1 and not matches
        to_drop -= drop
        kept.append(not drop)
    return kept


def _strided_parameters(op: ir.Operation, decoder: Decoder) -> tuple[int, list[list[tuple[bool, int]]]]:
    """The slot of the source, and offsets, sizes and strides, static or in slots."""
    (source,), *values = segments(op)
    names = ("static_offsets", "static_sizes", "static_strides")
    return decoder.slot(source), [mixed(decoder, op.attributes[name], part) for name, part in zip(names, values, strict=True)]


@decodes("memref.subview")
def _subview(op: ir.Operation, decoder: Decoder) -> Step:
    slot, (offsets, sizes, strides) = _strided_parameters(op, decoder)
    kept = _kept_dimensions(sizes, ir.MemRefType(op.results[0].type))
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        memref = frame[slot]
        index: list[Any] = []
        parts = zip(resolve(offsets, frame), resolve(sizes, frame), resolve(strides, frame), kept, strict=True)
        for dimension, (offset, size, stride, keep) in enumerate(parts):
            last = offset + (size - 1) * stride
            extent = memref.data.shape[dimension]
            if offset < 0 or size < 0 or (size > 0 and not 0 <= last < extent):
                message = f"takes [{offset}, {last}] of dimension {dimension} of {memref.buffer.label}, which has {extent}"
                frame[STATE].abort("out-of-bounds", site, message, memref.buffer.note())
            index.append(slice(offset, last + 1 if size else offset, stride) if keep else offset)
        frame[result] = memref.window((*index, ...))

    return Step(run)


@decodes("memref.expand_shape", "memref.collapse_shape")
def _reshape(op: ir.Operation, decoder: Decoder) -> Step:
    operands = list(op.operands)
    source = decoder.slot(operands[0])
    groups = [[ir.IntegerAttr(d).value for d in ir.ArrayAttr(group)] for group in ir.ArrayAttr(op.attributes["reassociation"])]
    expanded: list[tuple[bool, int]] = []
    if op.name == "memref.expand_shape":
        expanded = mixed(decoder, op.attributes["static_output_shape"], operands[1:])
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        memref = frame[source]
        shape = memref.data.shape
        wanted = resolve(expanded, frame) if expanded else [int(np.prod([shape[d] for d in group])) for group in groups]
        data = memref.data.reshape(wanted)
        if data.size and not np.may_share_memory(data, memref.data):
            message = f"reshapes {list(shape)} to {list(wanted)}, which is no view of {memref.buffer.label}"
            frame[STATE].abort("out-of-bounds", site, message, memref.buffer.note())
        frame[result] = MemRef(data, memref.shadow.reshape(wanted), memref.buffer)

    return Step(run)


def _strided_view(flat: np.ndarray, offset: int, sizes: list[int], strides: list[int]) -> np.ndarray:
    """Elements `strides` apart; of bytes, since NumPy gives no buffer of the small floats."""
    bytes_per_element = flat.dtype.itemsize
    steps = [stride * bytes_per_element for stride in strides]
    return np.ndarray(sizes, flat.dtype, flat.view(np.uint8).data, offset * bytes_per_element, steps)


@decodes("memref.reinterpret_cast")
def _reinterpret(op: ir.Operation, decoder: Decoder) -> Step:
    slot, (offsets, sizes, strides) = _strided_parameters(op, decoder)
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        buffer = frame[slot].buffer
        (offset,), shape, steps = resolve(offsets, frame), resolve(sizes, frame), resolve(strides, frame)
        reach = [(size - 1) * step for size, step in zip(shape, steps, strict=True)]
        low = offset + sum(min(0, distance) for distance in reach)
        high = offset + sum(max(0, distance) for distance in reach)
        if 0 not in shape and not (low >= 0 and high < buffer.flat.size):
            message = f"takes elements {low} to {high} of {buffer.label}, which has {buffer.flat.size}"
            frame[STATE].abort("out-of-bounds", site, message, buffer.note())
        data = _strided_view(buffer.flat, offset, shape, steps)
        frame[result] = MemRef(data, _strided_view(buffer.flat_shadow, offset, shape, steps), buffer)

    return Step(run)


@decodes("memref.transpose")
def _transpose(op: ir.Operation, decoder: Decoder) -> Step:
    source = decoder.slot(op.operands[0])
    order = [result.position for result in ir.AffineMapAttr(op.attributes["permutation"]).value.results]
    result = decoder.define(op.results[0])

    def run(frame: Frame) -> None:
        memref = frame[source]
        frame[result] = MemRef(memref.data.transpose(order), memref.shadow.transpose(order), memref.buffer)

    return Step(run)
