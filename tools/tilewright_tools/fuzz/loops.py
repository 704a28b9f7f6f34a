"""Loops that the language has no words for: with steps and carried values; and warp groups by hand over a ring of tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tilewright.language as tl
from tilewright.language import dtypes
from tilewright.language.scalar import scalar_of
from tilewright.language.source import user_location
from tilewright.language.trace import current_trace, mlir_location
from tilewright.mlir import ir


def pipelined_attributes(stages: int, strategy: str | None) -> dict[str, ir.Attribute]:
    """What a loop has that asks for a pipeline."""
    found: dict[str, ir.Attribute] = {"tile.num_stages": ir.IntegerAttr.get(dtypes.i32.mlir(), stages)}
    return found if strategy is None else {**found, "tile.strategy": ir.StringAttr.get(strategy)}


def carrying_loop(
    bounds: Sequence[tl.Scalar],
    attributes: dict[str, ir.Attribute],
    first: Sequence[tl.Scalar],
    body: Callable[..., Sequence[tl.Scalar]],
) -> list[tl.Scalar]:
    """A loop over start, stop and step; `body` gets the iteration and what the last one handed on, which `first` begins."""
    trace, location = current_trace("a loop that carries values"), user_location()
    types = [value.dtype for value in first]
    operands = [value.value for value in (*bounds, *first)]
    operation = trace.emit("scf.for", operands, [dtype.mlir() for dtype in types], attributes, regions=1)
    held = [dtypes.index, *types]
    block = operation.regions[0].blocks.append(*(d.mlir() for d in held), arg_locs=[mlir_location(location)] * len(held))
    with trace.region(operation, block, "the loop that carries values", location):
        arguments = [scalar_of(trace, value, dtype) for value, dtype in zip(block.arguments, held, strict=True)]
        following = [value.value for value in body(*arguments)]
    ir.Operation.create("scf.yield", operands=following, loc=mlir_location(location), ip=ir.InsertionPoint(block))
    return [scalar_of(trace, value, dtype) for value, dtype in zip(operation.results, types, strict=True)]


@dataclass(frozen=True)
class RolesByHand:
    """One warp group copies tiles of `source` into the `ring`, another adds them up into `target`, in fragments of its own."""

    threads: int
    source: tl.Buffer
    ring: tl.Buffer
    target: tl.Buffer

    def trace(self, trips: Any, position: Any, bulk: bool) -> None:
        """The two groups, with mbarriers between them; `bulk` copies signal their bytes themselves."""
        producers = 32 * max(self.threads // 64, 1)
        consumers = self.threads - producers
        stages, rows, columns = (extent for extent in self.ring.shape if isinstance(extent, int))
        full = tl.mbarrier(1 if bulk else producers, stages=stages)
        empty = tl.mbarrier(consumers, stages=stages)
        total = tl.alloc_fragment((rows, columns), self.ring.dtype)
        with tl.specialize():
            with tl.warp_group("producer", warps=producers // 32):
                for k in tl.serial(trips):
                    stage = tl.stage_index(k, versions=stages)
                    empty.wait(stage, tl.phase(k, stages=stages, initial=1))
                    window = self.source[0:, (position + k) % 8 * columns :]
                    if bulk:
                        full.expect(self.ring[stage], stage=stage)
                        tl.async_copy(window, self.ring[stage], barrier=full, stage=stage)
                    else:
                        tl.copy(window, self.ring[stage])
                    full.arrive(stage, elect=bulk)
            with tl.warp_group("consumer", warps=consumers // 32):
                tl.fill(total, 0)
                for k in tl.serial(trips):
                    stage = tl.stage_index(k, versions=stages)
                    full.wait(stage, tl.phase(k, stages=stages))
                    for i, j in tl.parallel(rows, columns):
                        total[i, j] = tl.max(total[i, j], self.ring[stage, i, j])
                    empty.arrive(stage)
                tl.copy(total, self.target[0:, 0:])
