"""Scalars of a kernel: values of one element type, with Python's arithmetic and comparisons.

Arithmetic on index values that is affine becomes `affine.apply`, composed down to what it is computed from; all else
becomes `arith`. Both operands have one type, or one is a Python number; an integer that meets an index becomes one.
Nothing else is converted silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from tilewright.language import dtypes
from tilewright.language.dtypes import DType
from tilewright.language.indices import affine_apply
from tilewright.language.source import fail
from tilewright.language.trace import Scope, Trace, check_alive, current_trace
from tilewright.mlir import ir

_FLOAT_OPERATIONS = {"+": "arith.addf", "-": "arith.subf", "*": "arith.mulf", "/": "arith.divf"}
_INTEGER_OPERATIONS = {
    "+": "arith.addi",
    "-": "arith.subi",
    "*": "arith.muli",
    "//": "arith.floordivsi",
    "&": "arith.andi",
    "|": "arith.ori",
    "^": "arith.xori",
    "<<": "arith.shli",
    ">>": "arith.shrsi",
}
_AFFINE_OPERATIONS = ("+", "-", "*", "//", "%")
# Predicates of arith.cmpi (signed) and arith.cmpf (ordered, but != is unordered: NaN differs from everything).
_INTEGER_PREDICATES = {"==": 0, "!=": 1, "<": 2, "<=": 3, ">": 4, ">=": 5}
_FLOAT_PREDICATES = {"==": 1, ">": 2, ">=": 3, "<": 4, "<=": 5, "!=": 13}


class Operators:
    """Python's operators for what stands for a scalar in a kernel."""

    def __add__(self, other: Any) -> Scalar:
        return binary("+", self, other)

    def __radd__(self, other: Any) -> Scalar:
        return binary("+", other, self)

    def __sub__(self, other: Any) -> Scalar:
        return binary("-", self, other)

    def __rsub__(self, other: Any) -> Scalar:
        return binary("-", other, self)

    def __mul__(self, other: Any) -> Scalar:
        return binary("*", self, other)

    def __rmul__(self, other: Any) -> Scalar:
        return binary("*", other, self)

    def __truediv__(self, other: Any) -> Scalar:
        return binary("/", self, other)

    def __rtruediv__(self, other: Any) -> Scalar:
        return binary("/", other, self)

    def __floordiv__(self, other: Any) -> Scalar:
        return binary("//", self, other)

    def __rfloordiv__(self, other: Any) -> Scalar:
        return binary("//", other, self)

    def __mod__(self, other: Any) -> Scalar:
        return binary("%", self, other)

    def __rmod__(self, other: Any) -> Scalar:
        return binary("%", other, self)

    def __and__(self, other: Any) -> Scalar:
        return binary("&", self, other)

    def __rand__(self, other: Any) -> Scalar:
        return binary("&", other, self)

    def __or__(self, other: Any) -> Scalar:
        return binary("|", self, other)

    def __ror__(self, other: Any) -> Scalar:
        return binary("|", other, self)

    def __xor__(self, other: Any) -> Scalar:
        return binary("^", self, other)

    def __rxor__(self, other: Any) -> Scalar:
        return binary("^", other, self)

    def __lshift__(self, other: Any) -> Scalar:
        return binary("<<", self, other)

    def __rlshift__(self, other: Any) -> Scalar:
        return binary("<<", other, self)

    def __rshift__(self, other: Any) -> Scalar:
        return binary(">>", self, other)

    def __rrshift__(self, other: Any) -> Scalar:
        return binary(">>", other, self)

    def __neg__(self) -> Scalar:
        operand = as_scalar(self)
        return binary("*", operand, -1.0 if operand.dtype.is_float else -1)

    def __invert__(self) -> Scalar:
        operand = as_scalar(self)
        return binary("^", operand, operand.dtype.bits == 1 or -1)

    def __lt__(self, other: Any) -> Scalar:
        return compare("<", self, other)

    def __le__(self, other: Any) -> Scalar:
        return compare("<=", self, other)

    def __gt__(self, other: Any) -> Scalar:
        return compare(">", self, other)

    def __ge__(self, other: Any) -> Scalar:
        return compare(">=", self, other)

    def __eq__(self, other: object) -> Scalar:  # type: ignore[override]
        return compare("==", self, other)

    def __ne__(self, other: object) -> Scalar:  # type: ignore[override]
        return compare("!=", self, other)

    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        fail("a value of a kernel has no truth value while it is traced: use tl.if_, tl.where, & and |")

    def __index__(self) -> NoReturn:
        fail("a value of a kernel is not known while it is traced: range() and list indices need Python integers")

    def __float__(self) -> NoReturn:
        fail("a value of a kernel is not known while it is traced: use tl.cast and tilewright.language's functions")


