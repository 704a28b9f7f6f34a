"""Integer and floating-point arithmetic on single values and on arrays of lanes, as MLIR defines it.

Integers are signed (see `dtypes`); what is unsigned converts, computes and converts back.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tilewright.simulator.dtypes import ElementType

Unary = Callable[[Any], Any]
Binary = Callable[[Any, Any], Any]


class DivisionByZeroError(Exception):
    """An integer division by zero in an active lane."""


def is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic))


def to_unsigned(element: ElementType) -> Unary:
    """Signed values to the numbers that the same bits are as unsigned."""
    if element.kind == "bool":
        return lambda value: value
    dtype, mask = element.unsigned_dtype, (1 << element.width) - 1
    return lambda value: value.astype(dtype) if is_array(value) else value & mask


def to_signed(element: ElementType) -> Unary:
    """The inverse of `to_unsigned`; also wraps numbers that are out of range."""
    dtype, wrap = element.dtype, element.wrap
    return lambda value: value.astype(dtype) if is_array(value) else wrap(value)


def wrapping(function: Binary, element: ElementType) -> Binary:
    """`function`, exact on Python numbers, with the result wrapped to the type; arrays wrap by themselves."""
    wrap = element.wrap
    if element.kind == "bool":
        return lambda a, b: (function(a & True, b & True) & 1) != 0
    low, high = -(1 << (element.width - 1)), (1 << (element.width - 1)) - 1

    def wrapped(a: Any, b: Any) -> Any:
        value = function(a, b)
        if type(value) is int and not low <= value <= high:
            return wrap(value)
        return value

    return wrapped


def unsigned(function: Binary, element: ElementType) -> Binary:
    into, back = to_unsigned(element), to_signed(element)
    return lambda a, b: back(function(into(a), into(b)))


def _checked(function: Binary) -> Binary:
    """A division that raises DivisionByZeroError for a single divisor of zero; arrays are checked by their caller."""

    def divide(a: Any, b: Any) -> Any:
        if not is_array(b) and b == 0:
            raise DivisionByZeroError
        return function(a, b)

    return divide


def _truncated_quotient(a: Any, b: Any) -> Any:
    if is_array(a) or is_array(b):
        return (a - np.fmod(a, b)) // b
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _truncated_remainder(a: Any, b: Any) -> Any:
    if is_array(a) or is_array(b):
        return np.fmod(a, b)
    return abs(a) % abs(b) * (-1 if a < 0 else 1)


def _ceil_quotient(a: Any, b: Any) -> Any:
    return a // b + (a % b != 0)


def _shift(function: Binary) -> Binary:
    """A shift; the result for an amount of the width or more, which MLIR leaves open, is that of the amount mod 64."""
    return lambda a, b: function(a, b & 63)


def _maximum(a: Any, b: Any) -> Any:
    return np.maximum(a, b) if is_array(a) or is_array(b) else max(a, b)


def _minimum(a: Any, b: Any) -> Any:
    return np.minimum(a, b) if is_array(a) or is_array(b) else min(a, b)


def _multiply_bits(a: Any, b: Any) -> Any:
    return a & b


DIVISIONS = frozenset({"arith.divsi", "arith.divui", "arith.remsi", "arith.remui", "arith.ceildivsi", "arith.ceildivui"}) | {
    "arith.floordivsi"
}


def integer_binary(name: str, element: ElementType) -> Binary | None:
    """The function of an integer operation of `arith` on two values; None for a name that is not one."""
    if element.kind == "bool" and name in ("arith.addi", "arith.subi"):
        return operator.xor
    if element.kind == "bool" and name == "arith.muli":
        return _multiply_bits
    if name in ("arith.andi", "arith.ori", "arith.xori"):
        return {"arith.andi": operator.and_, "arith.ori": operator.or_, "arith.xori": operator.xor}[name]
    signed: dict[str, Binary] = {
        "arith.addi": operator.add,
        "arith.subi": operator.sub,
        "arith.muli": operator.mul,
        "arith.divsi": _checked(_truncated_quotient),
        "arith.remsi": _checked(_truncated_remainder),
        "arith.floordivsi": _checked(operator.floordiv),
        "arith.ceildivsi": _checked(_ceil_quotient),
        "arith.shli": _shift(operator.lshift),
        "arith.shrsi": _shift(operator.rshift),
        "arith.maxsi": _maximum,
        "arith.minsi": _minimum,
    }
    if name in signed:
        return wrapping(signed[name], element)
    without_sign: dict[str, Binary] = {
        "arith.divui": _checked(operator.floordiv),
        "arith.remui": _checked(operator.mod),
        "arith.ceildivui": _checked(_ceil_quotient),
        "arith.shrui": _shift(operator.rshift),
        "arith.maxui": _maximum,
        "arith.minui": _minimum,
    }
    return unsigned(without_sign[name], element) if name in without_sign else None


FLOAT_BINARY: dict[str, Binary] = {
    "arith.addf": operator.add,
    "arith.subf": operator.sub,
    "arith.mulf": operator.mul,
    "arith.divf": operator.truediv,
    "arith.maximumf": np.maximum,
    "arith.minimumf": np.minimum,
    "arith.maxnumf": np.fmax,
    "arith.minnumf": np.fmin,
    "math.atan2": np.arctan2,
    "math.copysign": np.copysign,
    "math.powf": np.power,
    "arith.remf": np.fmod,
}


def float_binary(name: str, element: ElementType) -> Binary:
    """A floating-point operation on two values; types that NumPy lacks compute in f32 and round, which is exact enough."""
    function = FLOAT_BINARY[name]
    if element.native:
        return function
    dtype = element.dtype
    return lambda a, b: function(a.astype(np.float32), b.astype(np.float32)).astype(dtype)


def compare_integers(predicate: int, element: ElementType) -> Binary:
    """`arith.cmpi` by the number of its predicate: eq, ne, slt, sle, sgt, sge, ult, ule, ugt, uge."""
    functions = [operator.eq, operator.ne, *[operator.lt, operator.le, operator.gt, operator.ge] * 2]
    function = functions[predicate]
    if predicate < 2:
        return function
    if predicate < 6:
        if element.kind == "bool":
            return lambda a, b: function(b, a)
        return function
    into = to_unsigned(element)
    return lambda a, b: function(into(a), into(b))


def _unordered(a: Any, b: Any) -> Any:
    return (a != a) | (b != b)


def compare_floats(predicate: int) -> Binary:
    """`arith.cmpf` by the number of its predicate: false, oeq … ord, ueq … uno, true."""
    if predicate in (0, 15):
        return lambda a, b: np.full(np.broadcast(a, b).shape, predicate == 15)[()]
    if predicate == 7:
        return lambda a, b: ~_unordered(a, b)
    if predicate == 14:
        return _unordered
    functions = {1: operator.eq, 2: operator.gt, 3: operator.ge, 4: operator.lt, 5: operator.le, 6: operator.ne}
    if predicate <= 6:
        ordered = functions[predicate]
        if predicate == 6:
            return lambda a, b: ordered(a, b) & ~_unordered(a, b)
        return ordered
    function = functions[predicate - 7]
    if predicate == 13:
        return function
    return lambda a, b: function(a, b) | _unordered(a, b)


def select(element: ElementType | None) -> Callable[[Any, Any, Any], Any]:
    """`arith.select`; `element` is None for memrefs, whose condition is the same in all lanes."""

    def choose(condition: Any, a: Any, b: Any) -> Any:
        if element is None or not isinstance(condition, np.ndarray):
            return a if condition else b
        return np.where(condition, a, b).astype(element.dtype, copy=False)

    return choose


def conversion(name: str, source: ElementType, target: ElementType) -> Unary:
    """The function of a cast of `arith`."""
    if name in ("arith.extf", "arith.truncf"):
        dtype = target.dtype
        return lambda value: value.astype(dtype)
    if name in ("arith.sitofp", "arith.uitofp"):
        return _to_float(source, target, name == "arith.sitofp")
    if name in ("arith.fptosi", "arith.fptoui"):
        return _to_integer(target, name == "arith.fptosi")
    if name == "arith.bitcast":
        return _bitcast(source, target)
    if name in ("arith.extui", "arith.index_castui"):
        return _resize(source, target, to_unsigned(source))
    return _resize(source, target, _sign_of_bool if source.kind == "bool" else lambda value: value)


def _sign_of_bool(value: Any) -> Any:
    return -value.astype(np.int64) if is_array(value) else -int(value)


def _resize(source: ElementType, target: ElementType, widen: Unary) -> Unary:
    dtype, wrap = target.dtype, target.wrap
    if target.kind == "bool":
        return lambda value: (value & 1).astype(np.bool_) if is_array(value) else bool(value & 1)
    return lambda value: widen(value).astype(dtype) if is_array(value) else wrap(int(widen(value)))


def _to_float(source: ElementType, target: ElementType, signed: bool) -> Unary:
    into: Unary
    if signed:
        into = _sign_of_bool if source.kind == "bool" else lambda value: value
    else:
        into = to_unsigned(source)
    dtype, native = target.dtype, target.native

    def convert(value: Any) -> Any:
        number = np.asarray(into(value))
        wide = number if native else number.astype(np.float32)
        return wide.astype(dtype)[()]

    return convert


def _to_integer(target: ElementType, signed: bool) -> Unary:
    dtype = target.dtype if signed or target.kind == "bool" else target.unsigned_dtype
    back = target.dtype

    def convert(value: Any) -> Any:
        wide = np.asarray(value, np.float64 if value.dtype.itemsize > 2 else np.float32)
        found = np.trunc(wide).astype(dtype).astype(back)
        return found if found.ndim else found.item()

    return convert


def _bitcast(source: ElementType, target: ElementType) -> Unary:
    def convert(value: Any) -> Any:
        found = np.asarray(value, source.dtype).view(target.dtype)
        if found.ndim:
            return found
        return target.scalar(found[()])

    return convert


def check_divisor(divisor: Any, mask: np.ndarray | None) -> bool:
    """Whether no active lane divides by zero."""
    if not isinstance(divisor, np.ndarray):
        return True
    zero = divisor == 0
    return not (zero if mask is None else zero & mask).any()
