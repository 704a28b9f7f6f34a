"""The statements of random kernels that hold no others: copies, products, reductions, parallel loops, atomics, scalars."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tilewright_tools.fuzz.memories import Memories
from tilewright_tools.fuzz.positions import Positions
from tilewright_tools.fuzz.program import OWN_TABLE, TABLE, TRIPS, Memory, Statement

FREE_CELLS = 4
"""The first cells are written by statements, the others count the iterations of while loops."""

LIMIT = 4.0


class Leaves:
    """Makes statements: each method gives one, or None where this program has no memories for it."""

    def __init__(self, chance: random.Random, positions: Positions, memories: Memories) -> None:
        self.random = chance
        self.positions = positions
        self.memories = memories

    def by_name(self) -> dict[str, Callable[[], Statement | None]]:
        return {
            "copy": lambda: self.copy_of_tile(self.random.choice(self.memories.copied)),
            "part": self.part,
            "edge": self.edge,
            "workspace": self.workspace,
            "elementwise": self.elementwise,
            "accumulate": self.accumulate,
            "gemm": self.gemm,
            "reduce": self.reduce,
            "scan": self.scan,
            "best": self.best,
            "fill": self.fill,
            "move": self.move,
            "gather": self.gather,
            "atomic": self.atomic,
            "cell": self.cell,
            "version": self.version,
        }

    def readers(self) -> tuple[Callable[[], Statement | None], ...]:
        """What reads tiles that a loop copies."""
        seldom = self.random.choice((self.gemm, self.gemm, self.best, self.scan))
        return (self.gemm, self.accumulate, self.reduce, self.elementwise, seldom)

    def copy_of_tile(self, tile: Memory) -> Statement:
        alike = [
            m for m in self.memories.tiles if m.shape == tile.shape and not m.view_of and "f" in m.dtype and "f" in tile.dtype
        ]
        source = self.random.choice(alike) if alike and self.random.random() < 0.15 else tile
        arguments = {"tensor": f"in_{source.name}", "tile": tile.name, "position": self.positions.tile()}
        return Statement("copy", {**arguments, "axis": len(tile.shape) - 1})

    def part(self) -> Statement | None:
        tile = self._one(self.memories.matrices("shared"))
        if tile is None or tile.view_of:
            return None
        part = self.random.choice((0, 1))
        return Statement(
            "copy_part", {"tensor": f"in_{tile.name}", "tile": tile.name, "position": self.positions.tile(), "part": part}
        )

    def edge(self) -> Statement | None:
        tile = self._one(self.memories.matrices("shared"))
        return None if tile is None else self.edge_of(tile)

    def edge_of(self, tile: Memory) -> Statement | None:
        if len(tile.shape) != 2 or tile.view_of:
            return None
        rows = ("*", self.positions.tile(), self.random.choice((0, 8, 24)))
        columns = ("*", self.positions.tile(), self.random.choice((5, 8, 40, 64)))
        arguments: dict[str, Any] = {"tensor": f"in_{tile.name}", "tile": tile.name, "rows": rows, "columns": columns}
        if self.memories.weight(tile) and self.random.random() < 0.3:
            return Statement("store_edge", {**arguments, "tensor": f"work_{tile.name}"})
        return Statement("copy_edge", {**arguments, "pad": self.random.choice((0, 0, 1))})

    def workspace(self) -> Statement | None:
        tile = self._one([*self.memories.matrices("shared"), *self.memories.matrices("fragment")])
        if tile is None or tile.view_of:
            return None
        kind = self.random.choice(("copy", "store")) if self.memories.weight(tile) else "copy"
        position = self.random.choice((0, 0, 1, self.positions.tile()))
        return Statement(kind, {"tensor": f"work_{tile.name}", "tile": tile.name, "position": position, "axis": 0})

    def elementwise(self) -> Statement | None:
        target = self._one(self.memories.tiles)
        if target is None:
            return None
        value = self.memories.element(self.random, self.positions, target, depth=2)
        arguments: dict[str, Any] = {"target": target.name, "value": value, "low": -LIMIT, "high": LIMIT}
        if self.memories.weight(target) and target.shape and self.random.random() < 0.3:
            arguments["mask"] = self._mask()
        if self.random.random() < 0.05:
            arguments["repeat"] = self.random.choice((1, 2))
        return Statement("elementwise", arguments)

    def _mask(self) -> tuple[Any, ...]:
        """Which elements of a tile a parallel loop writes: a part of its subscripts, or those under a condition."""
        masks = (("part", 2), ("part", 3), ("i<", self.random.choice((1, 4, 7))), ("i<=j",), ("if", self.positions.condition()))
        return self.random.choice(masks)

    def accumulate(self) -> Statement | None:
        """A fragment and a shared tile of its shape: what consumers do."""
        target = self._one(self.memories.matrices("fragment"))
        if target is None:
            return None
        return self.addition(target.name, self.memories.element(self.random, self.positions, target, depth=0))

    def addition(self, target: str, value: Any) -> Statement:
        """`value` added to the elements of a matrix."""
        total = ("+", ("load", target, "ij"), value)
        return Statement("elementwise", {"target": target, "value": total, "low": -LIMIT * 8, "high": LIMIT * 8})

    def gemm(self) -> Statement | None:
        found = self.memories.products(self.random)
        if found is None:
            return None
        a, b, accumulator, transpose_a, transpose_b = found
        names = {"a": a.name, "b": b.name, "accumulator": accumulator.name}
        return Statement("gemm", {**names, "transpose_a": transpose_a, "transpose_b": transpose_b})

    def sparse_gemm(self) -> Statement:
        """A product of a tile of which half is kept, with the tile that says which."""
        names = ("a", "metadata", "b", "accumulator")
        operands = zip(names, (*(tile.name for tile in self.memories.sparse), "c0"), strict=True)
        return Statement("sparse_gemm", dict(operands))

    def reduce(self) -> Statement | None:
        found = self.memories.reductions(self.random)
        if found is None:
            return None
        source, target, axis = found
        op, clear = self.random.choice(("sum", "max", "min", "absmax")), self.random.random() < 0.5
        # Sums that go on without end would leave the range in which values differ.
        clear = clear or op == "sum" or not self.memories.weight(target)
        return Statement("reduce", {"source": source.name, "target": target.name, "op": op, "axis": axis, "clear": clear})

    def scan(self) -> Statement | None:
        found = self.memories.pair_of_one_type(self.random)
        if found is None:
            return None
        source, target = found
        op = self.random.choice(("max", "min") if source is target else ("sum", "max", "min"))
        axis, reverse = self.random.randrange(len(source.shape)), self.random.random() < 0.4
        return Statement("scan", {"source": source.name, "target": target.name, "op": op, "axis": axis, "reverse": reverse})

    def best(self) -> Statement | None:
        found = self.memories.bests(self.random)
        if found is None:
            return None
        source, values, places, axis = found
        names = {"source": source.name, "target": values.name, "places": places.name}
        ready = self.memories.weight(values) and self.memories.weight(places)
        how = {"op": self.random.choice(("max", "min")), "axis": axis, "start": self.positions.tile()}
        return Statement("best", {**names, **how, "clear": not ready or self.random.random() < 0.5})

    def fill(self) -> Statement:
        return Statement("fill", {"tile": self.random.choice(self.memories.tiles).name, "value": self.random.choice((0, 1, 2))})

    def move(self) -> Statement | None:
        readable = [m for m in self.memories.tiles if self.memories.weight(m)]
        pairs = [(s, t) for s in readable for t in self.memories.tiles if self.memories.apart(s, t) and s.shape]
        pairs = [(s, t) for s, t in pairs if self.memories.same_shape(s, t) and ("f" in s.dtype) == ("f" in t.dtype)]
        pairs = [(s, t) for s, t in pairs if "f" in s.dtype or s.dtype == t.dtype]
        if not pairs:
            return None
        source, target = self.random.choice(pairs)
        return Statement("move", {"source": source.name, "target": target.name})

    def gather(self) -> Statement | None:
        tile = self._one(self.memories.matrices("shared"))
        return None if tile is None else self.gather_into(tile)

    def gather_into(self, tile: Memory) -> Statement | None:
        if len(tile.shape) != 2 or tile.view_of:
            return None
        table = OWN_TABLE if self.positions.own_table else TABLE
        names = {"tensor": f"in_{tile.name}", "tile": tile.name, "table": table}
        return Statement("gather", {**names, "position": self.positions.tile()})

    def own_table(self) -> Statement:
        """What fills the kernel's own table of positions: a copy, or a parallel loop."""
        position, by_copy = self.positions.tile(), self.random.random() < 0.6
        return Statement("own_table", {"tile": OWN_TABLE, "position": position, "by_copy": by_copy})

    def atomic(self) -> Statement | None:
        if self.random.random() < 0.3:
            cell = self.random.randrange(FREE_CELLS)
            return Statement("atomic_cell", {"cell": cell, "value": self.positions.tile()})
        like = self._one(self.memories.matrices("fragment"))
        if like is None:
            return None
        value = self.memories.element(self.random, self.positions, like, depth=0)
        op = self.random.choice(("add", "add", "max", "min"))
        return Statement("atomic", {"tensor": f"sum_{like.name}", "op": op, "value": value})

    def cell(self) -> Statement:
        own = ("cell", self.random.randrange(FREE_CELLS))
        value = self.random.choice((self.positions.tile(), ("%", ("+", own, self.positions.tile()), TRIPS - 1)))
        return Statement("cell", {"cell": self.random.randrange(FREE_CELLS), "value": value})

    def version(self) -> Statement | None:
        tile = self._one(self.memories.versioned)
        if tile is None:
            return None
        version = self.random.choice((0, 1, ("%", self.positions.tile(), 2)))
        if self.random.random() < 0.5 or not self.memories.weight(tile):
            tensor = f"in_{tile.name}"
            return Statement(
                "copy_version", {"tensor": tensor, "tile": tile.name, "position": self.positions.tile(), "version": version}
            )
        target = self._one([m for m in self.memories.tiles if m.shape == tile.shape[1:] and m.dtype == tile.dtype])
        if target is None:
            return None
        return Statement("use_version", {"tile": tile.name, "version": version, "target": target.name})

    def _one(self, found: list[Memory]) -> Memory | None:
        return self.random.choice(found) if found else None
