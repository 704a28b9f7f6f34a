"""Statements on whole tiles: allocation, copies, matrix products, reductions, atomics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from tilewright.language import dtypes
from tilewright.language.buffers import FRAGMENT, SHARED, Buffer, Tile, Window, alloc, known_shape
from tilewright.language.control import parallel
from tilewright.language.dtypes import DType, as_dtype
from tilewright.language.elementwise import convert
from tilewright.language.scalar import Scalar, coerce, constant_of, scalar_of
from tilewright.language.source import fail
from tilewright.language.trace import Trace, current_trace, infinity, literal, mlir_location, user_location
from tilewright.mlir import ir

# Accumulators that a product of operands of a type may have.
_ACCUMULATORS = {
    "f8E4M3FN": ("f16", "f32"),
    "f8E5M2": ("f16", "f32"),
    "f16": ("f16", "f32"),
    "bf16": ("bf16", "f32"),
    "f32": ("f32", "f64"),
    "f64": ("f64",),
    "i8": ("i32",),
    "i16": ("i32", "i64"),
    "i32": ("i32", "i64"),
    "i64": ("i64",),
}
_REDUCTIONS = {
    "sum": ("arith.addf", "arith.addi"),
    "absmax": ("arith.maximumf", "arith.maxsi"),
    "max": ("arith.maximumf", "arith.maxsi"),
    "min": ("arith.minimumf", "arith.minsi"),
}
_SCANS = ("sum", "max", "min")
# Values of arith.AtomicRMWKind, for floats and for integers.
_ATOMICS = {"add": (0, 1), "max": (4, 6), "min": (8, 10)}


def alloc_shared(shape: Any, dtype: DType | str) -> Buffer:
    """A buffer of static shape in the memory that the threads of a block share."""
    return alloc(shape, as_dtype(dtype), SHARED, "#gpu.address_space<workgroup>")


def alloc_fragment(shape: Any, dtype: DType | str) -> Buffer:
    """A buffer of static shape that is distributed over the threads' registers."""
    return alloc(shape, as_dtype(dtype), FRAGMENT, "#gpu.address_space<private>")


def _matched(source: Tile, destination: Tile, what: str) -> tuple[Tile, Tile]:
    """Both sides with one static shape: open sizes of a window are those of the other side."""
    for tile in (source, destination):
        if not isinstance(tile, (Buffer, Window)):
            fail(f"{what} takes buffers and windows of buffers, not {tile!r}")
    shapes = (list(source.shape), list(destination.shape))
    if source.rank != destination.rank:
        fail(f"{what} from shape {shapes[0]} to shape {shapes[1]}: the ranks differ")
    merged: list[int] = []
    for first, second in zip(*shapes, strict=True):
        sizes = {size for size in (first, second) if isinstance(size, int)}
        if len(sizes) > 1:
            fail(f"{what} from shape {shapes[0]} to shape {shapes[1]}: the shapes differ")
        if not sizes:
            fail(f"{what} from shape {shapes[0]} to shape {shapes[1]}: no side has a static size for each dimension")
        merged.append(sizes.pop())
    return _sized(source, merged, what), _sized(destination, merged, what)


def _sized(tile: Tile, shape: list[int], what: str) -> Tile:
    if isinstance(tile, Window):
        return tile.sized(tuple(shape))
    if not all(isinstance(extent, int) for extent in tile.shape):
        fail(f"{what}: {tile.name} has the dynamic shape {list(tile.shape)}; copy a window of it")
    return tile


def copy(source: Tile, destination: Tile, *, disable_bulk_copy: bool = False) -> None:
    """Copy a tile; where the element types differ, convert each element. Windows must lie inside their buffers.

    `disable_bulk_copy`: it is no bulk copy, even where it could be one.
    """
    trace = current_trace("tl.copy")
    source, destination = _matched(source, destination, "tl.copy")
    views = (source.view(), destination.view())
    if source.dtype is destination.dtype:
        trace.emit("memref.copy", views, [], _copy_flags(disable_bulk_copy))
        return
    for subscripts in parallel(*known_shape(source, "the source")):
        indices = [i.value for i in (subscripts if isinstance(subscripts, tuple) else (subscripts,))]
        element = trace.emit("memref.load", [views[0], *indices], [source.dtype.mlir()]).results[0]
        converted = convert(scalar_of(trace, element, source.dtype), destination.dtype)
        trace.emit("memref.store", [converted.value, views[1], *indices])


