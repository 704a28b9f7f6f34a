"""Other shapes over a buffer's memory: nothing is copied, and a write through one is seen through the others."""

from __future__ import annotations

import math
from typing import Any

from tilewright.language.buffers import Buffer, known_shape
from tilewright.language.source import fail
from tilewright.language.trace import current_trace
from tilewright.mlir import ir


def reshape(buffer: Buffer, shape: Any) -> Buffer:
    """The buffer in another shape of as many elements, in the same row-major order."""
    trace = current_trace("tl.reshape")
    old, new = _whole_shape(buffer, "tl.reshape"), _extents(shape, "tl.reshape")
    if math.prod(old) != math.prod(new):
        fail(f"tl.reshape from {list(old)} to {list(new)}: {math.prod(old)} elements are not {math.prod(new)}")
    value, steps = buffer.view(), _steps(old, new)
    for coarse, fine, collapses in steps:
        target = coarse if collapses else fine
        groups = ir.ArrayAttr.get([_integers(group) for group in _groups(coarse, fine)])
        memory = ir.MemRefType(value.type)
        attributes: dict[str, ir.Attribute] = {"reassociation": groups}
        if not collapses:
            attributes["static_output_shape"] = ir.DenseI64ArrayAttr.get(list(target))
        result = ir.MemRefType.get(list(target), memory.element_type, None, memory.memory_space)
        name = "memref.collapse_shape" if collapses else "memref.expand_shape"
        value = trace.emit(name, [value], [result], attributes, removable=True).results[0]
    return Buffer(value, buffer.dtype, new, buffer.space, f"{buffer.name} reshaped", trace.scope)


def view(buffer: Buffer, shape: Any, strides: Any, offset: int = 0) -> Buffer:
    """A view with strides of its own, in elements: transposed, or with windows that overlap. It must lie in the buffer."""
    trace = current_trace("tl.view")
    size, new = math.prod(_whole_shape(buffer, "tl.view")), _extents(shape, "tl.view")
    steps = tuple(strides) if isinstance(strides, (tuple, list)) else (strides,)
    whole = [step for step in (*steps, offset) if isinstance(step, int) and not isinstance(step, bool) and step >= 0]
    if len(whole) != len(steps) + 1 or len(steps) != len(new):
        fail(f"tl.view has shape {list(new)}, strides {list(steps)}, offset {offset}; it needs an integer >= 0 for each")
    last = offset + sum((extent - 1) * step for extent, step in zip(new, steps, strict=True))
    if last >= size:
        fail(f"tl.view reaches element {last} of {buffer.name}, which has {size}")
    memory = ir.MemRefType(buffer.view().type)
    layout = ir.StridedLayoutAttr.get(offset, list(steps))
    result = ir.MemRefType.get(list(new), memory.element_type, layout, memory.memory_space)
    order = _permutation(buffer, new, steps, offset)
    if order is not None:
        # A transposition takes its address from its source: versions of the source have it too.
        attributes: dict[str, ir.Attribute] = {"permutation": ir.AffineMapAttr.get(ir.AffineMap.get_permutation(order))}
        operation = trace.emit("memref.transpose", [buffer.view()], [result], attributes, removable=True)
    else:
        attributes = {
            "static_offsets": ir.DenseI64ArrayAttr.get([offset]),
            "static_sizes": ir.DenseI64ArrayAttr.get(list(new)),
            "static_strides": ir.DenseI64ArrayAttr.get(list(steps)),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0, 0, 0]),
        }
        operation = trace.emit("memref.reinterpret_cast", [buffer.view()], [result], attributes, removable=True)
    return Buffer(operation.results[0], buffer.dtype, new, buffer.space, f"the view of {buffer.name}", trace.scope)


def _permutation(buffer: Buffer, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> list[int] | None:
    """Which dimension of the buffer each dimension of a view is, where the view is a transposition of it."""
    memory = ir.MemRefType(buffer.view().type)
    old_strides, _ = memory.get_strides_and_offset()
    mine = list(zip(memory.shape, old_strides, strict=True))
    theirs = list(zip(shape, strides, strict=True))
    if offset or len(mine) != len(theirs) or len(set(mine)) != len(mine) or set(mine) != set(theirs):
        return None
    order = [mine.index(dimension) for dimension in theirs]
    return order if order != sorted(order) else None


def _whole_shape(buffer: Any, what: str) -> tuple[int, ...]:
    if not isinstance(buffer, Buffer):
        fail(f"{what} takes a whole buffer, not {buffer!r}")
    strides, offset = ir.MemRefType(buffer.view().type).get_strides_and_offset()
    shape = known_shape(buffer, f"the buffer of {what}")
    dense = [math.prod(shape[dimension + 1 :]) for dimension in range(len(shape))]
    if offset != 0 or list(strides) != dense:
        fail(f"{what} of {buffer.name}, whose elements are not next to each other")
    return shape


def _extents(shape: Any, what: str) -> tuple[int, ...]:
    extents = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not extents or any(isinstance(extent, bool) or not isinstance(extent, int) or extent < 1 for extent in extents):
        fail(f"{what} needs a shape of positive integers, not {list(extents)}")
    return extents


def _steps(old: tuple[int, ...], new: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[int, ...], bool]]:
    """From one shape to the other, through one dimension at worst: (coarse, fine, whether the step collapses) each."""
    if old == new:
        return []
    if len(new) < len(old) and _groups(new, old):
        return [(new, old, True)]
    if len(new) > len(old) and _groups(old, new):
        return [(old, new, False)]
    flat = (math.prod(old),)
    return _steps(old, flat) + _steps(flat, new)


def _groups(coarse: tuple[int, ...], fine: tuple[int, ...]) -> list[list[int]]:
    """For each dimension of `coarse` the dimensions of `fine` that it consists of; empty where it does not."""
    groups: list[list[int]] = []
    position = 0
    for dimension, extent in enumerate(coarse):
        group = [position]
        product = fine[position] if position < len(fine) else 0
        position += 1
        while position < len(fine) and (product < extent or (dimension == len(coarse) - 1 and fine[position] == 1)):
            product *= fine[position]
            group.append(position)
            position += 1
        if product != extent:
            return []
        groups.append(group)
    return groups if position == len(fine) else []


def _integers(values: list[int]) -> ir.ArrayAttr:
    i64 = ir.IntegerType.get_signless(64)
    return ir.ArrayAttr.get([ir.IntegerAttr.get(i64, value) for value in values])
