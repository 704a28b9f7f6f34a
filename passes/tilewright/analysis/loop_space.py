"""Parallel operations as iteration spaces: which dimensions of the space index which buffer.

`scf.forall`, structured linalg operations and whole-tile copies are all alike to layout inference: a space of extents, and
accesses that take some of its dimensions as their indices.
"""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.analysis.accesses import linalg_outputs
from tilewright.analysis.regions import VIEWS, root_of
from tilewright.mlir import ir, linalg

# The operations that multiply matrices: their fragments are laid out by their instruction, not by their space.
SPARSE_PRODUCT = "tile.gemm_sp"
PRODUCTS = ("linalg.matmul", "linalg.contract", SPARSE_PRODUCT)
TILE_COPIES = ("memref.copy", "tile.copy_in", "tile.copy_out", "tile.copy_async", "tile.bulk_copy")


@dataclass(frozen=True)
class SpaceAccess:
    """An access of `buffer` (a root). `dimensions` index it, one for each of its own; None: in another way.

    `serial`: outside any parallel operation, so that every thread makes it.
    """

    buffer: ir.Value
    dimensions: tuple[int, ...] | None
    writes: bool
    operation: ir.Operation
    serial: bool = False


@dataclass(frozen=True)
class LoopSpace:
    """A parallel operation: its extents (None where not constant) and its accesses."""

    operation: ir.Operation
    extents: tuple[int, ...] | None
    accesses: tuple[SpaceAccess, ...]
    threads: int


def loop_spaces(function: ir.Operation, threads: int, warp_size: int) -> list[LoopSpace]:
    """The parallel operations of a kernel in program order; serial accesses come as spaces without extents."""
    spaces: list[LoopSpace] = []
    _collect(function, threads, warp_size, spaces)
    return spaces


def _collect(operation: ir.Operation, threads: int, warp_size: int, spaces: list[LoopSpace]) -> None:
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                inner = child.operation
                if inner.name == "tile.warp_group":
                    warps = ir.IntegerAttr(inner.attributes["warps"]).value
                    _collect(inner, warps * warp_size, warp_size, spaces)
                    continue
                space = _space_of(inner, threads)
                if space is not None:
                    spaces.append(space)
                elif inner.name not in VIEWS:
                    _collect(inner, threads, warp_size, spaces)


def _space_of(operation: ir.Operation, threads: int) -> LoopSpace | None:
    name = operation.name
    if name == "scf.forall":
        return _forall_space(operation, threads)
    if name.startswith("linalg.") and len(operation.regions) and len(operation.regions[0].blocks):
        return _linalg_space(operation, threads)
    if name in TILE_COPIES or name == "tile.scan":
        return _copy_space(operation, threads)
    if name == SPARSE_PRODUCT:
        return _sparse_product_space(operation, threads)
    if name in ("memref.load", "memref.store", "memref.atomic_rmw", "memref.generic_atomic_rmw"):
        position = 0 if name in ("memref.load", "memref.generic_atomic_rmw") else 1
        root = root_of(operation.operands[position])
        if root is None:
            return None
        access = SpaceAccess(root, None, name != "memref.load", operation, serial=True)
        return LoopSpace(operation, None, (access,), threads)
    return None


def _forall_space(operation: ir.Operation, threads: int) -> LoopSpace:
    arguments = list(operation.regions[0].blocks[0].arguments)
    dynamic = ir.ShapedType.get_dynamic_size()
    lows, highs, steps = (
        list(ir.DenseI64ArrayAttr(operation.attributes[f"static{part}"])) for part in ("LowerBound", "UpperBound", "Step")
    )
    count = len(lows)
    plain = all(low == 0 and step == 1 for low, step in zip(lows, steps, strict=True))
    constant = plain and dynamic not in highs and all(high > 0 for high in highs)
    position = {argument: dimension for dimension, argument in enumerate(arguments[:count])} if plain else {}
    accesses: list[SpaceAccess] = []

    def visit(inner: ir.Operation) -> ir.WalkResult:
        if inner.name in ("memref.load", "memref.store", "memref.atomic_rmw"):
            offset = 0 if inner.name == "memref.load" else 1
            memref, *indices = list(inner.operands)[offset:]
            root = root_of(memref)
            if root is not None:
                dimensions = tuple(position.get(index, -1) for index in indices)
                whole = _is_whole_view(memref)
                regular = whole and -1 not in dimensions and len(set(dimensions)) == len(dimensions)
                accesses.append(SpaceAccess(root, dimensions if regular else None, offset == 1, inner))
        elif inner != operation and len(inner.regions) == 0:
            for operand in inner.operands:
                if isinstance(operand.type, ir.MemRefType) and inner.name not in VIEWS and inner.name != "memref.dim":
                    root = root_of(operand)
                    if root is not None:
                        accesses.append(SpaceAccess(root, None, True, inner))
        return ir.WalkResult.ADVANCE

    operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return LoopSpace(operation, tuple(highs) if constant else None, tuple(accesses), threads)


