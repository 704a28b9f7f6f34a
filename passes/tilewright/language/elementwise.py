"""Functions of scalars: mathematics, selection, conversion. `max`, `min`, `abs` and `cdiv` of Python numbers compute now."""

from __future__ import annotations

import builtins
from typing import Any

from tilewright.language import dtypes
from tilewright.language.dtypes import DType, as_dtype
from tilewright.language.scalar import (
    Scalar,
    as_index,
    as_scalar,
    binary,
    coerce,
    compare,
    constant_of,
    index_scalar,
    is_number,
    operands_of,
    scalar_of,
)
from tilewright.language.source import fail
from tilewright.language.trace import Trace, current_trace
from tilewright.mlir import ir

F32_BITS = 32


def _float_function(name: str, operation: str, operand: Any) -> Scalar:
    trace = current_trace(f"tl.{name}")
    scalar = as_scalar(operand)
    if not scalar.dtype.is_float:
        fail(f"tl.{name} takes a float, not {scalar.dtype}: use tl.cast")
    return _emit(trace, operation, [scalar], scalar.dtype)


def _emit(trace: Trace, name: str, operands: list[Scalar], dtype: DType) -> Scalar:
    operation = trace.emit(name, [operand.value for operand in operands], [dtype.mlir()], removable=True)
    return scalar_of(trace, operation.results[0], dtype)


def exp(value: Any) -> Scalar:
    """e to the power of a float."""
    return _float_function("exp", "math.exp", value)


def exp2(value: Any) -> Scalar:
    """2 to the power of a float."""
    return _float_function("exp2", "math.exp2", value)


def log(value: Any) -> Scalar:
    """The natural logarithm."""
    return _float_function("log", "math.log", value)


def log2(value: Any) -> Scalar:
    """The logarithm to base 2."""
    return _float_function("log2", "math.log2", value)


def sqrt(value: Any) -> Scalar:
    """The square root."""
    return _float_function("sqrt", "math.sqrt", value)


def rsqrt(value: Any) -> Scalar:
    """One over the square root."""
    return _float_function("rsqrt", "math.rsqrt", value)


def tanh(value: Any) -> Scalar:
    """The hyperbolic tangent."""
    return _float_function("tanh", "math.tanh", value)


def sin(value: Any) -> Scalar:
    """The sine of an angle in radians."""
    return _float_function("sin", "math.sin", value)


def cos(value: Any) -> Scalar:
    """The cosine of an angle in radians."""
    return _float_function("cos", "math.cos", value)


def erf(value: Any) -> Scalar:
    """The error function."""
    return _float_function("erf", "math.erf", value)


def floor(value: Any) -> Scalar:
    """The largest whole number that is not above a float, as a float."""
    return _float_function("floor", "math.floor", value)


def ceil(value: Any) -> Scalar:
    """The smallest whole number that is not below a float, as a float."""
    return _float_function("ceil", "math.ceil", value)


def round(value: Any) -> Any:
    """The nearest whole number as a float; halves go to the even one."""
    if is_number(value):
        return float(builtins.round(value))
    return _float_function("round", "math.roundeven", value)


def abs(value: Any) -> Any:
    """The absolute value of a float or an integer."""
    if is_number(value):
        return builtins.abs(value)
    scalar = as_scalar(value)
    if scalar.dtype is dtypes.index:
        return where(compare("<", scalar, 0), binary("*", scalar, -1), scalar)
    operation = "math.absf" if scalar.dtype.is_float else "math.absi"
    return _emit(current_trace("tl.abs"), operation, [scalar], scalar.dtype)


def _extremum(name: str, float_operation: str, integer_operation: str, left: Any, right: Any) -> Scalar:
    first, second = operands_of(f"tl.{name}", left, right)
    operation = float_operation if first.dtype.is_float else integer_operation
    return _emit(current_trace(f"tl.{name}"), operation, [first, second], first.dtype)


def max(left: Any, right: Any) -> Any:
    """The larger of two values; NaN if a float is NaN."""
    if is_number(left) and is_number(right):
        return builtins.max(left, right)
    return _extremum("max", "arith.maximumf", "arith.maxsi", left, right)


