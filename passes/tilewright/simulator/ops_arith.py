"""Decoders of `arith` and `math`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tilewright.mlir import ir
from tilewright.simulator.arithmetic import (
    DIVISIONS,
    FLOAT_BINARY,
    DivisionByZeroError,
    check_divisor,
    compare_floats,
    compare_integers,
    conversion,
    float_binary,
    integer_binary,
    select,
    to_signed,
    to_unsigned,
)
from tilewright.simulator.decode import Decoder, Step, decodes, integer_attribute, unsupported
from tilewright.simulator.dtypes import ElementType
from tilewright.simulator.findings import Site
from tilewright.simulator.state import STATE, Frame


@decodes("arith.constant")
def _constant(op: ir.Operation, decoder: Decoder) -> None:
    attribute = op.attributes["value"]
    if not isinstance(attribute, (ir.BoolAttr, ir.FloatAttr, ir.IntegerAttr)):
        raise unsupported(op, "with a value that is not a single number")
    element = decoder.type_of(op.results[0])
    decoder.define(op.results[0], element.scalar(attribute.value))


def _unary(op: ir.Operation, decoder: Decoder, function: Callable[[Any], Any]) -> Step:
    operand = decoder.slot(op.operands[0])
    result = decoder.define(op.results[0])

    def run(frame: Frame) -> None:
        frame[result] = function(frame[operand])

    return Step(run)


def _binary(op: ir.Operation, decoder: Decoder, function: Callable[[Any, Any], Any]) -> Step:
    left, right = decoder.operands(op)
    result = decoder.define(op.results[0])

    def run(frame: Frame) -> None:
        frame[result] = function(frame[left], frame[right])

    return Step(run)


@decodes(*FLOAT_BINARY)
def _float_binary(op: ir.Operation, decoder: Decoder) -> Step:
    return _binary(op, decoder, float_binary(op.name, decoder.type_of(op.results[0])))


@decodes(
    *("arith.addi", "arith.subi", "arith.muli", "arith.andi", "arith.ori", "arith.xori", "arith.shli", "arith.shrsi"),
    *("arith.shrui", "arith.maxsi", "arith.minsi", "arith.maxui", "arith.minui"),
)
def _integer_binary(op: ir.Operation, decoder: Decoder) -> Step:
    function = integer_binary(op.name, decoder.type_of(op.results[0]))
    assert function is not None
    return _binary(op, decoder, function)


@decodes(*DIVISIONS)
def _division(op: ir.Operation, decoder: Decoder) -> Step:
    function = integer_binary(op.name, decoder.type_of(op.results[0]))
    assert function is not None
    left, right = decoder.operands(op)
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        state, divisor = frame[STATE], frame[right]
        if not check_divisor(divisor, state.mask):
            state.abort("division-by-zero", site, "divides by zero")
        try:
            frame[result] = function(frame[left], divisor)
        except DivisionByZeroError:
            state.abort("division-by-zero", site, "divides by zero")

    return Step(run)


@decodes("arith.addui_extended", "arith.mulsi_extended", "arith.mului_extended")
def _extended(op: ir.Operation, decoder: Decoder) -> Step:
    """Two results: the low part, and the carry or the high part; computed with unbounded integers."""
    element = decoder.type_of(op.results[0])
    into = to_unsigned(element)
    left, right = decoder.operands(op)
    low, high = decoder.results(op)
    addition, signed = op.name == "arith.addui_extended", op.name == "arith.mulsi_extended"

    def exact(value: Any) -> Any:
        value = value if signed else into(value)
        return value.astype(object) if isinstance(value, np.ndarray) else value

    def parts(value: int) -> tuple[int, int]:
        return element.wrap(value), value >> element.width

    def run(frame: Frame) -> None:
        a, b = exact(frame[left]), exact(frame[right])
        total = a + b if addition else a * b
        if isinstance(total, np.ndarray):
            pairs = [parts(value) for value in total.ravel()]
            lows = np.array([pair[0] for pair in pairs], element.dtype)
            highs = np.array([element.wrap(pair[1]) for pair in pairs], element.dtype)
            frame[low], frame[high] = lows.reshape(total.shape), highs.reshape(total.shape)
        else:
            frame[low], frame[high] = parts(total)
            frame[high] = element.wrap(frame[high])
        if addition:
            frame[high] = frame[high] != 0

    return Step(run)


@decodes("arith.cmpi")
def _compare_integers(op: ir.Operation, decoder: Decoder) -> Step:
    return _binary(op, decoder, compare_integers(integer_attribute(op, "predicate"), decoder.type_of(op.operands[0])))


@decodes("arith.cmpf")
def _compare_floats(op: ir.Operation, decoder: Decoder) -> Step:
    return _binary(op, decoder, compare_floats(integer_attribute(op, "predicate")))


@decodes("arith.select")
def _select(op: ir.Operation, decoder: Decoder) -> Step:
    lanes = not isinstance(op.results[0].type, ir.MemRefType)
    choose = select(decoder.type_of(op.results[0]) if lanes else None)
    condition, first, second = decoder.operands(op)
    result = decoder.define(op.results[0])

    def run(frame: Frame) -> None:
        frame[result] = choose(frame[condition], frame[first], frame[second])

    return Step(run)


@decodes(
    *("arith.extf", "arith.truncf", "arith.sitofp", "arith.uitofp", "arith.fptosi", "arith.fptoui", "arith.bitcast"),
    *("arith.extsi", "arith.extui", "arith.trunci", "arith.index_cast", "arith.index_castui"),
)
def _conversion(op: ir.Operation, decoder: Decoder) -> Step:
    if isinstance(op.operands[0].type, ir.MemRefType):
        raise unsupported(op, "on memrefs")
    return _unary(op, decoder, conversion(op.name, decoder.type_of(op.operands[0]), decoder.type_of(op.results[0])))


@decodes("arith.negf")
def _negate(op: ir.Operation, decoder: Decoder) -> Step:
    return _unary(op, decoder, np.negative)


def _reciprocal_root(value: Any) -> Any:
    return np.ones_like(value) / np.sqrt(value)


def _round_half_away(value: Any) -> Any:
    return np.copysign(np.floor(np.abs(value) + np.asarray(0.5, value.dtype)), value)


_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)


def _by_element(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: np.asarray(function(value.astype(np.float64))).astype(value.dtype)[()]


_FLOAT_UNARY: dict[str, Callable[[Any], Any]] = {
    "math.absf": np.abs,
    "math.acos": np.arccos,
    "math.acosh": np.arccosh,
    "math.asin": np.arcsin,
    "math.asinh": np.arcsinh,
    "math.atan": np.arctan,
    "math.atanh": np.arctanh,
    "math.cbrt": np.cbrt,
    "math.ceil": np.ceil,
    "math.cos": np.cos,
    "math.cosh": np.cosh,
    "math.erf": _by_element(_erf),
    "math.erfc": _by_element(_erfc),
    "math.exp": np.exp,
    "math.exp2": np.exp2,
    "math.expm1": np.expm1,
    "math.floor": np.floor,
    "math.log": np.log,
    "math.log10": np.log10,
    "math.log1p": np.log1p,
    "math.log2": np.log2,
    "math.round": _round_half_away,
    "math.roundeven": np.rint,
    "math.rsqrt": _reciprocal_root,
    "math.sin": np.sin,
    "math.sinh": np.sinh,
    "math.sqrt": np.sqrt,
    "math.tan": np.tan,
    "math.tanh": np.tanh,
    "math.trunc": np.trunc,
}


def _in_f32(function: Callable[[Any], Any], element: ElementType) -> Callable[[Any], Any]:
    """`function` computed in f32 and rounded to a type of 16 bits or less; itself for f32 and f64."""
    if element.width >= 32:
        return lambda value: function(_contiguous(value))
    dtype = element.dtype
    return lambda value: function(_contiguous(value).astype(np.float32)).astype(dtype)


def _contiguous(value: Any) -> Any:
    """The value without gaps: NumPy may round differently where it walks over strides."""
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        return np.ascontiguousarray(value)
    return value


@decodes(*_FLOAT_UNARY)
def _float_unary(op: ir.Operation, decoder: Decoder) -> Step:
    return _unary(op, decoder, _in_f32(_FLOAT_UNARY[op.name], decoder.type_of(op.results[0])))


_PREDICATES: dict[str, Callable[[Any], Any]] = {
    "math.isfinite": np.isfinite,
    "math.isinf": np.isinf,
    "math.isnan": np.isnan,
}


@decodes(*_PREDICATES)
def _predicate(op: ir.Operation, decoder: Decoder) -> Step:
    return _unary(op, decoder, _PREDICATES[op.name])


@decodes("math.fma", "math.clampf")
def _ternary(op: ir.Operation, decoder: Decoder) -> Step:
    """A fused multiply-add rounds once: it computes in f64, exactly for every product of f32 and narrower types."""
    element = decoder.type_of(op.results[0])
    first, second, third = decoder.operands(op)
    result = decoder.define(op.results[0])
    fused, dtype = op.name == "math.fma", element.dtype

    def run(frame: Frame) -> None:
        a, b, c = (frame[slot].astype(np.float64) for slot in (first, second, third))
        value = a * b + c if fused else np.minimum(np.maximum(a, b), c)
        frame[result] = value.astype(dtype)

    return Step(run)


@decodes("math.absi")
def _absolute_integer(op: ir.Operation, decoder: Decoder) -> Step:
    back = to_signed(decoder.type_of(op.results[0]))
    return _unary(op, decoder, lambda value: back(abs(value)))


def _count_ones(value: int, width: int) -> int:
    return value.bit_count()


def _leading_zeros(value: int, width: int) -> int:
    return width - value.bit_length()


def _trailing_zeros(value: int, width: int) -> int:
    return (value & -value).bit_length() - 1 if value else width


_BIT_COUNTS = {"math.ctpop": _count_ones, "math.ctlz": _leading_zeros, "math.cttz": _trailing_zeros}


@decodes(*_BIT_COUNTS)
def _bit_count(op: ir.Operation, decoder: Decoder) -> Step:
    element = decoder.type_of(op.results[0])
    count, into = _BIT_COUNTS[op.name], to_unsigned(element)

    def function(value: Any) -> Any:
        numbers = into(value)
        if isinstance(numbers, np.ndarray):
            counts = [count(int(number), element.width) for number in numbers.ravel()]
            return np.array(counts, element.dtype).reshape(numbers.shape)
        return count(numbers, element.width)

    return _unary(op, decoder, function)


@decodes("math.fpowi", "math.ipowi")
def _integer_power(op: ir.Operation, decoder: Decoder) -> Step:
    element = decoder.type_of(op.results[0])
    if element.is_float:
        dtype = element.dtype
        return _binary(op, decoder, lambda a, b: np.power(a.astype(np.float64), b).astype(dtype))
    back = to_signed(element)

    def single(base: int, exponent: int) -> int:
        if exponent >= 0:
            return back(int(base) ** int(exponent))
        # One over the power, truncated: only 1 and -1 leave anything.
        return {1: 1, -1: 1 - 2 * (int(exponent) % 2)}.get(int(base), 0)

    by_element = np.frompyfunc(single, 2, 1)

    def power(base: Any, exponent: Any) -> Any:
        if isinstance(base, np.ndarray) or isinstance(exponent, np.ndarray):
            return np.asarray(by_element(base, exponent)).astype(element.dtype)
        return single(base, exponent)

    return _binary(op, decoder, power)
