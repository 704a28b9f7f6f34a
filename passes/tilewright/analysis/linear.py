"""Linear expressions over index values: what offsets and bounds are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tilewright.mlir import ir


@dataclass(frozen=True)
class Linear:
    """constant + the sum of coefficient · value over `terms`; coefficients are never 0."""

    constant: int = 0
    terms: Mapping[ir.Value, int] = field(default_factory=dict)

    def __add__(self, other: Linear) -> Linear:
        terms = dict(self.terms)
        for value, coefficient in other.terms.items():
            terms[value] = terms.get(value, 0) + coefficient
        return Linear(self.constant + other.constant, {v: c for v, c in terms.items() if c})

    def __sub__(self, other: Linear) -> Linear:
        return self + other.scaled(-1)

    def scaled(self, factor: int) -> Linear:
        if factor == 0:
            return Linear()
        return Linear(self.constant * factor, {v: c * factor for v, c in self.terms.items()})

    @property
    def is_constant(self) -> bool:
        return not self.terms

    def without(self, value: ir.Value) -> Linear:
        return Linear(self.constant, {v: c for v, c in self.terms.items() if v != value})


def constant_value(value: ir.Value) -> int | None:
    """The integer that `value` is known to be, or None."""
    form = linear(value)
    return form.constant if form.is_constant else None


def linear(value: ir.Value) -> Linear:
    """`value` as a linear expression; what is not understood is a term of its own."""
    owner = value.owner
    if isinstance(owner, ir.Block):
        return Linear(0, {value: 1})
    operation = owner.operation
    name = operation.name
    if name == "arith.constant":
        attribute = operation.attributes["value"]
        return Linear(ir.IntegerAttr(attribute).value) if isinstance(attribute, ir.IntegerAttr) else Linear(0, {value: 1})
    if name == "arith.addi":
        return linear(operation.operands[0]) + linear(operation.operands[1])
    if name == "arith.subi":
        return linear(operation.operands[0]) - linear(operation.operands[1])
    if name == "arith.muli":
        left, right = linear(operation.operands[0]), linear(operation.operands[1])
        if left.is_constant:
            return right.scaled(left.constant)
        if right.is_constant:
            return left.scaled(right.constant)
    if name in ("arith.index_cast", "arith.index_castui"):
        return linear(operation.operands[0])
    if name == "affine.apply":
        forms = affine_results(operation)
        if forms is not None:
            return forms[0]
    return Linear(0, {value: 1})


def affine_results(operation: ir.Operation) -> list[Linear] | None:
    """The results of the map of an affine operation on its operands; None where one is not linear."""
    affine_map = operation.attributes["map"].value
    inputs = [linear(operand) for operand in operation.operands]
    forms: list[Linear] = []
    for result in affine_map.results:
        form = _affine_expression(result, inputs, affine_map.n_dims)
        if form is None:
            return None
        forms.append(form)
    return forms


def _affine_expression(expression: ir.AffineExpr, inputs: list[Linear], dimensions: int) -> Linear | None:
    if isinstance(expression, ir.AffineConstantExpr):
        return Linear(expression.value)
    if isinstance(expression, ir.AffineDimExpr):
        return inputs[expression.position]
    if isinstance(expression, ir.AffineSymbolExpr):
        return inputs[dimensions + expression.position]
    assert isinstance(expression, ir.AffineBinaryExpr)
    left = _affine_expression(expression.lhs, inputs, dimensions)
    right = _affine_expression(expression.rhs, inputs, dimensions)
    if left is None or right is None:
        return None
    if isinstance(expression, ir.AffineAddExpr):
        return left + right
    if isinstance(expression, ir.AffineMulExpr) and right.is_constant:
        return left.scaled(right.constant)
    if isinstance(expression, ir.AffineMulExpr) and left.is_constant:
        return right.scaled(left.constant)
    if not (left.is_constant and right.is_constant and right.constant > 0):
        return None
    if isinstance(expression, ir.AffineModExpr):
        return Linear(left.constant % right.constant)
    if isinstance(expression, ir.AffineFloorDivExpr):
        return Linear(left.constant // right.constant)
    assert isinstance(expression, ir.AffineCeilDivExpr)
    return Linear(-(-left.constant // right.constant))
