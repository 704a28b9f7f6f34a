"""Specialization by hand: warp groups with roles, mbarriers, and copies that land later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tilewright.language import dtypes
from tilewright.language.buffers import Tile, known_shape
from tilewright.language.scalar import Scalar, as_index, scalar_of
from tilewright.language.source import fail, user_location
from tilewright.language.tiles import crossing_window, pad_attribute
from tilewright.language.trace import Scope, check_alive, current_trace
from tilewright.mlir import ir


def _i32(value: Any, what: str, minimum: int) -> ir.IntegerAttr:
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        fail(f"{what} is {value!r}; it must be an integer of at least {minimum}")
    return ir.IntegerAttr.get(dtypes.i32.mlir(), value)


@contextmanager
def specialize() -> Iterator[None]:
    """``with tl.specialize():`` holds warp groups, which start together and join at its end."""
    trace = current_trace("tl.specialize")
    location = user_location()
    operation = trace.emit("tile.specialize", regions=1)
    block = operation.regions[0].blocks.append()
    with trace.region(operation, block, "the tl.specialize", location):
        yield
    if not list(block.operations):
        fail("tl.specialize needs at least one tl.warp_group", (), location)


@contextmanager
def warp_group(role: str, *, warps: int, registers: int | None = None) -> Iterator[None]:
    """``with tl.warp_group("producer", warps=4, registers=40):`` is the program of `warps` warps.

    `registers` is the budget of each thread, a multiple of 8 from 24 to 240.
    """
    trace = current_trace("tl.warp_group")
    location = user_location()
    if trace.scope.operation.name != "tile.specialize":
        fail("tl.warp_group must stand directly in tl.specialize")
    if not isinstance(role, str) or not role:
        fail(f"a warp group's role is a name, not {role!r}")
    attributes: dict[str, ir.Attribute] = {"role": ir.StringAttr.get(role), "warps": _i32(warps, "warps", 1)}
    if registers is not None:
        attributes["registers"] = _i32(registers, "registers", 24)
        if registers > 240 or registers % 8:
            fail(f"registers is {registers}; a budget is a multiple of 8 from 24 to 240")
    operation = trace.emit("tile.warp_group", attributes=attributes, regions=1)
    block = operation.regions[0].blocks.append()
    with trace.region(operation, block, f"the warp group '{role}'", location):
        yield


@dataclass(frozen=True, eq=False)
class Mbarrier:
    """A ring of `stages` mbarriers. A phase of one completes after its arrivals and all bytes that were expected."""

    value: ir.Value
    stages: int
    scope: Scope

    def arrive(self, stage: Any = 0, *, elect: bool = False, after_copies: bool = False) -> None:
        """Arrive on one stage: once for each thread of the warp group, or once in all with `elect`.

        With `after_copies` a thread arrives when the copies that it has started, those without a barrier, have landed.
        """
        if elect and after_copies:
            fail("an arrival has elect and after_copies; each thread arrives after its own copies")
        given = {"elect": elect, "after_copies": after_copies}
        attributes: dict[str, ir.Attribute] = {name: ir.BoolAttr.get(True) for name, value in given.items() if value}
        self._emit("tile.mbarrier_arrive", [self._stage(stage)], attributes)

    def expect(self, *tiles: Tile | int, stage: Any = 0) -> None:
        """Let the current phase of one stage wait for the bytes of `tiles` (or for a number of bytes)."""
        total = 0
        for tile in tiles:
            total += tile if isinstance(tile, int) else _bytes_of(tile)
        self._emit("tile.mbarrier_expect", [self._stage(stage)], {"bytes": _i32(total, "the number of bytes", 1)})

    def wait(self, stage: Any = 0, parity: Any = 0) -> None:
        """Wait until the phase of `parity` (0 or 1) of one stage has completed."""
        if isinstance(parity, int) and parity not in (0, 1):
            fail(f"parity is {parity}; it is 0 or 1")
        self._emit("tile.mbarrier_wait", [self._stage(stage), as_index(parity, "a parity").value], {})

    def _stage(self, stage: Any) -> ir.Value:
        if isinstance(stage, int) and not 0 <= stage < self.stages:
            fail(f"stage {stage} of an mbarrier with {self.stages} stages")
        return as_index(stage, "the stage of an mbarrier").value

    def _emit(self, name: str, operands: list[ir.Value], attributes: dict[str, ir.Attribute]) -> None:
        check_alive(self.scope, "this mbarrier")
        current_trace("an mbarrier").emit(name, [self.value, *operands], [], attributes)


def _bytes_of(tile: Tile) -> int:
    total = tile.dtype.bytes
    for extent in known_shape(tile, "a tile whose bytes are expected"):
        total *= extent
    return total


def mbarrier(arrivals: int, stages: int = 1) -> Mbarrier:
    """A ring of `stages` mbarriers, each of which completes a phase after `arrivals` arrivals."""
    trace = current_trace("tl.mbarrier")
    attributes: dict[str, ir.Attribute] = {
        "arrivals": _i32(arrivals, "arrivals", 1),
        "stages": _i32(stages, "stages", 1),
    }
    operation = trace.emit("tile.mbarrier_init", [], [ir.Type.parse("!tile.mbarrier")], attributes)
    return Mbarrier(operation.results[0], stages, trace.scope)


def async_copy(
    source: Tile,
    destination: Tile,
    *,
    barrier: Mbarrier | None = None,
    stage: Any = 0,
    group: int = 0,
    pad: float | int | None = None,
) -> None:
    """Start a copy of a window into a tile.

    With a `barrier` it signals its bytes to `stage` when it lands; without, it lands when its group, closed by
    `commit_group`, is waited for. What lies outside the source reads as `pad` (0).
    """
    trace = current_trace("tl.async_copy")
    memory, offsets = crossing_window(source, destination, "tl.async_copy")
    operands = [memory, *offsets, destination.view()]
    attributes = pad_attribute(pad, destination.dtype)
    if barrier is None:
        trace.emit("tile.copy_async", operands, [], {**attributes, "group": _i32(group, "group", 0)})
        return
    check_alive(barrier.scope, "this mbarrier")
    trace.emit("tile.bulk_copy", [*operands, barrier.value, barrier._stage(stage)], [], attributes)


def commit_group(group: int = 0) -> None:
    """Close the group of the asynchronous copies that were started since the last commit."""
    current_trace("tl.commit_group").emit("tile.commit_group", attributes={"group": _i32(group, "group", 0)})


def wait_group(pending: int = 0) -> None:
    """Wait until at most `pending` of the groups committed last have not landed."""
    current_trace("tl.wait_group").emit("tile.wait_group", attributes={"pending": _i32(pending, "pending", 0)})


def stage_index(iteration: Any, versions: int) -> Scalar:
    """The version of a buffer that `iteration` uses: iteration mod versions."""
    trace = current_trace("tl.stage_index")
    operands = [as_index(iteration, "the iteration").value]
    attributes: dict[str, ir.Attribute] = {"versions": _i32(versions, "versions", 1)}
    operation = trace.emit("tile.stage_index", operands, [ir.IndexType.get()], attributes, removable=True)
    return scalar_of(trace, operation.results[0], dtypes.index)


def phase(iteration: Any, stages: int, initial: int = 0) -> Scalar:
    """The parity that `iteration` waits for on a ring of `stages` mbarriers; a producer's `initial` is 1."""
    trace = current_trace("tl.phase")
    operands = [as_index(iteration, "the iteration").value]
    if initial not in (0, 1):
        fail(f"initial is {initial!r}; a parity is 0 or 1")
    attributes: dict[str, ir.Attribute] = {"stages": _i32(stages, "stages", 1), "initial": _i32(initial, "initial", 0)}
    operation = trace.emit("tile.phase", operands, [ir.IndexType.get()], attributes, removable=True)
    return scalar_of(trace, operation.results[0], dtypes.index)
