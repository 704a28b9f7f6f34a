"""The type of a view when the layout of its source changes: a version of a buffer is a strided piece of a larger one."""

from __future__ import annotations

from tilewright.analysis.regions import kept_dimensions
from tilewright.mlir import ir


def view_type(view: ir.Operation) -> ir.MemRefType:
    """The result type of `view` for the type that its source has now. Its shape and element type stay."""
    source = ir.MemRefType(view.operands[0].type)
    result = ir.MemRefType(view.results[0].type)
    strides, offset = source.get_strides_and_offset()
    if view.name == "memref.subview":
        strides, offset = _subview_layout(view, strides, offset)
    elif view.name == "memref.collapse_shape":
        strides = [strides[group[-1]] for group in _reassociation(view)]
    elif view.name == "memref.expand_shape":
        strides = _expanded_strides(view, strides, list(result.shape))
    elif view.name == "memref.transpose":
        permutation = ir.AffineMapAttr(view.attributes["permutation"]).value
        strides = [strides[expression.position] for expression in permutation.results]
    return strided_memref(list(result.shape), result.element_type, strides, offset, source.memory_space)


def strided_memref(
    shape: list[int], element: ir.Type, strides: list[int], offset: int, space: ir.Attribute | None
) -> ir.MemRefType:
    """A memref type with this layout; the layout is left out where it is the identity."""
    identity = [1] * len(shape)
    for dimension in range(len(shape) - 2, -1, -1):
        identity[dimension] = identity[dimension + 1] * shape[dimension + 1]
    if offset == 0 and strides == identity:
        return ir.MemRefType.get(shape, element, memory_space=space)
    return ir.MemRefType.get(shape, element, ir.StridedLayoutAttr.get(offset, strides), space)


def _subview_layout(view: ir.Operation, strides: list[int], offset: int) -> tuple[list[int], int]:
    """The layout of a subview as MLIR infers it: an offset or step that is an operand is dynamic, constant or not."""
    dynamic = ir.ShapedType.get_dynamic_stride_or_offset()
    for start, stride in zip(_static(view, "static_offsets"), strides, strict=True):
        if start != 0:
            offset = dynamic if dynamic in (offset, stride, start) else offset + start * stride
    steps = _static(view, "static_strides")
    new = [dynamic if dynamic in (steps[d], strides[d]) else strides[d] * steps[d] for d in kept_dimensions(view)]
    return new, offset


def _static(view: ir.Operation, name: str) -> list[int]:
    return list(ir.DenseI64ArrayAttr(view.attributes[name]))


def _reassociation(view: ir.Operation) -> list[list[int]]:
    groups = ir.ArrayAttr(view.attributes["reassociation"])
    return [[ir.IntegerAttr(index).value for index in ir.ArrayAttr(group)] for group in groups]


def _expanded_strides(view: ir.Operation, strides: list[int], shape: list[int]) -> list[int]:
    result = [1] * len(shape)
    for group, stride in zip(_reassociation(view), strides, strict=True):
        for dimension in reversed(group):
            result[dimension] = stride
            stride = stride * shape[dimension]
    return result
