"""Views of tiles in random kernels: halves, other shapes of the same elements, and the transposed tile; layouts by hand."""

from __future__ import annotations

import tilewright.language as tl
from tilewright.language.trace import current_trace
from tilewright.mlir import ir


def view_of(whole: tl.Buffer, shape: tuple[int, ...], form: str) -> tl.Buffer:
    """The tile as another one of `shape`."""
    if form in ("lower half", "upper half"):
        return _window_as_buffer(whole, (0 if form == "lower half" else shape[0], 0), shape)
    if form == "deep":
        return tl.reshape(whole, shape)
    if form == "transposed":
        return tl.view(whole, shape, (1, shape[0]))
    return _flat(whole, shape[0]) if form == "flat" else _reinterpreted(whole, shape)


def lay_out(tile: tl.Buffer, layout: str) -> None:
    """Annotate a tile with a layout, where its rows can have it."""
    shape = [extent for extent in tile.shape if isinstance(extent, int)]
    if not layout or (layout == "swizzled" and shape[-1] * tile.dtype.bytes % 32):
        return
    how = "padding = 16" if layout == "padded" else "swizzle = 32"
    text = f"#tile.shared<{{shape = {shape}, element_bytes = {tile.dtype.bytes} : i32, {how} : i32}}>"
    tile.value.owner.attributes["tile.layout"] = ir.Attribute.parse(text)


def _window_as_buffer(whole: tl.Buffer, offsets: tuple[int, int], shape: tuple[int, ...]) -> tl.Buffer:
    return _aliased(whole, whole.window(offsets, shape).view(), shape)


def _aliased(whole: tl.Buffer, value: ir.Value, shape: tuple[int, ...]) -> tl.Buffer:
    return tl.Buffer(value, whole.dtype, shape, whole.space, f"a view of {whole.name}", current_trace("a view").scope)


def _memory_type(whole: tl.Buffer, shape: tuple[int, ...]) -> ir.MemRefType:
    return ir.MemRefType.get(list(shape), whole.dtype.mlir(), None, ir.MemRefType(whole.view().type).memory_space)


def _flat(whole: tl.Buffer, size: int) -> tl.Buffer:
    i64 = ir.IntegerType.get_signless(64)
    together = ir.ArrayAttr.get([ir.ArrayAttr.get([ir.IntegerAttr.get(i64, i) for i in range(whole.rank)])])
    attributes: dict[str, ir.Attribute] = {"reassociation": together}
    collapsed = current_trace("a view").emit(
        "memref.collapse_shape", [whole.view()], [_memory_type(whole, (size,))], attributes, removable=True
    )
    return _aliased(whole, collapsed.results[0], (size,))


def _reinterpreted(whole: tl.Buffer, shape: tuple[int, ...]) -> tl.Buffer:
    strides = [shape[1], 1]
    attributes: dict[str, ir.Attribute] = {
        "static_offsets": ir.DenseI64ArrayAttr.get([0]),
        "static_sizes": ir.DenseI64ArrayAttr.get(list(shape)),
        "static_strides": ir.DenseI64ArrayAttr.get(strides),
        "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0, 0, 0]),
    }
    cast = current_trace("a view").emit(
        "memref.reinterpret_cast", [whole.view()], [_memory_type(whole, shape)], attributes, removable=True
    )
    return _aliased(whole, cast.results[0], shape)