@dataclass(frozen=True, eq=False)
class Scalar(Operators):
    """A value of type `dtype`; `affine` says how an index is computed from the trace's dimensions."""

    value: ir.Value
    dtype: DType
    scope: Scope
    affine: ir.AffineExpr | None = None

    def __repr__(self) -> str:
        return f"<{self.dtype} value of the kernel>"


@dataclass(frozen=True, eq=False)
class Dynamic(Operators):
    """A dimension that is known at launch; dimensions of one name are equal. In a kernel it is an index."""

    name: str

    def __repr__(self) -> str:
        return f"tl.dynamic({self.name!r})"


def as_scalar(operand: Any) -> Scalar:
    """What stands for a scalar: a Scalar that is still alive, or a Dynamic of the kernel."""
    trace = current_trace("arithmetic on kernel values")
    if isinstance(operand, Dynamic):
        if operand.name not in trace.dynamic:
            fail(f"no argument of kernel '{trace.kernel_name}' has the dynamic dimension {operand.name!r}")
        return trace.dynamic[operand.name]
    if not isinstance(operand, Scalar):
        fail(f"{operand!r} is no scalar; a kernel computes with numbers and with elements, such as tile[i, j]")
    check_alive(operand.scope, "this value")
    return operand


def scalar_of(trace: Trace, value: ir.Value, dtype: DType) -> Scalar:
    """Wrap an MLIR value of the current scope."""
    return Scalar(value, dtype, trace.scope, trace.dimension_of(value) if dtype is dtypes.index else None)


def is_number(operand: Any) -> bool:
    return isinstance(operand, (bool, int, float))


def coerce(operand: Any, dtype: DType) -> Scalar:
    """`operand` as a scalar of `dtype`: a Python number becomes a constant, a scalar must have the type already."""
    trace = current_trace("arithmetic on kernel values")
    if is_number(operand):
        value = trace.constant(operand, dtype)
        affine = ir.AffineConstantExpr.get(int(operand)) if dtype is dtypes.index else None
        return Scalar(value, dtype, trace.scopes[0], affine)
    scalar = as_scalar(operand)
    if scalar.dtype is not dtype:
        fail(f"has type {scalar.dtype} where {dtype} is needed: use tl.cast")
    return scalar


def operands_of(symbol: str, left: Any, right: Any) -> tuple[Scalar, Scalar]:
    """Both operands as scalars of one type."""
    if is_number(left):
        right = as_scalar(right)
        return coerce(left, right.dtype), right
    left = as_scalar(left)
    if is_number(right):
        return left, coerce(right, left.dtype)
    right = as_scalar(right)
    if dtypes.index in (left.dtype, right.dtype) and all(_is_whole(operand.dtype) for operand in (left, right)):
        return as_index(left, "this value"), as_index(right, "this value")
    if left.dtype is not right.dtype:
        fail(f"{left.dtype} {symbol} {right.dtype}: the operands have different types; use tl.cast")
    return left, right


def _is_whole(dtype: DType) -> bool:
    return not dtype.is_float and dtype.bits > 1