def min(left: Any, right: Any) -> Any:
    """The smaller of two values; NaN if a float is NaN."""
    if is_number(left) and is_number(right):
        return builtins.min(left, right)
    return _extremum("min", "arith.minimumf", "arith.minsi", left, right)


def clamp(value: Any, low: Any, high: Any) -> Any:
    """`value`, but at least `low` and at most `high`; NaN if a float is NaN."""
    return min(max(value, low), high)


def cdiv(dividend: Any, divisor: Any) -> Any:
    """The quotient of integers or indices, rounded up."""
    if isinstance(dividend, int) and isinstance(divisor, int):
        if divisor == 0:
            fail("tl.cdiv divides by zero")
        return -(-dividend // divisor)
    if not is_number(dividend) and as_scalar(dividend).dtype is dtypes.index:
        scalar = as_scalar(dividend)
        by = constant_of(divisor)
        if by is not None and by > 0 and scalar.affine is not None:
            return index_scalar(ir.AffineExpr.get_ceil_div(scalar.affine, by))
    return binary("//", binary("-", binary("+", dividend, divisor), 1), divisor)


def where(condition: Any, if_true: Any, if_false: Any) -> Scalar:
    """`if_true` where the condition holds, else `if_false`; both are evaluated."""
    trace = current_trace("tl.where")
    if is_number(if_true) and is_number(if_false):
        fail("tl.where of two Python numbers has no type: make one with tl.cast(value, dtype)")
    first, second = operands_of("tl.where", if_true, if_false)
    chosen = coerce(condition, dtypes.i1)
    return _emit(trace, "arith.select", [chosen, first, second], first.dtype)


def cast(value: Any, dtype: DType | str) -> Scalar:
    """Convert a scalar, or type a Python number. Integers are signed, i1 is 0 or 1; float to integer rounds to zero."""
    target = as_dtype(dtype)
    current_trace("tl.cast")
    if is_number(value):
        return coerce(float(value) if target.is_float else value, target)
    return convert(as_scalar(value), target)


def convert(scalar: Scalar, target: DType) -> Scalar:
    """`tl.cast` of a scalar."""
    trace = current_trace("tl.cast")
    source = scalar.dtype
    if source is target:
        return scalar
    if target is dtypes.index and not source.is_float and source.bits > 1:
        return as_index(scalar, "this value")
    if target.bits == 1:
        return compare("!=", scalar, 0.0 if source.is_float else 0)
    if source.is_float and target.is_float:
        return _convert_float(trace, scalar, target)
    if dtypes.index in (source, target) and (source.is_float or target.is_float or source.bits == 1):
        return convert(convert(scalar, dtypes.i64), target)
    if source is dtypes.index:
        return _emit(trace, "arith.index_cast", [scalar], target)
    if source.is_float:
        return _emit(trace, "arith.fptosi", [scalar], target)
    if target.is_float:
        return _emit(trace, "arith.uitofp" if source.bits == 1 else "arith.sitofp", [scalar], target)
    widen = "arith.extui" if source.bits == 1 else "arith.extsi"
    return _emit(trace, widen if source.bits < target.bits else "arith.trunci", [scalar], target)


def bitcast(value: Any, dtype: DType | str) -> Scalar:
    """The same bits as another type of the same width."""
    trace = current_trace("tl.bitcast")
    scalar, target = as_scalar(value), as_dtype(dtype)
    if dtypes.index in (scalar.dtype, target) or scalar.dtype.bits != target.bits:
        fail(f"tl.bitcast from {scalar.dtype} to {target}: both must be of one width, and index has none")
    return scalar if scalar.dtype is target else _emit(trace, "arith.bitcast", [scalar], target)


def _convert_float(trace: Trace, scalar: Scalar, target: DType) -> Scalar:
    if scalar.dtype.bits == target.bits:
        through = dtypes.f32 if target.bits < F32_BITS else dtypes.f64
        return convert(convert(scalar, through), target)
    return _emit(trace, "arith.extf" if scalar.dtype.bits < target.bits else "arith.truncf", [scalar], target)
