"""Affine index arithmetic: expressions over the dimensions of a trace, simplified, and made into `affine.apply`."""

from __future__ import annotations

from tilewright.language import dtypes
from tilewright.language.trace import Trace
from tilewright.mlir import ir


def affine_apply(trace: Trace, expression: ir.AffineExpr) -> tuple[ir.Value, ir.AffineExpr]:
    """The value of an expression over the trace's dimensions, and the expression simplified.

    A constant or a single dimension needs no operation.
    """
    count = len(trace.dimensions)
    # Flattening expands mod into floordiv: only where it makes the expression shorter is it a simplification.
    flat = ir.AffineExpr.simplify_affine_expr(expression, count, 0)
    simple = min(expression, flat, key=_length).maybe_downcast()
    if isinstance(simple, ir.AffineConstantExpr):
        return trace.constant(simple.value, dtypes.index), simple
    if isinstance(simple, ir.AffineDimExpr):
        return trace.dimensions[simple.position], simple
    used = sorted(dimensions_of(simple))
    places = {position: place for place, position in enumerate(used)}
    operation = trace.emit(
        "affine.apply",
        [trace.dimensions[position] for position in used],
        [ir.IndexType.get()],
        {"map": ir.AffineMapAttr.get(renumbered_map([simple], places, len(used), count))},
        removable=True,
    )
    return operation.results[0], simple


def _length(expression: ir.AffineExpr) -> int:
    expression = expression.maybe_downcast()
    if isinstance(expression, ir.AffineBinaryExpr):
        return 1 + _length(expression.lhs) + _length(expression.rhs)
    return 1


def dimensions_of(expression: ir.AffineExpr) -> set[int]:
    """The positions of the dimensions that an expression uses."""
    expression = expression.maybe_downcast()
    if isinstance(expression, ir.AffineDimExpr):
        return {expression.position}
    if isinstance(expression, ir.AffineBinaryExpr):
        return dimensions_of(expression.lhs) | dimensions_of(expression.rhs)
    return set()


def renumbered_map(expressions: list[ir.AffineExpr], places: dict[int, int], inputs: int, count: int) -> ir.AffineMap:
    """A map of `expressions` with `inputs` dimensions: of the trace's `count` dimensions, `places` says where each goes."""
    new = [ir.AffineDimExpr.get(places[p]) if p in places else ir.AffineConstantExpr.get(0) for p in range(count)]
    renumber = ir.AffineMap.get(inputs, 0, new)
    return ir.AffineMap.get(inputs, 0, [expression.compose(renumber) for expression in expressions])