def _is_whole_view(value: ir.Value) -> bool:
    """A buffer, a version of one, or a cast: what has the shape of what it is a view of, leading unit dimensions aside."""
    root = root_of(value)
    if root is None:
        return False
    while value != root:
        if value.owner.operation.name not in ("memref.subview", "memref.cast"):
            return False
        value, inner = value.owner.operation.operands[0], value
        if not _is_leading_piece(inner, value):
            return False
    return True


def _is_leading_piece(inner: ir.Value, value: ir.Value) -> bool:
    """Whether `inner` is all of `value`, or one index of its first dimension."""
    shape, whole = list(ir.MemRefType(inner.type).shape), list(ir.MemRefType(value.type).shape)
    return shape == whole or shape == whole[1:]


def _linalg_space(operation: ir.Operation, threads: int) -> LoopSpace:
    maps = [entry.value for entry in linalg.get_indexing_maps(operation)]
    operands = list(operation.operands)[: len(maps)]
    accesses: list[SpaceAccess] = []
    extents: dict[int, int] = {}
    rows: list[tuple[ir.Value, tuple[int, ...] | None]] = []
    for operand, affine_map in zip(operands, maps, strict=True):
        if not isinstance(operand.type, ir.MemRefType):
            continue
        shape = list(ir.MemRefType(operand.type).shape)
        dimensions = tuple(getattr(expression, "position", -1) for expression in affine_map.results)
        for dimension, size in zip(dimensions, shape, strict=True):
            if dimension >= 0:
                extents[dimension] = size
        regular = -1 not in dimensions and len(set(dimensions)) == len(dimensions)
        rows.append((operand, dimensions if regular else None))
    accesses += _body_accesses(operation)
    count = maps[0].n_dims
    known = all(extents.get(dimension, -1) > 0 for dimension in range(count))
    outputs = linalg_outputs(operation)
    for operand, dimensions in rows:
        root = root_of(operand)
        if root is not None:
            whole = _is_whole_view(operand)
            accesses.append(SpaceAccess(root, dimensions if whole else None, operand in outputs, operation))
    return LoopSpace(operation, tuple(extents[d] for d in range(count)) if known else None, tuple(accesses), threads)


def _body_accesses(operation: ir.Operation) -> list[SpaceAccess]:
    """What a linalg body loads from elsewhere: at indices that are its own affair."""
    found: list[SpaceAccess] = []

    def visit(inner: ir.Operation) -> ir.WalkResult:
        if inner.name == "memref.load":
            root = root_of(inner.operands[0])
            if root is not None:
                found.append(SpaceAccess(root, None, False, inner))
        return ir.WalkResult.ADVANCE

    operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return found


def _sparse_product_space(operation: ir.Operation, threads: int) -> LoopSpace:
    """Rows, columns and the contraction; its operands are read in the instruction's own way."""
    a, _, _, accumulator = operation.operands
    rows, columns = ir.MemRefType(accumulator.type).shape
    depth = 2 * ir.MemRefType(a.type).shape[1]
    accesses: list[SpaceAccess] = []
    for operand in operation.operands:
        root = root_of(operand)
        if root is not None:
            accesses.append(SpaceAccess(root, None, operand == accumulator, operation))
    return LoopSpace(operation, (rows, columns, depth), tuple(accesses), threads)


def _copy_space(operation: ir.Operation, threads: int) -> LoopSpace:
    operands = list(operation.operands)
    destination = {"tile.copy_out": 1, "tile.bulk_copy": len(operands) - 3}.get(operation.name, len(operands) - 1)
    tile = operands[0] if operation.name == "tile.copy_out" else operands[destination]
    shape = list(ir.MemRefType(tile.type).shape)
    accesses: list[SpaceAccess] = []
    for position, operand in ((0, operands[0]), (destination, operands[destination])):
        root = root_of(operand)
        if root is not None:
            identity = tuple(range(len(shape)))
            whole = list(ir.MemRefType(operand.type).shape) == shape and _is_whole_view(operand)
            accesses.append(SpaceAccess(root, identity if whole else None, position == destination, operation))
    return LoopSpace(operation, tuple(shape) if all(s > 0 for s in shape) else None, tuple(accesses), threads)
