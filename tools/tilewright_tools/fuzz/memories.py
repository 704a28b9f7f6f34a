"""The memories of a random program, and which of them fit a statement."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

from tilewright.language import dtypes
from tilewright_tools.fuzz.positions import Positions
from tilewright_tools.fuzz.program import CELLS, OWN_TABLE, POSITIONS, SUBSCRIPTS, TABLE, TRIPS, Extent, Memory, extent_of

_ACCUMULATOR = {"f16": "f32", "bf16": "f32", "f32": "f32", "f8E4M3FN": "f32", "f8E5M2": "f32", "i8": "i32"}
_EXTENTS = (8, 16, 16, 32, 32, 48, 64, 64)
_ODD_EXTENTS = (1, 2, 3, 5, 8, 12, 16, 20, 24, 40, 80, 96, 100)


@dataclass
class Memories:
    """`tiles` are shared memory and fragments, `tensors` global memory; `copied` are tiles with an input of their own.

    `versioned`, `sparse` and `ring` are shared memory that only some statements know: copies of a tile in one buffer, the
    operands of a sparse product and its metadata, and what goes between warp groups by hand. `preloaded` are tiles that are
    copied once, before a loop, and `narrow` those of `copied` whose rows are too short for bulk copies. `favoured` names
    tiles that statements should read if they can, `ready` those that something was written to.
    """

    dimensions: dict[str, int]
    tiles: list[Memory] = field(default_factory=list)
    tensors: list[Memory] = field(default_factory=list)
    copied: list[Memory] = field(default_factory=list)
    versioned: list[Memory] = field(default_factory=list)
    sparse: list[Memory] = field(default_factory=list)
    preloaded: list[Memory] = field(default_factory=list)
    narrow: list[Memory] = field(default_factory=list)
    ring: Memory | None = None
    favoured: list[str] = field(default_factory=list)
    ready: set[str] = field(default_factory=set)

    def every(self) -> tuple[Memory, ...]:
        """All of them, in the order of their declaration."""
        single = (Memory(CELLS, (TRIPS,), "i32", "shared"), Memory(OWN_TABLE, (POSITIONS,), "i32", "shared"))
        return (*self.tiles, *self.tensors, *self.versioned, *self.sparse, *([self.ring] if self.ring else []), *single)

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
        pairs = [
            (source, target, axis)
            for source, target, axis in self._along_an_axis()
            if target.dtype in (source.dtype, _ACCUMULATOR.get(source.dtype))
        ]
        return chance.choices(pairs, [self.weight(source) for source, _, _ in pairs])[0] if pairs else None

    def bests(self, chance: random.Random) -> tuple[Memory, Memory, Memory, int] | None:
        """Source, values, places and axis of a random search for the best elements."""
        found = [
            (source, values, places, axis)
            for source, values, axis in self._along_an_axis()
            for places in self.tiles
            if values.dtype == source.dtype and places.dtype == "i32" and self.same_shape(values, places)
            if self.apart(values, places) and self.apart(source, places)
        ]
        return chance.choice(found) if found else None

    def _along_an_axis(self) -> list[tuple[Memory, Memory, int]]:
        """Tiles that can be read, with tiles that have one dimension less."""
        return [
            (source, target, axis)
            for source in self.tiles
            for target in self.tiles
            for axis in range(len(source.shape))
            if self.weight(source) and self.apart(source, target)
            if self.extents(target) == (*self.extents(source)[:axis], *self.extents(source)[axis + 1 :])
        ]

    def pair_of_one_type(self, chance: random.Random) -> tuple[Memory, Memory] | None:
        """Two tiles of one shape and type, the first of which can be read; or one tile twice."""
        pairs = [
            (source, target)
            for source in self.tiles
            for target in self.tiles
            if self.weight(source) and source.shape and source.dtype == target.dtype and self.same_shape(source, target)
            if source is target or self.apart(source, target)
        ]
        return chance.choice(pairs) if pairs else None

    def element(self, chance: random.Random, positions: Positions, target: Memory, depth: int) -> Any:
        """An expression for the elements of `target`; other memories that share its elements do not occur in it."""
        if depth > 0 and chance.random() < 0.6:
            first, second = (self.element(chance, positions, target, depth - 1) for _ in range(2))
            return (chance.choice(("+", "-", "*", "max", "min")), first, second)
        kind = chance.random()
        if kind < 0.1:
            return chance.choice((1, 2, ("index", "i"), ("index", "j"), ("index", "k"), ("position", positions.tile())))
        loads = [("load", m.name, how) for m in self.tiles for how in self._subscripts(m, target) * self.weight(m)]
        return chance.choice(loads) if loads else 1

    def _subscripts(self, memory: Memory, target: Memory) -> list[str]:
        """How the elements of a memory can be subscripted in a parallel loop over `target`."""
        extents, wanted = self.extents(memory), self.extents(target)
        same = SUBSCRIPTS[: len(wanted)]
        if memory.name == target.name:
            return [same]
        if not self.apart(memory, target):
            return []
        found = [same] * 3 if extents == wanted else []
        if memory.space == "shared" and wanted:
            found += [same[::-1]] if len(wanted) > 1 and extents == wanted[::-1] else []
            found += [same[:-1] + same[-1].upper()] if extents == wanted else []
        if len(extents) == 1:
            found += [same[axis] for axis in range(len(wanted)) if len(wanted) > 1 and extents[0] == wanted[axis]] * 2
            found += ["0"] if memory.space == "shared" else []
        if memory in self.narrow and len(wanted) > 1 and extents[0] == wanted[0]:
            found += ["i0"] * 2
        if len(extents) == 2 and len(wanted) == 3:
            found += [same[i] + same[2] for i in (0, 1) if extents == (wanted[i], wanted[2])]
        return found if extents else [""]


def choose_memories(chance: random.Random, plain: bool) -> Memories:
    """Tiles for products (M x K, K x N, M x N), vectors, views of tiles; and the tensors that they are copied from and to."""
    square = chance.random() < 0.4
    extents = _ODD_EXTENTS if chance.random() < 0.15 else _EXTENTS
    one = chance.choice(extents)
    dimensions = {name: one if square else chance.choice(extents) for name in "MNK"}
    found = Memories(dimensions)
    dtype = chance.choice((*_ACCUMULATOR, "f16", "f16"))
    wide = _ACCUMULATOR[dtype]
    _add_matrices(chance, found, dtype, wide)
    for name, extent in (("row", "M"), ("column", "N")):
        found.tiles.append(Memory(name, (extent,), wide, chance.choice(("fragment", "fragment", "shared"))))
    if chance.random() < 0.3:
        found.tiles.append(Memory("bias", ("N",), dtype, "shared"))
        found.copied.append(found.tiles[-1])
    _add_others(chance, found, dtype, wide)
    _add_for_producers(chance, found, dtype)
    if chance.random() < 0.2:
        found.versioned.append(Memory("versions", (2, "M", "K"), dtype, "shared"))
    if not plain or chance.random() < 0.2:
        _add_views(chance, found)
    if found.dimensions["K"] % 16 == 0 and chance.random() < 0.15:
        kept, metadata = (
            Memory("kept", ("M", ("//", "K", 2)), dtype, "shared"),
            Memory("metadata", ("M", ("//", "K", 16)), "i16", "shared"),
        )
        found.sparse += [kept, metadata, Memory("dense", ("K", "N"), dtype, "shared")]
    _add_tensors(chance, found, plain)
    if chance.random() < 0.05:
        found.ring = Memory("ring", (chance.choice((1, 2, 3)), "M", "K"), dtype, "shared")
        wide_row = ("*", "K", POSITIONS)
        found.tensors += [Memory("in_ring", ("M", wide_row), dtype, "global"), Memory("out_ring", ("M", "K"), dtype, "global")]
    found.tensors += [Memory(TABLE, (POSITIONS,), "i32", "global"), Memory("out_cells", (TRIPS,), "i32", "global")]
    return found


def _add_matrices(chance: random.Random, found: Memories, dtype: str, wide: str) -> None:
    left = chance.choice((("M", "K"), ("M", "K"), ("K", "M")))
    right = chance.choice((("K", "N"), ("K", "N"), ("N", "K")))
    shared = [Memory("a0", left, dtype, "shared"), Memory("b0", right, dtype, "shared")]
    for name, shape in (("a1", left), ("b1", right), ("s0", ("M", "N"))):
        if chance.random() < 0.4:
            shared.append(Memory(name, shape, dtype, "shared"))
    if chance.random() < 0.3:
        shared.append(Memory("w0", ("M", "N"), wide, "shared"))
    if chance.random() < 0.1:
        shared[0] = replace(shared[0], layout=chance.choice(("padded", "swizzled")))
    found.tiles += shared
    found.copied += shared
    found.tiles.append(Memory("c0", ("M", "N"), wide, "fragment"))
    if chance.random() < 0.5:
        found.tiles.append(Memory("c1", ("M", "N"), wide, "fragment"))
    if chance.random() < 0.3:
        found.tiles.append(Memory("p0", ("M", "K"), dtype, "fragment"))


def _add_others(chance: random.Random, found: Memories, dtype: str, wide: str) -> None:
    """Tiles of another element type, of three dimensions, of none, and of places."""
    others = [
        Memory("q0", ("M", "K"), chance.choice([other for other in _ACCUMULATOR if other != dtype]), "shared"),
        Memory("t0", (2, "M", "K"), dtype, chance.choice(("shared", "shared", "fragment"))),
        Memory("best", ("M",), dtype, chance.choice(("shared", "fragment"))),
        Memory("places", ("M",), "i32", chance.choice(("shared", "fragment"))),
        Memory("number", (), wide, chance.choice(("shared", "fragment"))),
    ]
    chosen = [memory for memory in others if chance.random() < 0.15]
    found.tiles += chosen
    found.copied += [memory for memory in chosen if memory.space == "shared" and memory.name in ("q0", "t0")]


def _add_for_producers(chance: random.Random, found: Memories, dtype: str) -> None:
    """Tiles that a producer fills before a loop, and tiles with rows of 4 or 8 bytes, which it copies by cp.async."""
    if chance.random() < 0.3:
        left = next(tile.shape for tile in found.tiles if tile.name == "a0")
        shape = chance.choice((left, left, ("M", "N"), ("N",)))
        found.preloaded.append(Memory("once", shape, dtype, "shared"))
    if chance.random() < 0.2:
        columns = chance.choice((4, 8)) // dtypes.as_dtype(dtype).bytes
        found.narrow.append(Memory("narrow", ("M", columns), dtype, "shared"))
    found.tiles += [*found.preloaded, *found.narrow]
    found.copied += found.narrow


def _add_views(chance: random.Random, found: Memories) -> None:
    for base in [tile for tile in found.tiles if tile.space == "shared" and len(tile.shape) == 2]:
        if chance.random() > 0.35:
            continue
        rows, columns = base.shape
        even = all(size % 2 == 0 for size in found.extents(base))
        kind = chance.choice(("lower half", "upper half", "flat", "reinterpreted", "deep") if even else ("flat", "transposed"))
        halves: tuple[Extent, ...] = (("//", rows, 2), columns)
        reinterpreted: tuple[Extent, ...] = (("*", rows, 2), ("//", columns, 2))
        view = chance.choice(("", "late ")) + kind
        deep: tuple[Extent, ...] = (2, ("//", rows, 2), columns)
        shapes = {"flat": (("*", rows, columns),), "reinterpreted": reinterpreted, "deep": deep, "transposed": (columns, rows)}
        shape = shapes.get(kind, halves)
        found.tiles.append(Memory(f"{base.name}_view", shape, base.dtype, base.space, base.name, view))


def _add_tensors(chance: random.Random, found: Memories, plain: bool) -> None:
    """For each tile X: in_X where it comes from, work_X which is read and written, out_X where it ends, sum_X for atomics."""
    for tile in [*found.tiles, *found.versioned, *found.sparse]:
        if tile.view_of:
            continue
        if not tile.shape:
            found.tensors.append(Memory(f"out_{tile.name}", (1,), tile.dtype, "global"))
            continue
        *before, columns = tile.shape if tile not in found.versioned else tile.shape[1:]
        if before:
            # A row that is no multiple of 16 bytes cannot be copied in bulk.
            width = ("+", ("*", columns, POSITIONS), chance.choice((0, 0, 0, 0, 0 if plain else 3)))
            dynamic = chance.random() < (0.02 if plain else 0.1)
            found.tensors.append(Memory(f"in_{tile.name}", (*before, width), tile.dtype, "global", dynamic=dynamic))
            work = (("*", before[0], POSITIONS), *before[1:], columns)
            found.tensors.append(Memory(f"work_{tile.name}", work, tile.dtype, "global"))
        else:
            found.tensors.append(Memory(f"in_{tile.name}", (("*", columns, POSITIONS),), tile.dtype, "global"))
        found.tensors += [Memory(f"{use}_{tile.name}", tile.shape, tile.dtype, "global") for use in ("out", "sum")]
