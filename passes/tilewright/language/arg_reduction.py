"""The largest or smallest elements along a dimension, with their places: one structured operation with two results."""

from __future__ import annotations

from typing import Any, Literal

from tilewright.language import dtypes
from tilewright.language.buffers import Tile, known_shape
from tilewright.language.scalar import as_index
from tilewright.language.source import fail
from tilewright.language.tiles import axis_of, fill
from tilewright.language.trace import current_trace, infinity, mlir_location, user_location
from tilewright.mlir import ir

# Predicates of arith.cmpf (ordered) and arith.cmpi (signed): an element that is better, not as good.
_BETTER = {"max": (2, 4), "min": (4, 2)}


def arg_reduce(
    source: Tile, values: Tile, places: Tile, op: Literal["max", "min"], axis: int, start: Any = 0, clear: bool = True
) -> None:
    """The best element along `axis`, and its subscript there plus `start`; of equal ones the first. A NaN is never best.

    What `values` and `places` hold takes part, and wins against an equal element: tiles one after another find the best of
    all. `clear` first forgets it, with -1 as the place of nothing.
    """
    trace = current_trace("tl.arg_reduce")
    shape = known_shape(source, "tl.arg_reduce's source")
    if op not in _BETTER:
        fail(f"tl.arg_reduce has no op {op!r}; there are {', '.join(_BETTER)}")
    axis = axis_of(shape, axis, "tl.arg_reduce")
    expected = shape[:axis] + shape[axis + 1 :]
    for tile, what in ((values, "values"), (places, "places")):
        if known_shape(tile, f"tl.arg_reduce's {what}") != expected:
            fail(f"tl.arg_reduce of {list(shape)} along axis {axis} gives {list(expected)}; its {what} have {list(tile.shape)}")
    if values.dtype is not source.dtype or places.dtype not in (dtypes.i32, dtypes.i64):
        fail(f"tl.arg_reduce of {source.dtype} gives {source.dtype} and i32 or i64, not {values.dtype} and {places.dtype}")
    if clear:
        fill(values, infinity(values.dtype, -1 if op == "max" else 1))
        fill(places, -1)
    first = as_index(start, "tl.arg_reduce's start").value
    operation = trace.emit(
        "linalg.generic", [source.view(), values.view(), places.view()], [], _structure(len(shape), axis), regions=1
    )
    location = mlir_location(user_location())
    types = [source.dtype.mlir(), values.dtype.mlir(), places.dtype.mlir()]
    block = operation.regions[0].blocks.append(*types, arg_locs=[location] * 3)
    point = ir.InsertionPoint(block)

    def inner(name: str, operands: list[ir.Value], results: list[ir.Type], **attributes: ir.Attribute) -> ir.Operation:
        return ir.Operation.create(name, results=results, operands=operands, attributes=attributes, loc=location, ip=point)

    i64, index, i1 = dtypes.i64.mlir(), dtypes.index.mlir(), dtypes.i1.mlir()
    element, best, place = block.arguments
    is_float = source.dtype.is_float
    predicate = ir.IntegerAttr.get(i64, _BETTER[op][not is_float])
    better = inner("arith.cmpf" if is_float else "arith.cmpi", [element, best], [i1], predicate=predicate).results[0]
    here = inner("linalg.index", [], [index], dim=ir.IntegerAttr.get(i64, axis)).results[0]
    here = inner("arith.addi", [here, first], [index]).results[0]
    here = inner("arith.index_cast", [here], [types[2]]).results[0]
    chosen = [inner("arith.select", [better, new, old], [old.type]).results[0] for new, old in ((element, best), (here, place))]
    inner("linalg.yield", chosen, [])


def _structure(rank: int, axis: int) -> dict[str, ir.Attribute]:
    """A reduction of one dimension into two results."""
    every = [ir.AffineDimExpr.get(dimension) for dimension in range(rank)]
    kept = every[:axis] + every[axis + 1 :]
    maps = [ir.AffineMap.get(rank, 0, results) for results in (every, kept, kept)]
    kinds = ["reduction" if dimension == axis else "parallel" for dimension in range(rank)]
    return {
        "indexing_maps": ir.ArrayAttr.get([ir.AffineMapAttr.get(entry) for entry in maps]),
        "iterator_types": ir.ArrayAttr.get([ir.Attribute.parse(f"#linalg.iterator_type<{kind}>") for kind in kinds]),
        "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 2]),
    }
