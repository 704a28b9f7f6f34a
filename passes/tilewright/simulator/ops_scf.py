"""Decoders of `scf`: loops, branches, regions. Conditions and bounds may differ between the lanes of a parallel loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tilewright.diagnostics import InputError
from tilewright.mlir import ir
from tilewright.simulator.decode import Body, Decoder, Step, decodes, region_step, unsupported
from tilewright.simulator.findings import Site
from tilewright.simulator.scheduler import Wait
from tilewright.simulator.state import STATE, BlockState, Frame


def set_slots(frame: Frame, targets: Sequence[int], sources: Sequence[int]) -> None:
    """Assign slots in parallel: sources are read before any target is written."""
    values = [frame[source] for source in sources]
    for target, value in zip(targets, values, strict=True):
        frame[target] = value


def narrow(state: BlockState, condition: Any) -> np.ndarray | None:
    """The mask of lanes that are active and in which `condition` holds; None if there are none."""
    mask = condition if state.mask is None else state.mask & condition
    return mask if mask.any() else None


def carried_types(op: ir.Operation, decoder: Decoder) -> list[np.dtype | None]:
    """The dtype of each result of `op`, None for what has no lanes, such as memrefs."""
    scalars = (ir.IndexType, ir.IntegerType, ir.FloatType)
    return [decoder.type_of(result).dtype if isinstance(result.type, scalars) else None for result in op.results]


def blend(condition: np.ndarray, new: Any, old: Any, dtype: np.dtype | None, site: Site) -> Any:
    """`new` where the condition holds, else `old`, in the type `dtype`."""
    if new is old:
        return new
    if dtype is None:
        raise InputError(f"'{site.name}' gives lanes of a parallel loop different memrefs", site.location)
    return np.where(condition, new, old).astype(dtype, copy=False)


@decodes("scf.for")
def _for(op: ir.Operation, decoder: Decoder) -> Step:
    lower, upper, step, *initial = decoder.operands(op)
    body = decoder.region(op)
    results = decoder.results(op)
    site = Site(op)

    if "unsignedCmp" in op.attributes:
        raise unsupported(op, "that compares its bounds as unsigned integers")

    def bounds(frame: Frame) -> tuple[Any, Any, Any]:
        return frame[lower], frame[upper], frame[step]

    return loop_step(site, bounds, initial, body, results, carried_types(op, decoder))


def loop_step(
    site: Site, bounds: Any, initial: Sequence[int], body: Body, results: Sequence[int], types: Sequence[np.dtype | None]
) -> Step:
    """A counted loop: `bounds` gives lower and upper bound and step, which may differ between lanes."""
    induction, *carried = body.arguments
    run, size, yields = body.run, body.steps, body.yields

    def generate(frame: Frame) -> Iterator[Wait]:
        state = frame[STATE]
        set_slots(frame, carried, initial)
        low, high, by = bounds(frame)
        if isinstance(low, np.ndarray) or isinstance(high, np.ndarray) or isinstance(by, np.ndarray):
            _loop_over_lanes(frame, site, body, (low, high, by), types)
        else:
            if by <= 0:
                state.abort("step-limit", site, f"has a step of {by} and never ends")
            for value in range(low, high, by):
                state.count_iteration(site, size)
                frame[induction] = value
                if body.blocking:
                    yield from body.generate(frame)
                else:
                    run(frame)
                if yields:
                    set_slots(frame, carried, yields)
        set_slots(frame, results, carried)

    return region_step(generate, body.blocking)


def _loop_over_lanes(
    frame: Frame, site: Site, body: Body, bounds: tuple[Any, Any, Any], types: Sequence[np.dtype | None]
) -> None:
    """Iterate until the last lane is done; lanes that are done keep what they carry."""
    state = frame[STATE]
    low, high, step = (np.asarray(bound) for bound in bounds)
    induction, *carried = body.arguments
    outer = state.mask
    trips = np.maximum(0, -((low - high) // np.maximum(step, 1)))
    longest = trips if outer is None else np.where(outer, trips, 0)
    for trip in range(int(longest.max(initial=0))):
        state.count_iteration(site, body.steps)
        active = trips > trip
        state.mask = active if outer is None else outer & active
        frame[induction] = np.asarray(low + trip * step)
        before = [frame[slot] for slot in carried]
        body.run(frame)
        after = [frame[slot] for slot in body.yields]
        for slot, new, old, dtype in zip(carried, after, before, types, strict=True):
            frame[slot] = blend(active, new, old, dtype, site)
    state.mask = outer


@decodes("scf.if")
def _if(op: ir.Operation, decoder: Decoder) -> Step:
    condition = decoder.slot(op.operands[0])
    then, otherwise = decoder.region(op, 0), decoder.region(op, 1)
    return branch_step(op, decoder, lambda frame: frame[condition], then, otherwise)


def branch_step(op: ir.Operation, decoder: Decoder, condition: Any, then: Body, otherwise: Body) -> Step:
    """A branch on `condition(frame)`; where it differs between lanes, both sides run with masks."""
    results, types, site = decoder.results(op), carried_types(op, decoder), Site(op)

    def generate(frame: Frame) -> Iterator[Wait]:
        chosen = condition(frame)
        if isinstance(chosen, np.ndarray):
            values = _branch_by_lane(frame, chosen, (then, otherwise), types, site)
            for result, value in zip(results, values, strict=True):
                frame[result] = value
            return
        body = then if chosen else otherwise
        if body.blocking:
            yield from body.generate(frame)
        else:
            body.run(frame)
        if results:
            set_slots(frame, results, body.yields)

    return region_step(generate, then.blocking or otherwise.blocking)


def _branch_by_lane(
    frame: Frame, condition: np.ndarray, bodies: tuple[Body, Body], types: Sequence[np.dtype | None], site: Site
) -> list[Any]:
    """Run each side that has active lanes, and give the results."""
    state = frame[STATE]
    outer = state.mask
    found: list[list[Any]] = []
    for body, side in zip(bodies, (condition, ~condition), strict=True):
        mask = narrow(state, side)
        if mask is None:
            continue
        state.mask = mask
        body.run(frame)
        state.mask = outer
        found.append([frame[slot] for slot in body.yields])
    if len(found) < 2:
        return found[0] if found else [0] * len(types)
    return [blend(condition, new, old, dtype, site) for new, old, dtype in zip(*found, types, strict=True)]


@decodes("scf.while")
def _while(op: ir.Operation, decoder: Decoder) -> Step:
    initial = decoder.operands(op)
    before, after = decoder.region(op, 0), decoder.region(op, 1)
    results = decoder.results(op)
    condition, *forwarded = before.yields
    site, types = Site(op), carried_types(op, decoder)
    size = before.steps + after.steps

    def generate(frame: Frame) -> Iterator[Wait]:
        state = frame[STATE]
        set_slots(frame, before.arguments, initial)
        while True:
            state.count_iteration(site, size)
            if before.blocking:
                yield from before.generate(frame)
            else:
                before.run(frame)
            if isinstance(frame[condition], np.ndarray):
                _while_by_lane(frame, site, (before, after), forwarded, types)
                break
            if not frame[condition]:
                break
            set_slots(frame, after.arguments, forwarded)
            if after.blocking:
                yield from after.generate(frame)
            else:
                after.run(frame)
            set_slots(frame, before.arguments, after.yields)
        set_slots(frame, results, forwarded)

    return region_step(generate, before.blocking or after.blocking)


def _while_by_lane(
    frame: Frame, site: Site, bodies: tuple[Body, Body], forwarded: list[int], types: Sequence[np.dtype | None]
) -> None:
    """Go on, from a condition that differs between lanes, until it holds in none; lanes that are done keep their values."""
    state = frame[STATE]
    before, after = bodies
    condition = before.yields[0]
    outer = state.mask
    kept = [frame[slot] for slot in forwarded]
    mask = narrow(state, frame[condition])
    while mask is not None:
        state.count_iteration(site, before.steps + after.steps)
        state.mask = mask
        set_slots(frame, after.arguments, forwarded)
        after.run(frame)
        set_slots(frame, before.arguments, after.yields)
        before.run(frame)
        for position, dtype in enumerate(types):
            kept[position] = blend(mask, frame[forwarded[position]], kept[position], dtype, site)
        mask = narrow(state, frame[condition])
    state.mask = outer
    for slot, value in zip(forwarded, kept, strict=True):
        frame[slot] = value


@decodes("scf.execute_region", "memref.alloca_scope", "tile.statement")
def _inline(op: ir.Operation, decoder: Decoder) -> Step:
    body = decoder.region(op)
    if not op.results:
        return Step(body.generate if body.blocking else body.run, body.blocking)
    return branch_step(op, decoder, lambda frame: True, body, body)


@decodes("scf.index_switch")
def _switch(op: ir.Operation, decoder: Decoder) -> Step:
    selector = decoder.slot(op.operands[0])
    default = decoder.region(op, 0)
    cases = list(ir.DenseI64ArrayAttr(op.attributes["cases"]))
    bodies = {case: decoder.region(op, position + 1) for position, case in enumerate(cases)}
    results = decoder.results(op)

    def generate(frame: Frame) -> Iterator[Wait]:
        body = bodies.get(frame[selector], default)
        if body.blocking:
            yield from body.generate(frame)
        else:
            body.run(frame)
        set_slots(frame, results, body.yields)

    return region_step(generate, default.blocking or any(body.blocking for body in bodies.values()))


def refuse_blocking(op: ir.Operation, body: Body) -> None:
    """A parallel loop cannot hold operations that wait."""
    if body.blocking:
        raise unsupported(op, "around operations that wait for others")