def crossing_window(window: Tile, tile: Tile, what: str) -> tuple[ir.Value, list[ir.Value]]:
    """Memory and offsets of a window that may cross an edge: the form of copy_in, copy_out and asynchronous copies.

    A dimension with a single subscript behind one without is taken away by a view: the form itself only drops leading ones.
    """
    if isinstance(window, Buffer):
        window = window[(slice(0, None),) * window.rank]
    if not isinstance(window, Window):
        fail(f"{what} takes a window of a buffer, not {window!r}")
    shape = known_shape(tile, "the tile")
    if window.rank != len(shape):
        fail(f"{what}: {window.name} has rank {window.rank}, the tile has shape {list(shape)}")
    kept = [dimension for dimension in range(window.buffer.rank) if window.kept[dimension]]
    for dimension, size, extent in zip(kept, window.shape, shape, strict=True):
        full = window.buffer.shape[dimension]
        whole = isinstance(full, int) and size == full and constant_of(window.offsets[dimension]) == 0
        if size not in (None, extent) and not whole:
            fail(f"{what}: {window.name} has shape {list(window.shape)}, the tile {list(shape)}; they must be the same")
    if window.dtype is not tile.dtype:
        fail(f"{what} from {window.dtype} to {tile.dtype} or back: it never converts; use tl.copy between tiles for that")
    if all(window.kept[window.buffer.rank - window.rank :]):
        return window.buffer.view(), [offset.value for offset in window.offsets]
    return _without_single_subscripts(window, what), [window.offsets[dimension].value for dimension in kept]


def _without_single_subscripts(window: Window, what: str) -> ir.Value:
    """The whole of the window's buffer in the dimensions that the window keeps, at its subscript in each other."""
    buffer = window.buffer
    extents = [buffer.shape[dimension] if window.kept[dimension] else 1 for dimension in range(buffer.rank)]
    if not all(isinstance(extent, int) for extent in extents):
        fail(f"{what}: behind a dynamic dimension of {buffer.name} no dimension can have a single subscript")
    subscripts = [slice(0, e) if keep else o for e, keep, o in zip(extents, window.kept, window.offsets, strict=True)]
    return buffer[tuple(subscripts)].view()


def pad_attribute(pad: float | int | None, dtype: DType) -> dict[str, ir.Attribute]:
    return {} if pad is None else {"pad": literal(float(pad) if dtype.is_float else pad, dtype)}


def _copy_flags(disable_bulk_copy: bool) -> dict[str, ir.Attribute]:
    return {"tile.disable_bulk_copy": ir.UnitAttr.get()} if disable_bulk_copy else {}


def copy_in(source: Tile, tile: Tile, pad: float | int | None = None, *, disable_bulk_copy: bool = False) -> None:
    """Copy a window that may cross an edge of its buffer into a tile; what lies outside reads as `pad` (0).

    `disable_bulk_copy`: it is no bulk copy, even where it could be one.
    """
    trace = current_trace("tl.copy_in")
    memory, offsets = crossing_window(source, tile, "tl.copy_in")
    trace.emit(
        "tile.copy_in",
        [memory, *offsets, tile.view()],
        [],
        {**pad_attribute(pad, tile.dtype), **_copy_flags(disable_bulk_copy)},
    )


def copy_out(tile: Tile, destination: Tile) -> None:
    """Copy a tile into a window that may cross an edge of its buffer; what lies outside is dropped."""
    trace = current_trace("tl.copy_out")
    memory, offsets = crossing_window(destination, tile, "tl.copy_out")
    trace.emit("tile.copy_out", [tile.view(), memory, *offsets])


