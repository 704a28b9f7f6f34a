"""Parallel operations as iteration spaces: which dimensions of the space index which buffer.

`scf.forall`, structured linalg operations and whole-tile copies are all alike to layout inference: a space of extents, and
accesses that take some of its dimensions as their indices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tilewright.analysis.accesses import linalg_outputs
from tilewright.analysis.linear import constant_value
from tilewright.analysis.regions import VIEWS, kept_dimensions, root_of, subview_parameters
from tilewright.ir.layout import Axis
from tilewright.mlir import ir, linalg

# The operations that multiply matrices: their fragments are laid out by their instruction, not by their space.
SPARSE_PRODUCT = "tile.gemm_sp"
PRODUCTS = ("linalg.matmul", "linalg.contract", SPARSE_PRODUCT)
TILE_COPIES = ("memref.copy", "tile.copy_in", "tile.copy_out", "tile.copy_async", "tile.bulk_copy")


_ACCESSES = {"memref.load": 0, "memref.store": 1, "memref.atomic_rmw": 1, "memref.generic_atomic_rmw": 0}
_DIVISIONS = ("arith.floordivsi", "arith.divsi", "arith.divui")
_ANYWHERE = Axis(0, None)


@dataclass(frozen=True)
class SpaceAccess:
    """An access of `buffer` (a root) by `operation`.

    `axes`: how each dimension of the buffer is indexed. `steps`: by how many elements each dimension of the space moves the
    address, None where that is not known; `bytes`: of an element. `serial`: outside any parallel operation, so that every
    thread makes it.
    """

    buffer: ir.Value
    axes: tuple[Axis, ...]
    writes: bool
    operation: ir.Operation
    steps: tuple[int | None, ...] = ()
    bytes: int = 4
    serial: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The part of the buffer, from its origin, that is touched."""
        return tuple(axis.extent for axis in self.axes)

    @property
    def dimensions(self) -> frozenset[int]:
        """The dimensions of the space that index the buffer."""
        return frozenset(axis.dimension for axis in self.axes if axis.dimension is not None)


@dataclass(frozen=True)
class LoopSpace:
    """A parallel operation: its extents (None where not constant), its accesses, and the threads that run it.

    `group`: the warp group that it is in, None outside of all.
    """

    operation: ir.Operation
    extents: tuple[int, ...] | None
    accesses: tuple[SpaceAccess, ...]
    threads: int
    group: ir.Operation | None = None


@dataclass(frozen=True)
class _Threads:
    """Who runs what is being looked at."""

    count: int
    warp_size: int
    group: ir.Operation | None = None


def loop_spaces(function: ir.Operation, threads: int, warp_size: int) -> list[LoopSpace]:
    """The parallel operations of a kernel in program order; serial accesses come as spaces without extents."""
    spaces: list[LoopSpace] = []
    _collect(function, _Threads(threads, warp_size), spaces)
    return spaces


def _collect(operation: ir.Operation, threads: _Threads, spaces: list[LoopSpace]) -> None:
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                inner = child.operation
                if inner.name == "tile.warp_group":
                    warps = ir.IntegerAttr(inner.attributes["warps"]).value
                    _collect(inner, _Threads(warps * threads.warp_size, threads.warp_size, inner), spaces)
                    continue
                space = _space_of(inner, threads)
                if space is not None:
                    spaces.append(space)
                else:
                    _collect(inner, threads, spaces)


def _space_of(operation: ir.Operation, threads: _Threads) -> LoopSpace | None:
    name = operation.name
    found: tuple[tuple[int, ...] | None, list[SpaceAccess]] | None = None
    if name == "scf.forall":
        found = _forall_space(operation)
    elif name.startswith("linalg.") and len(operation.regions):
        found = _linalg_space(operation)
    elif name in TILE_COPIES or name == "tile.scan":
        found = _copy_space(operation)
    elif name == SPARSE_PRODUCT:
        found = _sparse_product_space(operation)
    elif name in _ACCESSES:
        memref = operation.operands[_ACCESSES[name]]
        root = root_of(memref)
        if root is not None:
            axes = _root_axes(memref, [_ANYWHERE] * ir.MemRefType(memref.type).rank)
            found = (None, [SpaceAccess(root, axes, name != "memref.load", operation, serial=True)])
    if found is None:
        return None
    extents, accesses = found
    return LoopSpace(operation, extents, tuple(accesses), threads.count, threads.group)