def constant_of(operand: Any) -> int | None:
    """The value of an integer, or of an index expression that is constant."""
    if isinstance(operand, int):
        return int(operand)
    if isinstance(operand, Scalar) and isinstance(operand.affine, ir.AffineConstantExpr):
        return ir.AffineConstantExpr(operand.affine).value
    return None


def binary(symbol: str, left: Any, right: Any) -> Scalar:
    """`left symbol right` for symbols of the tables above, ``/`` on floats and ``%`` on integers."""
    first, second = operands_of(symbol, left, right)
    dtype = first.dtype
    if dtype is dtypes.index and symbol in _AFFINE_OPERATIONS:
        affine = _affine(symbol, first, second)
        if affine is not None:
            return affine
    if symbol == "%" and not dtype.is_float:
        return binary("-", first, binary("*", binary("//", first, second), second))
    if dtype.bits == 1 and symbol not in "&|^":
        fail(f"i1 {symbol} i1: conditions are combined with & | ^ and ~")
    operations = _FLOAT_OPERATIONS if dtype.is_float else _INTEGER_OPERATIONS
    if symbol not in operations:
        hint = "; use // for integers" if symbol == "/" else ""
        fail(f"{dtype} has no operator {symbol}{hint}")
    trace = current_trace("arithmetic on kernel values")
    operation = trace.emit(operations[symbol], [first.value, second.value], [first.value.type], removable=True)
    return scalar_of(trace, operation.results[0], dtype)


def _affine(symbol: str, left: Scalar, right: Scalar) -> Scalar | None:
    """The result as an affine expression, or None where it is not affine."""
    assert left.affine is not None and right.affine is not None
    factor = constant_of(right)
    if symbol == "+":
        return index_scalar(left.affine + right.affine)
    if symbol == "-":
        return index_scalar(left.affine + right.affine * -1)
    if symbol == "*":
        if factor is None and constant_of(left) is None:
            return None
        return index_scalar(left.affine * right.affine)
    if factor is None or factor <= 0:
        return None
    quotient = symbol == "//"
    combine = ir.AffineExpr.get_floor_div if quotient else ir.AffineExpr.get_mod
    return index_scalar(combine(left.affine, factor))


def index_scalar(expression: ir.AffineExpr) -> Scalar:
    """An affine expression over the trace's dimensions as an index value."""
    trace = current_trace("index arithmetic")
    value, simplified = affine_apply(trace, expression)
    return Scalar(value, dtypes.index, trace.scope, simplified)


def as_index(operand: Any, what: str) -> Scalar:
    """An offset, extent or subscript: an index, a Python integer, or an integer that is cast to index."""
    if isinstance(operand, (bool, float)):
        fail(f"{what} is {operand!r}; it must be an integer")
    if isinstance(operand, int):
        return coerce(operand, dtypes.index)
    scalar = as_scalar(operand)
    if scalar.dtype is dtypes.index:
        return scalar
    if scalar.dtype.is_float or scalar.dtype.bits == 1:
        fail(f"{what} has type {scalar.dtype}; it must be an index or an integer")
    trace = current_trace(what)
    operation = trace.emit("arith.index_cast", [scalar.value], [dtypes.index.mlir()], removable=True)
    return scalar_of(trace, operation.results[0], dtypes.index)


def compare(symbol: str, left: Any, right: Any) -> Scalar:
    """A comparison: signed on integers; ordered on floats."""
    first, second = operands_of(symbol, left, right)
    name, predicates = ("arith.cmpf", _FLOAT_PREDICATES) if first.dtype.is_float else ("arith.cmpi", _INTEGER_PREDICATES)
    predicate = ir.IntegerAttr.get(dtypes.i64.mlir(), predicates[symbol])
    trace = current_trace("a comparison")
    operation = trace.emit(name, [first.value, second.value], [dtypes.i1.mlir()], {"predicate": predicate}, removable=True)
    return scalar_of(trace, operation.results[0], dtypes.i1)
