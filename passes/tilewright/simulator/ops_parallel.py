"""Decoders of `scf.forall` and `scf.parallel`: evaluated as whole arrays where all that they hold has such a form."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from tilewright.mlir import ir
from tilewright.simulator.decode import Body, Decoder, Run, Step, decodes, mixed, resolve, segments, unsupported
from tilewright.simulator.findings import Site
from tilewright.simulator.ops_scf import refuse_blocking, set_slots
from tilewright.simulator.state import STATE, BlockState, Frame
from tilewright.simulator.uniformity import evaluates_as_arrays

Bounds = Sequence[tuple[Any, Any, Any]]
"""Lower bound, upper bound and step for each dimension."""


@decodes("scf.forall")
def _forall(op: ir.Operation, decoder: Decoder) -> Step:
    if op.results:
        raise unsupported(op, "with shared outputs")
    lower_values, upper_values, step_values, _ = segments(op)
    lower = mixed(decoder, op.attributes["staticLowerBound"], lower_values)
    upper = mixed(decoder, op.attributes["staticUpperBound"], upper_values)
    step = mixed(decoder, op.attributes["staticStep"], step_values)

    def bounds(frame: Frame) -> Bounds:
        return list(zip(resolve(lower, frame), resolve(upper, frame), resolve(step, frame), strict=True))

    as_arrays = evaluates_as_arrays(op)
    body = decoder.region(op)
    refuse_blocking(op, body)
    return Step(_whole_arrays(bounds, body, Site(op)) if as_arrays else _point_by_point(bounds, body, Site(op)))


@decodes("scf.parallel")
def _parallel(op: ir.Operation, decoder: Decoder) -> Step:
    lower, upper, step, initial = ([decoder.slot(value) for value in part] for part in segments(op))

    def bounds(frame: Frame) -> Bounds:
        return [(frame[low], frame[high], frame[by]) for low, high, by in zip(lower, upper, step, strict=True)]

    as_arrays = evaluates_as_arrays(op) and not initial
    body = decoder.region(op)
    refuse_blocking(op, body)
    if not initial:
        return Step(_whole_arrays(bounds, body, Site(op)) if as_arrays else _point_by_point(bounds, body, Site(op)))
    return _reduction(op, decoder, bounds, body, initial)


def _reduction(op: ir.Operation, decoder: Decoder, bounds: Any, body: Body, initial: list[int]) -> Step:
    """A parallel loop with results: its points run in order, and its combiners after each."""
    terminator = body.terminator
    assert terminator is not None
    combiners = [decoder.region(terminator, position) for position in range(len(initial))]
    results = decoder.results(op)
    contributions = body.yields

    def combine(frame: Frame) -> None:
        for result, contribution, combiner in zip(results, contributions, combiners, strict=True):
            set_slots(frame, combiner.arguments, (result, contribution))
            combiner.run(frame)
            frame[result] = frame[combiner.yields[0]]

    points = _point_by_point(bounds, body, Site(op), combine)

    def run(frame: Frame) -> None:
        set_slots(frame, results, initial)
        points(frame)

    return Step(run)


def _point_by_point(bounds: Any, body: Body, site: Site, after: Run | None = None) -> Run:
    arguments, execute, size = body.arguments, body.run, body.steps

    def run(frame: Frame) -> None:
        state = frame[STATE]
        ranges = bounds(frame)
        _check_steps(state, site, ranges)
        for point in product(*(range(low, high, step) for low, high, step in ranges)):
            state.count_iteration(site, size)
            for slot, value in zip(arguments, point, strict=True):
                frame[slot] = value
            execute(frame)
            if after is not None:
                after(frame)

    return run


def _check_steps(state: BlockState, site: Site, ranges: Bounds) -> None:
    for _, _, step in ranges:
        if np.any(np.asarray(step) <= 0):
            state.abort("step-limit", site, f"has a step of {step} and never ends")


def _whole_arrays(bounds: Any, body: Body, site: Site) -> Run:
    """Every induction variable becomes an array over the lanes; this loop's dimensions go before those around it."""
    arguments, execute, size = body.arguments, body.run, body.steps

    def run(frame: Frame) -> None:
        state: BlockState = frame[STATE]
        state.count_iteration(site, size)
        outer_mask, outer_shape = state.mask, state.lane_shape
        ranges = bounds(frame)
        _check_steps(state, site, ranges)
        extents, variables, mask = _induction(ranges, outer_shape)
        if 0 in extents:
            return
        for slot, variable in zip(arguments, variables, strict=True):
            frame[slot] = variable
        state.lane_shape = extents + outer_shape
        if mask is not None:
            state.mask = mask if outer_mask is None else mask & outer_mask
        execute(frame)
        state.mask, state.lane_shape = outer_mask, outer_shape

    return run


def _induction(bounds: Bounds, outer_shape: tuple[int, ...]) -> tuple[tuple[int, ...], list[np.ndarray], np.ndarray | None]:
    """Extents, induction variables, and the mask of lanes that exist where bounds differ between outer lanes."""
    extents: list[int] = []
    variables: list[np.ndarray] = []
    mask: Any = None
    for position, (low, high, step) in enumerate(bounds):
        trips = np.maximum(0, -((low - np.asarray(high)) // step))
        extent = int(trips.max(initial=0))
        shape = (1,) * position + (extent,) + (1,) * (len(bounds) - position - 1) + (1,) * len(outer_shape)
        counter = np.arange(extent).reshape(shape)
        variables.append(low + counter * step)
        extents.append(extent)
        if trips.ndim:
            exists = counter < trips
            mask = exists if mask is None else mask & exists
    return tuple(extents), variables, mask
