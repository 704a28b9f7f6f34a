"""Affine expressions and maps as functions of integers, or of integer arrays, by slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tilewright.mlir import ir

Evaluate = Callable[[Sequence[Any]], Any]
"""The value of an expression for its inputs: dimensions, then symbols."""


def compile_expression(expression: ir.AffineExpr, dimensions: int) -> Evaluate:
    """A function that evaluates `expression`; inputs are its `dimensions` dimensions, then its symbols."""
    if isinstance(expression, ir.AffineConstantExpr):
        constant = expression.value
        return lambda inputs: constant
    if isinstance(expression, ir.AffineDimExpr):
        position = expression.position
        return lambda inputs: inputs[position]
    if isinstance(expression, ir.AffineSymbolExpr):
        symbol = dimensions + expression.position
        return lambda inputs: inputs[symbol]
    binary = ir.AffineBinaryExpr(expression)
    left = compile_expression(binary.lhs, dimensions)
    right = compile_expression(binary.rhs, dimensions)
    if isinstance(expression, ir.AffineAddExpr):
        return lambda inputs: left(inputs) + right(inputs)
    if isinstance(expression, ir.AffineMulExpr):
        return lambda inputs: left(inputs) * right(inputs)
    if isinstance(expression, ir.AffineModExpr):
        return lambda inputs: left(inputs) % right(inputs)
    if isinstance(expression, ir.AffineFloorDivExpr):
        return lambda inputs: left(inputs) // right(inputs)
    return lambda inputs: -(-left(inputs) // right(inputs))


def compile_map(affine_map: ir.AffineMap) -> list[Evaluate]:
    """One function for each result of the map."""
    return [compile_expression(result, affine_map.n_dims) for result in affine_map.results]


def projection(affine_map: ir.AffineMap) -> list[int | None] | None:
    """The dimension of each result, None for a constant 0; None altogether where a result is anything else."""
    found: list[int | None] = []
    for result in affine_map.results:
        if isinstance(result, ir.AffineDimExpr):
            found.append(result.position)
        elif isinstance(result, ir.AffineConstantExpr) and result.value == 0:
            found.append(None)
        else:
            return None
    dimensions = [dimension for dimension in found if dimension is not None]
    return found if len(set(dimensions)) == len(dimensions) else None


def integer_set(attribute: ir.Attribute) -> tuple[ir.AffineMap, list[bool]]:
    """The constraints of an integer set as a map, and for each whether it is an equality (else: not negative).

    The bindings cannot take an integer set out of its attribute, so its text is read back as a map.
    """
    head, _, body = str(attribute).removeprefix("affine_set<").removesuffix(">").partition(" : ")
    constraints = body[1:-1].split(", ")
    equalities = [constraint.endswith(" == 0") for constraint in constraints]
    results = ", ".join(constraint[: -len(" == 0")] for constraint in constraints)
    parsed = ir.Attribute.parse(f"affine_map<{head} -> ({results})>")
    return ir.AffineMapAttr(parsed).value, equalities
