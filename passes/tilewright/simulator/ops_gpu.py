"""Decoders of `gpu`: where a thread block stands in its grid, and barriers."""

from __future__ import annotations

from collections.abc import Iterator

from tilewright.diagnostics import InputError, source_location
from tilewright.mlir import ir
from tilewright.simulator.decode import Decoder, Step, decodes
from tilewright.simulator.findings import Site
from tilewright.simulator.scheduler import Wait
from tilewright.simulator.state import STATE, BlockState, Frame

_DIMENSIONS = {"x": 0, "y": 1, "z": 2}
_THREAD_OPS = ("gpu.thread_id", "gpu.lane_id", "gpu.subgroup_id", "gpu.global_id")


def _dimension(op: ir.Operation) -> int:
    """The attribute prints as ``#gpu<dim x>``."""
    return _DIMENSIONS[str(op.attributes["dimension"]).removesuffix(">")[-1]]


@decodes("gpu.block_id", "gpu.grid_dim", "gpu.block_dim")
def _position(op: ir.Operation, decoder: Decoder) -> Step:
    dimension = _dimension(op)
    result = decoder.define(op.results[0])
    field = {"gpu.block_id": "block", "gpu.grid_dim": "grid", "gpu.block_dim": "threads"}[op.name]

    def run(frame: Frame) -> None:
        frame[result] = getattr(frame[STATE], field)[dimension]

    return Step(run)


@decodes(*_THREAD_OPS)
def _thread(op: ir.Operation, decoder: Decoder) -> Step:
    message = f"'{op.name}' is illegal in a tile kernel: its operations belong to the whole thread block"
    raise InputError(message, source_location(op.location))


@decodes("gpu.barrier")
def _barrier(op: ir.Operation, decoder: Decoder) -> Step | None:
    """Nothing for a single agent; among warp groups, each waits until all have arrived."""
    if not decoder.in_specialize:
        return None
    site = Site(op)

    def generate(frame: Frame) -> Iterator[Wait]:
        state: BlockState = frame[STATE]
        rendezvous = state.current_agent.rendezvous
        assert rendezvous is not None
        generation = rendezvous.arrive()

        def describe() -> str:
            return f"the other warp groups: {rendezvous.arrived} of {rendezvous.parties} are at a barrier"

        yield Wait(site, lambda: rendezvous.generation > generation, describe)

    return Step(generate, True)