def _access(
    memref: ir.Value,
    axes: Sequence[Axis],
    extents: Sequence[int] | None,
    writes: bool,
    operation: ir.Operation,
    from_origin: bool = True,
) -> SpaceAccess | None:
    """The access of `memref`, of which dimension i is indexed by axes[i]; None where its root is not known.

    `from_origin`: the space's first point is at index 0 of the memref.
    """
    root = root_of(memref)
    if root is None:
        return None
    steps: list[int | None] = [0] * len(extents or ())
    memref_type = ir.MemRefType(memref.type)
    strides, _ = memref_type.get_strides_and_offset()
    for axis, stride in zip(axes, strides, strict=True):
        if axis.dimension is not None and axis.dimension < len(steps):
            unknown = stride == ir.ShapedType.get_dynamic_stride_or_offset() or axis.divisor > 1
            steps[axis.dimension] = None if unknown else stride
    if extents is None or not from_origin:
        axes = [_ANYWHERE] * len(axes)
    width = getattr(memref_type.element_type, "width", 64)
    return SpaceAccess(root, _root_axes(memref, axes), writes, operation, tuple(steps), max(1, width // 8))


def _root_axes(memref: ir.Value, axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """How the dimensions of the root are indexed, where those of the view `memref` are indexed by `axes`."""
    while not isinstance(memref.owner, ir.Block) and memref.owner.operation.name in VIEWS:
        view = memref.owner.operation
        memref = view.operands[0]
        rank = ir.MemRefType(memref.type).rank
        if view.name == "memref.subview":
            axes = _through_subview(view, axes)
        elif view.name not in ("memref.cast", "memref.memory_space_cast"):
            axes = [_ANYWHERE] * rank
    shape = ir.MemRefType(memref.type).shape
    seen: set[int] = set()
    result: list[Axis] = []
    for axis, extent in zip(axes, shape, strict=True):
        if axis.dimension is not None and axis.dimension not in seen and axis.extent <= extent:
            seen.add(axis.dimension)
            result.append(axis)
        else:
            result.append(Axis(max(1, extent), None))
    return tuple(result)


def _through_subview(view: ir.Operation, axes: Sequence[Axis]) -> list[Axis]:
    offsets, _, strides = subview_parameters(view)
    result = [_ANYWHERE] * len(offsets)
    for dimension, axis in zip(kept_dimensions(view), axes, strict=True):
        offset = offsets[dimension]
        if offset.is_constant and offset.constant == 0 and strides[dimension] == 1:
            result[dimension] = axis
    return result


def _forall_space(operation: ir.Operation) -> tuple[tuple[int, ...] | None, list[SpaceAccess]]:
    arguments = list(operation.regions[0].blocks[0].arguments)
    lows, highs, steps = (
        list(ir.DenseI64ArrayAttr(operation.attributes[f"static{part}"])) for part in ("LowerBound", "UpperBound", "Step")
    )
    plain = all(low == 0 and step == 1 for low, step in zip(lows, steps, strict=True))
    # What is not constant is negative.
    extents = tuple(highs) if plain and all(high > 0 for high in highs) else None
    position = {argument: dimension for dimension, argument in enumerate(arguments)} if extents is not None else {}
    accesses: list[SpaceAccess] = []

    def visit(inner: ir.Operation) -> ir.WalkResult:
        if inner.name in _ACCESSES:
            memref, *indices = list(inner.operands)[_ACCESSES[inner.name] :]
            axes = [_index_axis(index, position, extents or ()) for index in indices]
            accesses.extend(filter(None, [_access(memref, axes, extents, inner.name != "memref.load", inner)]))
        elif len(inner.regions) == 0 and inner.name not in VIEWS and inner.name != "memref.dim":
            for operand in inner.operands:
                if isinstance(operand.type, ir.MemRefType):
                    axes = [_ANYWHERE] * ir.MemRefType(operand.type).rank
                    accesses.extend(filter(None, [_access(operand, axes, extents, True, inner)]))
        return ir.WalkResult.ADVANCE

    operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return extents, accesses


def _index_axis(index: ir.Value, position: Mapping[ir.Value, int], extents: Sequence[int]) -> Axis:
    """An index that is a dimension of the loop, or one divided by a constant."""
    dimension, divisor = position.get(index), 1
    if not isinstance(index.owner, ir.Block):
        operation = index.owner.operation
        if operation.name in _DIVISIONS:
            dimension, divisor = position.get(operation.operands[0]), constant_value(operation.operands[1]) or 0
        elif operation.name == "affine.apply" and len(operation.operands) == 1:
            dimension, divisor = position.get(operation.operands[0]), _constant_division(operation)
    if dimension is None or divisor < 1:
        return _ANYWHERE
    return Axis(-(-extents[dimension] // divisor), dimension, divisor)


def _constant_division(operation: ir.Operation) -> int:
    """c where the map of an affine.apply is d0 floordiv c; else 0."""
    result = operation.attributes["map"].value.results[0]
    if not isinstance(result, ir.AffineFloorDivExpr):
        return 0
    left, right = result.lhs, result.rhs
    plain = isinstance(left, (ir.AffineDimExpr, ir.AffineSymbolExpr)) and isinstance(right, ir.AffineConstantExpr)
    return right.value if plain else 0


def _linalg_space(operation: ir.Operation) -> tuple[tuple[int, ...] | None, list[SpaceAccess]]:
    maps = [entry.value for entry in linalg.get_indexing_maps(operation)]
    sizes: dict[int, int] = {}
    rows: list[tuple[ir.Value, list[int]]] = []
    for operand, affine_map in zip(list(operation.operands)[: len(maps)], maps, strict=True):
        if isinstance(operand.type, ir.MemRefType):
            dimensions = [getattr(expression, "position", -1) for expression in affine_map.results]
            sizes |= {d: size for d, size in zip(dimensions, ir.MemRefType(operand.type).shape, strict=True) if d >= 0}
            rows.append((operand, dimensions))
    count = maps[0].n_dims
    known = all(sizes[dimension] > 0 for dimension in range(count))
    extents = tuple(sizes[dimension] for dimension in range(count)) if known else None
    outputs = linalg_outputs(operation)
    accesses = _body_accesses(operation, extents)
    for operand, dimensions in rows:
        axes = [Axis(sizes[d], d) if d >= 0 else _ANYWHERE for d in dimensions]
        accesses += filter(None, [_access(operand, axes, extents, operand in outputs, operation)])
    return extents, accesses


def _body_accesses(operation: ir.Operation, extents: tuple[int, ...] | None) -> list[SpaceAccess]:
    """What a linalg body loads from elsewhere: at indices that are its own affair."""
    found: list[SpaceAccess] = []

    def visit(inner: ir.Operation) -> ir.WalkResult:
        if inner.name == "memref.load":
            axes = [_ANYWHERE] * ir.MemRefType(inner.operands[0].type).rank
            found.extend(filter(None, [_access(inner.operands[0], axes, extents, False, inner)]))
        return ir.WalkResult.ADVANCE

    operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return found


def _sparse_product_space(operation: ir.Operation) -> tuple[tuple[int, ...], list[SpaceAccess]]:
    """Rows, columns and the contraction; its operands are read in the instruction's own way."""
    a, _, _, accumulator = operation.operands
    rows, columns = ir.MemRefType(accumulator.type).shape
    extents = (rows, columns, 2 * ir.MemRefType(a.type).shape[1])
    accesses: list[SpaceAccess] = []
    for operand in operation.operands:
        axes = [_ANYWHERE] * ir.MemRefType(operand.type).rank
        accesses += filter(None, [_access(operand, axes, extents, operand == accumulator, operation)])
    return extents, accesses


def _copy_space(operation: ir.Operation) -> tuple[tuple[int, ...] | None, list[SpaceAccess]]:
    operands = list(operation.operands)
    destination = {"tile.copy_out": 1, "tile.bulk_copy": len(operands) - 3}.get(operation.name, len(operands) - 1)
    tile = operands[0] if operation.name == "tile.copy_out" else operands[destination]
    shape = tuple(ir.MemRefType(tile.type).shape)
    extents = shape if all(size > 0 for size in shape) else None
    windowed = 1 if operation.name == "tile.copy_out" else 0
    offsets = len(operands) - (4 if operation.name == "tile.bulk_copy" else 2)
    accesses: list[SpaceAccess] = []
    for position in (0, destination):
        rank = ir.MemRefType(operands[position].type).rank
        # A window of a memory of higher rank has the tile's dimensions last.
        axes = [_ANYWHERE] * (rank - len(shape))
        axes += [Axis(size, dimension) for dimension, size in enumerate(shape)]
        at_origin = position != windowed or offsets == 0
        accesses += filter(None, [_access(operands[position], axes, extents, position == destination, operation, at_origin)])
    return extents, accesses