def fill(tile: Tile, value: Any) -> None:
    """Set every element of a tile to a number, or to a scalar of its element type."""
    trace = current_trace("tl.fill")
    known_shape(tile, "tl.fill's tile")
    scalar = coerce(value, tile.dtype)
    segments = {"operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 1])}
    operation = trace.emit("linalg.fill", [scalar.value, tile.view()], [], segments, regions=1)
    block, point = _body(operation, [tile.dtype, tile.dtype])
    _inner("linalg.yield", [block.arguments[0]], None, point)


def _body(operation: ir.Operation, dtypes: list[DType]) -> tuple[ir.Block, ir.InsertionPoint]:
    """The block of a structured operation, with one argument for each operand's element."""
    location = mlir_location(user_location())
    block = operation.regions[0].blocks.append(*(d.mlir() for d in dtypes), arg_locs=[location] * len(dtypes))
    return block, ir.InsertionPoint(block)


def _inner(name: str, operands: list[ir.Value], result: ir.Type | None, point: ir.InsertionPoint) -> ir.Value | None:
    """An operation in the body of a structured operation."""
    results = [] if result is None else [result]
    location = mlir_location(user_location())
    operation = ir.Operation.create(name, results=results, operands=operands, loc=location, ip=point)
    return operation.results[0] if results else None


def _widened(value: ir.Value, source: DType, target: DType, point: ir.InsertionPoint) -> ir.Value:
    if source is target:
        return value
    widened = _inner("arith.extf" if target.is_float else "arith.extsi", [value], target.mlir(), point)
    assert widened is not None
    return widened


def gemm(a: Tile, b: Tile, accumulator: Tile, transpose_a: bool = False, transpose_b: bool = False) -> None:
    """accumulator[m, n] += sum over k of a[m, k] * b[k, n]; a transposed operand has its two dimensions swapped."""
    trace = current_trace("tl.gemm")
    shapes = [known_shape(t, f"operand {name} of tl.gemm") for t, name in ((a, "a"), (b, "b"), (accumulator, "accumulator"))]
    if any(len(shape) != 2 for shape in shapes):
        fail(f"tl.gemm multiplies matrices, not shapes {', '.join(str(list(s)) for s in shapes)}")
    m, k = shapes[0][::-1] if transpose_a else shapes[0]
    k_of_b, n = shapes[1][::-1] if transpose_b else shapes[1]
    if k != k_of_b or shapes[2] != (m, n):
        fail(f"tl.gemm of a {m}x{k} and b {k_of_b}x{n} into {shapes[2][0]}x{shapes[2][1]}: the shapes do not match")
    _check_factors("tl.gemm", a, b, accumulator)
    _emit_matmul(trace, a, b, accumulator, transpose_a, transpose_b)


def gemm_sp(a: Tile, metadata: Tile, b: Tile, accumulator: Tile, transpose_b: bool = False) -> None:
    """accumulator += A b, where `a` holds the two of each four neighbours in a row of A that are kept.

    `metadata` has four bits for each four neighbours, from the lowest bits of a word up: the position of the first kept one,
    and that of the second. It is MxK/8 of i8, MxK/16 of i16 or MxK/32 of i32.
    """
    trace = current_trace("tl.gemm_sp")
    operands = {"a": a, "metadata": metadata, "b": b, "accumulator": accumulator}
    shapes = {name: known_shape(tile, f"operand {name} of tl.gemm_sp") for name, tile in operands.items()}
    if any(len(shape) != 2 for shape in shapes.values()):
        fail(f"tl.gemm_sp multiplies matrices, not shapes {', '.join(str(list(s)) for s in shapes.values())}")
    rows, depth = shapes["a"][0], 2 * shapes["a"][1]
    depth_of_b, columns = shapes["b"][::-1] if transpose_b else shapes["b"]
    if depth != depth_of_b or shapes["accumulator"] != (rows, columns):
        into = "x".join(str(extent) for extent in shapes["accumulator"])
        fail(f"tl.gemm_sp of A {rows}x{depth} and b {depth_of_b}x{columns} into {into}: the shapes do not match")
    if metadata.dtype.name not in ("i8", "i16", "i32") or shapes["metadata"] != (rows, depth // metadata.dtype.bits):
        found = f"{'x'.join(str(extent) for extent in shapes['metadata'])} of {metadata.dtype}"
        legal = " or ".join(f"{rows}x{depth / bits:g} of i{bits}" for bits in (8, 16, 32))
        fail(f"tl.gemm_sp of A {rows}x{depth} takes metadata {legal}, not {found}")
    _check_factors("tl.gemm_sp", a, b, accumulator)
    flags: dict[str, ir.Attribute] = {"transpose_b": ir.BoolAttr.get(True)} if transpose_b else {}
    trace.emit("tile.gemm_sp", [tile.view() for tile in operands.values()], [], flags)


def _check_factors(what: str, a: Tile, b: Tile, accumulator: Tile) -> None:
    if a.dtype is not b.dtype:
        fail(f"{what} multiplies {a.dtype} with {b.dtype}; the operands have one type")
    if accumulator.dtype.name not in _ACCUMULATORS.get(a.dtype.name, ()):
        legal = " or ".join(_ACCUMULATORS.get(a.dtype.name, ())) or "nothing"
        fail(f"{what} of {a.dtype} accumulates in {legal}, not in {accumulator.dtype}")


def _emit_matmul(trace: Trace, a: Tile, b: Tile, accumulator: Tile, transpose_a: bool, transpose_b: bool) -> None:
    m, n, k = (ir.AffineDimExpr.get(i) for i in range(3))
    results = [[k, m] if transpose_a else [m, k], [n, k] if transpose_b else [k, n], [m, n]]
    maps = ir.ArrayAttr.get([ir.AffineMapAttr.get(ir.AffineMap.get(3, 0, result)) for result in results])
    attributes: dict[str, ir.Attribute] = {"operandSegmentSizes": ir.DenseI32ArrayAttr.get([2, 1])}
    if transpose_a or transpose_b:
        attributes["indexing_maps"] = maps
    operands = [a.view(), b.view(), accumulator.view()]
    operation = trace.emit("linalg.matmul", operands, [], attributes, regions=1)
    target = accumulator.dtype
    block, point = _body(operation, [a.dtype, b.dtype, target])
    left = _widened(block.arguments[0], a.dtype, target, point)
    right = _widened(block.arguments[1], b.dtype, target, point)
    suffix = "f" if target.is_float else "i"
    product = _inner(f"arith.mul{suffix}", [left, right], target.mlir(), point)
    assert product is not None
    total = _inner(f"arith.add{suffix}", [block.arguments[2], product], target.mlir(), point)
    assert total is not None
    _inner("linalg.yield", [total], None, point)


def axis_of(shape: Sequence[int], axis: int, what: str) -> int:
    """The dimension that `axis` names, counted from the end where it is negative."""
    if not -len(shape) <= axis < len(shape):
        fail(f"{what} along axis {axis} of shape {list(shape)}; it must be from {-len(shape)} to {len(shape) - 1}")
    return axis % len(shape)


def reduce(source: Tile, destination: Tile, op: Literal["sum", "max", "min", "absmax"], axis: int, clear: bool = True) -> None:
    """Combine the elements along `axis` into a tile without that dimension.

    The destination's old elements take part; `clear` first fills it with what changes nothing (a second operation).
    ``absmax`` is the largest absolute value.
    """
    trace = current_trace("tl.reduce")
    shape = known_shape(source, "tl.reduce's source")
    out = known_shape(destination, "tl.reduce's destination")
    if op not in _REDUCTIONS:
        fail(f"tl.reduce has no op {op!r}; there are {', '.join(_REDUCTIONS)}")
    axis = axis_of(shape, axis, "tl.reduce")
    expected = shape[:axis] + shape[axis + 1 :]
    if out != expected:
        fail(f"tl.reduce of {list(shape)} along axis {axis} gives {list(expected)}; the destination has {list(out)}")
    legal = source.dtype is destination.dtype or destination.dtype.name in _ACCUMULATORS.get(source.dtype.name, ())
    if not legal:
        fail(f"tl.reduce of {source.dtype} into {destination.dtype}; use the same type or a wider one")
    if clear:
        fill(destination, 0 if op in ("sum", "absmax") else infinity(destination.dtype, -1 if op == "max" else 1))
    dimensions = {"dimensions": ir.DenseI64ArrayAttr.get([axis])}
    operation = trace.emit("linalg.reduce", [source.view(), destination.view()], [], dimensions, regions=1)
    target = destination.dtype
    block, point = _body(operation, [source.dtype, target])
    element = _widened(block.arguments[0], source.dtype, target, point)
    if op == "absmax":
        magnitude = _inner("math.absf" if target.is_float else "math.absi", [element], target.mlir(), point)
        assert magnitude is not None
        element = magnitude
    combined = _inner(_REDUCTIONS[op][not target.is_float], [element, block.arguments[1]], target.mlir(), point)
    assert combined is not None
    _inner("linalg.yield", [combined], None, point)


def scan(
    source: Tile,
    destination: Tile,
    op: Literal["sum", "max", "min"],
    axis: int,
    reverse: bool = False,
) -> None:
    """Combine the elements along `axis` one after another, each result in its place; `reverse` starts at the last one.

    Source and destination may be one tile.
    """
    trace = current_trace("tl.scan")
    shape = known_shape(source, "tl.scan's source")
    out = known_shape(destination, "tl.scan's destination")
    if op not in _SCANS:
        fail(f"tl.scan has no op {op!r}; there are {', '.join(_SCANS)}")
    axis = axis_of(shape, axis, "tl.scan")
    if out != shape or source.dtype is not destination.dtype:
        fail(f"tl.scan of {list(shape)} of {source.dtype} into {list(out)} of {destination.dtype}; they must be the same")
    attributes: dict[str, ir.Attribute] = {
        "dimension": ir.IntegerAttr.get(dtypes.i32.mlir(), axis),
        "kind": ir.StringAttr.get(op),
        "reverse": ir.BoolAttr.get(reverse),
    }
    trace.emit("tile.scan", [source.view(), destination.view()], [], attributes)


def cumsum(source: Tile, destination: Tile, axis: int, reverse: bool = False) -> None:
    """Running sums along `axis`."""
    scan(source, destination, "sum", axis, reverse)


def _atomic(op: str, buffer: Buffer, subscripts: Any, value: Any) -> Scalar:
    what = f"tl.atomic_{op}"
    trace = current_trace(what)
    if not isinstance(buffer, Buffer):
        fail(f"{what} takes a buffer and its subscripts, not {buffer!r}")
    if buffer.dtype is dtypes.index or buffer.dtype.bits == 1:
        fail(f"{what} takes elements of a float or an integer type, not {buffer.dtype}")
    subscripts = subscripts if isinstance(subscripts, tuple) else (subscripts,)
    if len(subscripts) != buffer.rank:
        fail(f"{buffer.name} has rank {buffer.rank}, not {len(subscripts)} subscripts")
    offsets = [buffer._offset(subscript, i).value for i, subscript in enumerate(subscripts)]
    scalar = coerce(value, buffer.dtype)
    kind = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), _ATOMICS[op][not buffer.dtype.is_float])
    operands = [scalar.value, buffer.view(), *offsets]
    operation = trace.emit("memref.atomic_rmw", operands, [buffer.dtype.mlir()], {"kind": kind})
    return scalar_of(trace, operation.results[0], buffer.dtype)


def atomic_add(buffer: Buffer, subscripts: Any, value: Any) -> Scalar:
    """Add to one element at once; returns its old value."""
    return _atomic("add", buffer, subscripts, value)


def atomic_max(buffer: Buffer, subscripts: Any, value: Any) -> Scalar:
    """Raise one element to at least `value` at once; returns its old value."""
    return _atomic("max", buffer, subscripts, value)


def atomic_min(buffer: Buffer, subscripts: Any, value: Any) -> Scalar:
    """Lower one element to at most `value` at once; returns its old value."""
    return _atomic("min", buffer, subscripts, value)
