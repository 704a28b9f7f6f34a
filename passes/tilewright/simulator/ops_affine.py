"""Decoders of `affine`, except for its loads and stores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from tilewright.mlir import ir
from tilewright.simulator.affine import Evaluate, compile_map, integer_set
from tilewright.simulator.arithmetic import is_array
from tilewright.simulator.decode import Decoder, Step, decodes, segments
from tilewright.simulator.findings import Site
from tilewright.simulator.ops_scf import branch_step, carried_types, loop_step
from tilewright.simulator.state import Frame


@decodes("affine.apply")
def _apply(op: ir.Operation, decoder: Decoder) -> Step:
    (function,) = compile_map(ir.AffineMapAttr(op.attributes["map"]).value)
    slots = decoder.operands(op)
    result = decoder.define(op.results[0])
    if len(slots) == 1:
        only = slots[0]

        def run_one(frame: Frame) -> None:
            frame[result] = function((frame[only],))

        return Step(run_one)

    def run(frame: Frame) -> None:
        frame[result] = function([frame[slot] for slot in slots])

    return Step(run)


def _smaller(a: Any, b: Any) -> Any:
    return np.minimum(a, b) if is_array(a) or is_array(b) else min(a, b)


def _larger(a: Any, b: Any) -> Any:
    return np.maximum(a, b) if is_array(a) or is_array(b) else max(a, b)


def _extreme(functions: Sequence[Evaluate], choose: Callable[[Any, Any], Any]) -> Evaluate:
    return lambda inputs: reduce(choose, (function(inputs) for function in functions))


@decodes("affine.min", "affine.max")
def _min_max(op: ir.Operation, decoder: Decoder) -> Step:
    choose = _smaller if op.name == "affine.min" else _larger
    function = _extreme(compile_map(ir.AffineMapAttr(op.attributes["map"]).value), choose)
    slots = decoder.operands(op)
    result = decoder.define(op.results[0])

    def run(frame: Frame) -> None:
        frame[result] = function([frame[slot] for slot in slots])

    return Step(run)


@decodes("affine.for")
def _for(op: ir.Operation, decoder: Decoder) -> Step:
    """The lower bound is the largest result of its map, the upper bound the smallest."""
    lower_values, upper_values, initial_values = segments(op)
    lower = _extreme(compile_map(ir.AffineMapAttr(op.attributes["lowerBoundMap"]).value), _larger)
    upper = _extreme(compile_map(ir.AffineMapAttr(op.attributes["upperBoundMap"]).value), _smaller)
    step = ir.IntegerAttr(op.attributes["step"]).value
    lower_slots = [decoder.slot(value) for value in lower_values]
    upper_slots = [decoder.slot(value) for value in upper_values]
    initial = [decoder.slot(value) for value in initial_values]
    body = decoder.region(op)
    results = decoder.results(op)

    def bounds(frame: Frame) -> tuple[Any, Any, Any]:
        return lower([frame[slot] for slot in lower_slots]), upper([frame[slot] for slot in upper_slots]), step

    return loop_step(Site(op), bounds, initial, body, results, carried_types(op, decoder))


@decodes("affine.if")
def _if(op: ir.Operation, decoder: Decoder) -> Step:
    constraints, equalities = integer_set(op.attributes["condition"])
    functions = compile_map(constraints)
    slots = decoder.operands(op)
    then, otherwise = decoder.region(op, 0), decoder.region(op, 1)

    def condition(frame: Frame) -> Any:
        inputs = [frame[slot] for slot in slots]
        holds: Any = True
        for function, equality in zip(functions, equalities, strict=True):
            value = function(inputs)
            holds = holds & (value == 0 if equality else value >= 0)
        return holds

    return branch_step(op, decoder, condition, then, otherwise)
