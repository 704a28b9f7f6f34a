"""Decoders of the tile dialect: windows, asynchronous copies, channels, mbarriers, warp groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilewright.mlir import ir
from tilewright.simulator.channels import Channel
from tilewright.simulator.copies import land, read_window, start_copy, window_of
from tilewright.simulator.decode import Body, Decoder, Step, decodes, integer_attribute, unsupported
from tilewright.simulator.findings import Site
from tilewright.simulator.mbarriers import Mbarrier
from tilewright.simulator.memory import check_read, check_write
from tilewright.simulator.scheduler import Agent, Rendezvous, Wait, proceed, start_agents
from tilewright.simulator.state import STATE, BlockState, Frame

_COPIES = ("tile.bulk_copy", "tile.copy_async")


def _pad(op: ir.Operation, decoder: Decoder, memref: ir.Value) -> Any:
    element = decoder.type_of(memref)
    value = op.attributes["pad"].value if "pad" in op.attributes else 0
    return element.dtype.type(value)


@decodes("tile.copy_in")
def _copy_in(op: ir.Operation, decoder: Decoder) -> Step:
    source, *offsets, tile = decoder.operands(op)
    pad = _pad(op, decoder, op.operands[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        state, target = frame[STATE], frame[tile]
        check_write(state, site, target)
        read_window(state, site, frame[source], [frame[slot] for slot in offsets], target.data, pad)

    return Step(run)


@decodes("tile.copy_out")
def _copy_out(op: ir.Operation, decoder: Decoder) -> Step:
    tile, destination, *offsets = decoder.operands(op)
    site = Site(op)

    def run(frame: Frame) -> None:
        state, source, memory = frame[STATE], frame[tile], frame[destination]
        window = window_of(memory.data.shape, [frame[slot] for slot in offsets], source.data.shape)
        if window is None:
            return
        outer, inner, _ = window
        check_read(state, site, source.window(inner))
        target = memory.window(outer)
        check_write(state, site, target)
        target.data[...] = source.data[inner]

    return Step(run)


@decodes("tile.copy_async")
def _copy_async(op: ir.Operation, decoder: Decoder) -> Step:
    source, *offsets, destination = decoder.operands(op)
    pad, group = _pad(op, decoder, op.operands[0]), integer_attribute(op, "group")
    site = Site(op)

    def run(frame: Frame) -> None:
        state = frame[STATE]
        places = [frame[slot] for slot in offsets]
        copy = start_copy(state, site, frame[source], places, frame[destination], pad, group)
        state.current_agent.issue(copy)

    return Step(run)


@decodes("tile.bulk_copy")
def _bulk_copy(op: ir.Operation, decoder: Decoder) -> Step:
    source, *offsets, destination, barrier, stage = decoder.operands(op)
    pad = _pad(op, decoder, op.operands[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        state = frame[STATE]
        frame[barrier].stage(state, site, frame[stage])
        places = [frame[slot] for slot in offsets]
        copy = start_copy(state, site, frame[source], places, frame[destination], pad, -1)
        frame[barrier].start(state, site, frame[stage], copy)

    return Step(run)


@decodes("tile.commit_group")
def _commit_group(op: ir.Operation, decoder: Decoder) -> Step:
    group = integer_attribute(op, "group")
    site = Site(op)

    def run(frame: Frame) -> None:
        frame[STATE].current_agent.commit(frame[STATE], site, group)

    return Step(run)


@decodes("tile.wait_group")
def _wait_group(op: ir.Operation, decoder: Decoder) -> Step:
    pending = integer_attribute(op, "pending")

    def run(frame: Frame) -> None:
        groups = frame[STATE].current_agent.groups
        while len(groups) > pending:
            for copy in groups.pop(0):
                land(frame[STATE], copy)

    return Step(run)


@decodes("tile.stage_index")
def _stage_index(op: ir.Operation, decoder: Decoder) -> Step:
    versions = integer_attribute(op, "versions")
    iteration = decoder.slot(op.operands[0])
    result = decoder.define(op.results[0])

    def run(frame: Frame) -> None:
        frame[result] = frame[iteration] % versions

    return Step(run)


@decodes("tile.phase")
def _phase(op: ir.Operation, decoder: Decoder) -> Step:
    stages, initial = integer_attribute(op, "stages"), integer_attribute(op, "initial")
    iteration = decoder.slot(op.operands[0])
    result = decoder.define(op.results[0])

    def run(frame: Frame) -> None:
        frame[result] = (frame[iteration] // stages + initial) % 2

    return Step(run)


@decodes("tile.channel_init")
def _channel_init(op: ir.Operation, decoder: Decoder) -> Step:
    depth = integer_attribute(op, "depth")
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        frame[result] = Channel(site, depth)

    return Step(run)


_CHANNEL_ACTIONS = {
    "tile.channel_acquire": Channel.acquire,
    "tile.channel_commit": Channel.commit,
    "tile.channel_release": Channel.release,
    "tile.channel_wait": Channel.wait,
}


@decodes(*_CHANNEL_ACTIONS)
def _channel_action(op: ir.Operation, decoder: Decoder) -> Step:
    action = _CHANNEL_ACTIONS[op.name]
    channel, iteration = decoder.operands(op)
    site = Site(op)

    def run(frame: Frame) -> None:
        action(frame[channel], frame[STATE], site, frame[iteration])

    return Step(run)


@decodes("tile.mbarrier_init")
def _mbarrier_init(op: ir.Operation, decoder: Decoder) -> Step:
    arrivals, stages = integer_attribute(op, "arrivals"), integer_attribute(op, "stages")
    result = decoder.define(op.results[0])
    site = Site(op)

    def run(frame: Frame) -> None:
        barrier = frame[result] = Mbarrier(site, arrivals, stages)
        frame[STATE].mbarriers.append(barrier)

    return Step(run)


@decodes("tile.mbarrier_arrive")
def _mbarrier_arrive(op: ir.Operation, decoder: Decoder) -> Step:
    """In a warp group, others may go on right after an arrival: what is used after it is then seen to be overwritten."""
    barrier, stage = decoder.operands(op)
    elected, after_copies = (
        name in op.attributes and ir.BoolAttr(op.attributes[name]).value for name in ("elect", "after_copies")
    )
    count = 1 if elected else decoder.threads
    site = Site(op)

    def run(frame: Frame) -> None:
        state = frame[STATE]
        copies = state.current_agent.in_flight(state) if after_copies else ()
        frame[barrier].arrive(state, site, frame[stage], count, copies)

    def generate(frame: Frame) -> Iterator[Wait]:
        run(frame)
        yield proceed(site)

    return Step(generate, True) if decoder.in_specialize else Step(run)


@decodes("tile.mbarrier_expect")
def _mbarrier_expect(op: ir.Operation, decoder: Decoder) -> Step:
    barrier, stage = decoder.operands(op)
    count = integer_attribute(op, "bytes")
    site = Site(op)

    def run(frame: Frame) -> None:
        frame[barrier].expect(frame[STATE], site, frame[stage], count)

    return Step(run)


@decodes("tile.mbarrier_wait")
def _mbarrier_wait(op: ir.Operation, decoder: Decoder) -> Step:
    barrier_slot, stage_slot, parity_slot = decoder.operands(op)
    site = Site(op)

    def generate(frame: Frame) -> Iterator[Wait]:
        state, barrier, index, parity = frame[STATE], frame[barrier_slot], frame[stage_slot], frame[parity_slot]
        barrier.stage(state, site, index)

        def describe() -> str:
            return f"the phase of parity {parity} of stage {index} of the mbarrier at {barrier.site.location}"

        yield Wait(site, lambda: barrier.passes(index, parity), describe)
        barrier.observe(state, index)

    return Step(generate, True)


def _starts_copies(op: ir.Operation) -> bool:
    for region in op.regions:
        for block in region.blocks:
            for child in block.operations:
                if child.operation.name in _COPIES or _starts_copies(child.operation):
                    return True
    return False


@decodes("tile.specialize")
def _specialize(op: ir.Operation, decoder: Decoder) -> Step:
    if decoder.in_specialize:
        raise unsupported(op, "inside a warp group")
    groups = [view.operation for view in op.regions[0].blocks[0].operations]
    threads = decoder.threads
    roles = [ir.StringAttr(group.attributes["role"]).value for group in groups]
    sizes = [integer_attribute(group, "warps") * 32 for group in groups]
    copying = [_starts_copies(group) for group in groups]
    bodies: list[Body] = []
    decoder.in_specialize = True
    for group, size in zip(groups, sizes, strict=True):
        decoder.threads = size
        bodies.append(decoder.region(group))
    decoder.in_specialize, decoder.threads = False, threads
    site = Site(op)

    def generate(frame: Frame) -> Iterator[Wait]:
        state: BlockState = frame[STATE]
        rendezvous = Rendezvous(len(bodies))
        agents = [
            Agent(f"warp group '{role}'", body.generate(frame), rendezvous) for role, body in zip(roles, bodies, strict=True)
        ]
        before = state.scheduled
        start_agents(state, agents, copying)

        def describe() -> str:
            return "its warp groups: " + ", ".join(agent.role for agent in agents if not agent.done)

        yield Wait(site, lambda: all(agent.done for agent in agents), describe)
        state.scheduled = before

    return Step(generate, True)


@decodes("tile.warp_group")
def _warp_group(op: ir.Operation, decoder: Decoder) -> Step:
    raise unsupported(op, "outside of a tile.specialize")
