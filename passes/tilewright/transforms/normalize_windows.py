"""A fill of a tile followed by a copy of the part that exists is one thing: a window that may cross an edge."""

from __future__ import annotations

from tilewright.analysis.accesses import effects_of
from tilewright.analysis.linear import Linear, affine_results, linear
from tilewright.analysis.regions import ALLOCATIONS, root_of, subview_forms
from tilewright.ir.dialect import ops_copy
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.index_math import IndexMath


def normalize_windows(function: ir.Operation) -> int:
    """Replace each such pair by `tile.copy_in`, whose pad is the fill's value; the number of pairs replaced.

    The pair must be provably a window: the copy goes to the tile's corner, and each of its sizes is the tile's, or the
    smaller of the tile's and what the source has left at the window's offset.
    """
    count = 0
    math = IndexMath(function)
    for fill in [operation for operation in nested_operations(function) if operation.name == "linalg.fill"]:
        copy = _next_use(fill)
        if copy is None or not _is_window(fill, copy):
            continue
        _replace(fill, copy, math)
        count += 1
    return count


def _next_use(fill: ir.Operation) -> ir.Operation | None:
    """The copy after `fill` in its block, if nothing between them touches memory."""
    following = [child.operation for child in fill.block.operations]
    for operation in following[following.index(fill) + 1 :]:
        if operation.name == "memref.copy":
            return operation
        if not effects_of(operation).pure or operation.name in ALLOCATIONS or len(operation.regions):
            return None
    return None


def _is_window(fill: ir.Operation, copy: ir.Operation) -> bool:
    tile = fill.operands[1]
    source, destination = copy.operands
    constant = fill.operands[0].owner
    if isinstance(constant, ir.Block) or constant.operation.name != "arith.constant" or fill.operands[0].type != _element(tile):
        return False
    if isinstance(tile.owner, ir.Block) or tile.owner.operation.name not in ALLOCATIONS or root_of(destination) != tile:
        return False
    views = [value.owner for value in (source, destination)]
    if any(isinstance(view, ir.Block) or view.operation.name != "memref.subview" for view in views):
        return False
    source_view, tile_view = (view.operation for view in views)
    if tile_view.operands[0] != tile or _element(source) != _element(tile):
        return False
    offsets, sizes, steps = subview_forms(source_view)
    tile_offsets, tile_sizes, tile_steps = subview_forms(tile_view)
    shape = list(ir.MemRefType(tile.type).shape)
    plain = all(step.is_constant and step.constant == 1 for step in (*steps, *tile_steps))
    if not plain or len(offsets) != len(shape) or any(o.terms or o.constant for o in tile_offsets):
        return False
    memory = source_view.operands[0]
    rows = zip(sizes, tile_sizes, offsets, shape, range(len(shape)), strict=True)
    return all(
        _same(size, tile_size) and _is_clipped(size, extent, offset, memory, dimension)
        for size, tile_size, offset, extent, dimension in rows
    )


def _element(value: ir.Value) -> ir.Type:
    return ir.MemRefType(value.type).element_type


def _same(first: Linear, second: Linear) -> bool:
    return (first - second) == Linear()


def _is_clipped(size: Linear, extent: int, offset: Linear, memory: ir.Value, dimension: int) -> bool:
    """Whether `size` is `extent`, or the smaller of it and what `memory` has left at `offset`."""
    if size == Linear(extent):
        return True
    candidates = _minimum_of(size)
    if candidates is None or not any(_same(candidate, Linear(extent)) for candidate in candidates):
        return False
    others = [candidate for candidate in candidates if not _same(candidate, Linear(extent))]
    return len(others) == 1 and _is_extent(others[0] + offset, memory, dimension)


def _minimum_of(size: Linear) -> list[Linear] | None:
    """The values that `size` is the minimum of, or None."""
    if len(size.terms) != 1 or size.constant != 0:
        return None
    (value, coefficient), *_ = size.terms.items()
    if coefficient != 1 or isinstance(value.owner, ir.Block):
        return None
    operation = value.owner.operation
    if operation.name == "arith.minsi":
        return [linear(operand) for operand in operation.operands]
    return affine_results(operation) if operation.name == "affine.min" else None


def _is_extent(length: Linear, memory: ir.Value, dimension: int) -> bool:
    memory_type = ir.MemRefType(memory.type)
    if not memory_type.is_dynamic_dim(dimension):
        return _same(length, Linear(memory_type.shape[dimension]))
    if len(length.terms) != 1 or length.constant != 0:
        return False
    (value, coefficient), *_ = length.terms.items()
    if coefficient != 1 or isinstance(value.owner, ir.Block) or value.owner.operation.name != "memref.dim":
        return False
    source, position = value.owner.operation.operands
    return source == memory and linear(position) == Linear(dimension)


def _replace(fill: ir.Operation, copy: ir.Operation, math: IndexMath) -> None:
    source_view = copy.operands[0].owner.operation
    dynamic = ir.ShapedType.get_dynamic_size()
    operands = list(source_view.operands)[1:]
    statics = list(ir.DenseI64ArrayAttr(source_view.attributes["static_offsets"]))
    offsets = [operands.pop(0) if static == dynamic else math.value(static) for static in statics]
    attributes = {"pad": fill.operands[0].owner.operation.attributes["value"]}
    with copy.location:
        ir.Operation.create(
            ops_copy.CopyInOp.OPERATION_NAME,
            [],
            [source_view.operands[0], *offsets, fill.operands[1]],
            attributes,
            ip=ir.InsertionPoint(copy),
        )
    copy.erase()
    fill.erase()
