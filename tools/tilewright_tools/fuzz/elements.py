"""The elements that parallel loops of random kernels compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tilewright.language as tl
from tilewright_tools.fuzz.program import SUBSCRIPTS

if TYPE_CHECKING:
    from tilewright_tools.fuzz.tracing import Tracer


def element(tracer: Tracer, dtype: tl.DType, value: Any, subscripts: tuple[Any, ...], low: float, high: float) -> Any:
    """An expression, computed in f32 or i32, as an element of `dtype` from `low` to `high`.

    The bounds keep values apart: without them all of them end as infinities, and a wrong pass cannot be seen.
    """
    wide = "f32" if dtype.is_float else "i32"
    bounds = (float(low), float(high)) if dtype.is_float else (int(low), int(high))
    computed = _compute(tracer, wide, value, subscripts)
    if isinstance(computed, (int, float)):
        computed = tl.cast(computed, wide)
    return tl.cast(tl.max(tl.min(computed, bounds[1]), bounds[0]), dtype)


def _compute(tracer: Tracer, wide: str, value: Any, subscripts: tuple[Any, ...]) -> Any:
    if isinstance(value, (int, float)):
        return float(value) if wide == "f32" else int(value)
    operator, *operands = value
    if operator == "load":
        return _convert(_load(tracer, operands[0], operands[1], subscripts), wide)
    if operator == "index":
        if not subscripts:
            return _compute(tracer, wide, 0, subscripts)
        return tl.cast(tl.cast(subscripts[SUBSCRIPTS.index(operands[0]) % len(subscripts)], "i32"), wide)
    if operator == "position":
        return tl.cast(tl.cast(tl.cast(tracer.position(operands[0]), "index"), "i32"), wide)
    first, second = (_compute(tracer, wide, operand, subscripts) for operand in operands)
    if operator in ("max", "min"):
        return tl.max(first, second) if operator == "max" else tl.min(first, second)
    return first + second if operator == "+" else first - second if operator == "-" else first * second


def _convert(scalar: Any, wide: str) -> Any:
    if wide == "i32" and scalar.dtype.is_float:
        return tl.cast(tl.max(tl.min(scalar, 64.0), -64.0), wide)
    return tl.cast(scalar, wide)


def _load(tracer: Tracer, name: str, how: str, subscripts: tuple[Any, ...]) -> Any:
    """`how`: which of the loop's subscripts go where (``ij``, ``ji``, ``i``), a capital for its neighbour, ``0`` for 0."""
    buffer = tracer.buffer(name)
    chosen: list[Any] = []
    for letter, extent in zip(how, buffer.shape, strict=True):
        subscript = 0 if letter == "0" else subscripts[SUBSCRIPTS.index(letter.lower())]
        chosen.append((subscript + 1) % extent if letter.isupper() else subscript)
    return buffer[tuple(chosen)]
