"""The memories of a random program, and which of them fit a statement."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tilewright_tools.fuzz.positions import Positions
from tilewright_tools.fuzz.program import CELLS, POSITIONS, TABLE, TRIPS, Extent, Memory, extent_of

_ACCUMULATOR = {"f16": "f32", "bf16": "f32", "f32": "f32", "f8E4M3FN": "f32", "i8": "i32"}
_EXTENTS = (8, 16, 16, 32, 32, 48, 64, 64)


@dataclass
class Memories:
    """`tiles` are shared memory and fragments, `tensors` global memory; `copied` are tiles with an input of their own.

    `favoured` names tiles that statements should read if they can, `ready` those that something was written to.
    """

    dimensions: dict[str, int]
    tiles: list[Memory] = field(default_factory=list)
    tensors: list[Memory] = field(default_factory=list)
    copied: list[Memory] = field(default_factory=list)
    versioned: list[Memory] = field(default_factory=list)
    favoured: list[str] = field(default_factory=list)
    ready: set[str] = field(default_factory=set)

    def by_name(self, name: str) -> Memory | None:
        return next((memory for memory in (*self.tiles, *self.versioned) if memory.name == name), None)

    def weight(self, memory: Memory) -> int:
        """How much more likely than others this memory is to be read."""
        name = memory.view_of or memory.name
        return 0 if name not in self.ready else 6 if name in self.favoured else 1

    def extents(self, memory: Memory) -> tuple[int, ...]:
        return tuple(extent_of(extent, self.dimensions) for extent in memory.shape)

    def same_shape(self, one: Memory, other: Memory) -> bool:
        return self.extents(one) == self.extents(other)

    def apart(self, one: Memory, other: Memory) -> bool:
        """Whether they share no element."""
        return (one.view_of or one.name) != (other.view_of or other.name)

    def matrices(self, space: str) -> list[Memory]:
        return [memory for memory in self.tiles if memory.space == space and len(memory.shape) == 2]

    def products(self, chance: random.Random) -> tuple[Memory, Memory, Memory, bool, bool] | None:
        """Operands, accumulator and transpositions of a random product."""
        accumulators = [m for m in self.matrices("fragment") if m.dtype in ("f32", "i32")]
        operands = [*self.matrices("shared"), *self.matrices("shared"), *self.matrices("fragment")]
        if not accumulators:
            return None
        weights = [self.weight(memory) for memory in operands]
        if not any(weights):
            return None
        for _ in range(30):
            (a, b), accumulator = chance.choices(operands, weights, k=2), chance.choice(accumulators)
            transpose_a, transpose_b = chance.random() < 0.3, chance.random() < 0.4
            m, k = self.extents(a)[::-1] if transpose_a else self.extents(a)
            k_of_b, n = self.extents(b)[::-1] if transpose_b else self.extents(b)
            fits = k == k_of_b and self.extents(accumulator) == (m, n)
            typed = a.dtype == b.dtype and _ACCUMULATOR.get(a.dtype) == accumulator.dtype
            if fits and typed and self.apart(a, accumulator) and self.apart(b, accumulator):
                return a, b, accumulator, transpose_a, transpose_b
        return None

    def reductions(self, chance: random.Random) -> tuple[Memory, Memory, int] | None:
        """Source, target and axis of a random reduction."""
        vectors = [m for m in self.tiles if len(m.shape) == 1]
        sources = [*self.matrices("fragment"), *self.matrices("shared")]
        pairs = [
            (source, target, axis)
            for source in sources
            for target in vectors
            for axis in (0, 1)
            if self.extents(target) == self.extents(source)[1 - axis : 2 - axis] and self.apart(source, target)
            if target.dtype in (source.dtype, _ACCUMULATOR.get(source.dtype)) and self.weight(source)
        ]
        return chance.choices(pairs, [self.weight(source) for source, _, _ in pairs])[0] if pairs else None

    def element(self, chance: random.Random, positions: Positions, target: Memory, depth: int) -> Any:
        """An expression for the elements of `target`; other memories that share its elements do not occur in it."""
        if depth > 0 and chance.random() < 0.6:
            first, second = (self.element(chance, positions, target, depth - 1) for _ in range(2))
            return (chance.choice(("+", "-", "*", "max", "min")), first, second)
        kind = chance.random()
        if kind < 0.1:
            return chance.choice((1, 2, ("index", "i"), ("index", "j"), ("position", positions.tile())))
        loads = [("load", m.name, how) for m in self.tiles for how in self._subscripts(m, target) * self.weight(m)]
        return chance.choice(loads) if loads else 1

    def _subscripts(self, memory: Memory, target: Memory) -> list[str]:
        """How the elements of a memory can be subscripted in a parallel loop over `target`."""
        extents, wanted = self.extents(memory), self.extents(target)
        if memory.name == target.name:
            return ["ij"[: len(wanted)]]
        if not self.apart(memory, target):
            return []
        found = ["ij"[: len(wanted)]] * 3 if extents == wanted else []
        if len(wanted) == 2 and extents == wanted[::-1] and memory.space == "shared":
            found.append("ji")
        if len(wanted) == 2 and len(extents) == 1:
            found += ["ij"[axis] for axis in (0, 1) if extents[0] == wanted[axis]] * 2
        if memory.space == "shared":
            found += ["0"] if len(extents) == 1 else []
        return found


def choose_memories(chance: random.Random, plain: bool) -> Memories:
    """Tiles for products (M x K, K x N, M x N), vectors, views of tiles; and the tensors that they are copied from and to."""
    square = chance.random() < 0.4
    one = chance.choice(_EXTENTS)
    dimensions = {name: one if square else chance.choice(_EXTENTS) for name in "MNK"}
    found = Memories(dimensions)
    dtype = chance.choice(("f16", "f16", "f16", "bf16", "f32", "f8E4M3FN", "i8"))
    wide = _ACCUMULATOR[dtype]
    _add_matrices(chance, found, dtype, wide)
    for name, extent in (("row", "M"), ("column", "N")):
        found.tiles.append(Memory(name, (extent,), wide, chance.choice(("fragment", "fragment", "shared"))))
    if chance.random() < 0.3:
        found.tiles.append(Memory("bias", ("N",), dtype, "shared"))
        found.copied.append(found.tiles[-1])
    if chance.random() < 0.2:
        found.versioned.append(Memory("versions", (2, "M", "K"), dtype, "shared"))
    if not plain or chance.random() < 0.2:
        _add_views(chance, found)
    _add_tensors(chance, found, plain)
    found.tensors += [Memory(TABLE, (POSITIONS,), "i32", "global"), Memory("out_cells", (TRIPS,), "i32", "global")]
    return Memories(
        dimensions,
        found.tiles,
        [*found.tensors, *found.versioned, Memory(CELLS, (TRIPS,), "i32", "shared")],
        found.copied,
        found.versioned,
    )


def _add_matrices(chance: random.Random, found: Memories, dtype: str, wide: str) -> None:
    left = chance.choice((("M", "K"), ("M", "K"), ("K", "M")))
    right = chance.choice((("K", "N"), ("K", "N"), ("N", "K")))
    shared = [Memory("a0", left, dtype, "shared"), Memory("b0", right, dtype, "shared")]
    for name, shape in (("a1", left), ("b1", right), ("s0", ("M", "N"))):
        if chance.random() < 0.4:
            shared.append(Memory(name, shape, dtype, "shared"))
    if chance.random() < 0.3:
        shared.append(Memory("w0", ("M", "N"), wide, "shared"))
    found.tiles += shared
    found.copied += shared
    found.tiles.append(Memory("c0", ("M", "N"), wide, "fragment"))
    if chance.random() < 0.5:
        found.tiles.append(Memory("c1", ("M", "N"), wide, "fragment"))
    if chance.random() < 0.3:
        found.tiles.append(Memory("p0", ("M", "K"), dtype, "fragment"))


def _add_views(chance: random.Random, found: Memories) -> None:
    for base in [tile for tile in found.tiles if tile.space == "shared" and len(tile.shape) == 2]:
        if chance.random() > 0.2:
            continue
        rows, columns = base.shape
        kind = chance.choice(("lower half", "upper half", "flat", "reinterpreted"))
        halves: tuple[Extent, ...] = (("//", rows, 2), columns)
        reinterpreted: tuple[Extent, ...] = (("*", rows, 2), ("//", columns, 2))
        view = chance.choice(("", "late ")) + kind
        shape = {"flat": (("*", rows, columns),), "reinterpreted": reinterpreted}.get(kind, halves)
        found.tiles.append(Memory(f"{base.name}_view", shape, base.dtype, base.space, base.name, view))


def _add_tensors(chance: random.Random, found: Memories, plain: bool) -> None:
    """For each tile X: in_X where it comes from, work_X which is read and written, out_X where it ends, sum_X for atomics."""
    for tile in [*found.tiles, *found.versioned]:
        if tile.view_of:
            continue
        *before, columns = tile.shape
        if before:
            rows = before[-1]
            # A row that is no multiple of 16 bytes cannot be copied in bulk.
            width = ("+", ("*", columns, POSITIONS), chance.choice((0, 0, 0, 0, 0 if plain else 3)))
            dynamic = chance.random() < (0.02 if plain else 0.1)
            found.tensors.append(Memory(f"in_{tile.name}", (rows, width), tile.dtype, "global", dynamic=dynamic))
            found.tensors.append(Memory(f"work_{tile.name}", (("*", rows, POSITIONS), columns), tile.dtype, "global"))
        else:
            found.tensors.append(Memory(f"in_{tile.name}", (("*", columns, POSITIONS),), tile.dtype, "global"))
        found.tensors += [Memory(f"{use}_{tile.name}", tile.shape, tile.dtype, "global") for use in ("out", "sum")]
