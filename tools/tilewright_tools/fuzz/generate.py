"""Random programs: a seed decides the memories, then the statements, within bounds that keep every access inside its buffer."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tilewright_tools.fuzz.memories import Memories, choose_memories
from tilewright_tools.fuzz.positions import Positions
from tilewright_tools.fuzz.program import CELLS, TRIPS, Memory, Program, Statement, names_in, walk, written_by
from tilewright_tools.fuzz.tracing import slots

DEEPEST = 3
MOST_STATEMENTS = 16
FREE_CELLS = 4
"""The first cells are written by statements, the others count the iterations of while loops."""

LIMIT = 4.0


def generate(seed: int) -> Program:
    """The program of a seed: the same in every process and version of Python."""
    return Generator(seed).program()


class Generator:
    """Makes one program."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.positions = Positions(self.random, FREE_CELLS)
        # Plain kernels are what is specialized: copies at the head of loops at the top, into tiles that nothing else touches.
        self.plain = self.random.random() < 0.4
        self.memories: Memories = choose_memories(self.random, self.plain)
        self.loops = 0
        self.whiles = 0
        self.left = MOST_STATEMENTS
        # Some kernels are mostly products and copies, others mostly scalars and guards.
        self.weights = {name: self.random.choice((0, 1, 1, 2, 3)) for name in self._leaves()} | {"accumulate": 2, "gemm": 2}
        self.compound = 0.1 if self.plain else self.random.choice((0.1, 0.15, 0.3, 0.45))
        # Where every statement may write every tile, no copy can run ahead, and there is nothing to get wrong.
        self.hazard = self.random.choice((0.0, 0.0, 0.03) if self.plain else (0.0, 0.03, 0.08, 0.2, 1.0))
        self.owned: list[str] = []
        self.looped: set[str] = set()
        self.in_loop = 0

    def program(self) -> Program:
        chance = self.random
        own = [m for m in (*self.memories.tiles, *self.memories.versioned) if not m.view_of]
        # A tile that is used before a loop cannot be left to a producer there.
        fills = chance.choice((0.0, 0.0, 0.2) if self.plain else (0.1, 0.3, 0.9))
        filled = [m for m in own if m.space == "fragment" or chance.random() < fills]
        self.memories.ready = {m.name for m in filled}
        body = self._some(chance.randint(1, 2), 0) if chance.random() < 0.3 else []
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
            body.append(self._loop(0))
            if chance.random() < 0.4:
                body += self._some(chance.randint(1, 2), 0)
        used = self._used_by(body)
        fills = [Statement("fill", {"tile": m.name, "value": chance.choice((0, 1))}) for m in filled if m.name in used]
        statements = [*fills, *body, *self._observations(body, {m.name for m in filled})]
        blocks = chance.choice((1, 1, 1, 2))
        threads = chance.choice((32, 64, 128, 128, 128, 256, 256, 384))
        dimensions, memories = self.memories.dimensions, (*self.memories.tiles, *self.memories.tensors)
        return Program(self.seed, threads, blocks, chance.randint(0, TRIPS - 2), dimensions, memories, tuple(statements))

    def _used_by(self, body: list[Statement]) -> set[str]:
        """The tiles that statements refer to, by their own names or by those of views."""
        names = {name for statement in walk(tuple(body)) for name in names_in(statement.arguments)}
        return names | {memory.view_of for memory in self.memories.tiles if memory.name in names}

    def _observations(self, body: list[Statement], filled: set[str]) -> list[Statement]:
        """What makes the end state of the tiles visible; a tile that was not filled may have nothing to show."""
        used = self._used_by(body)
        more = 0.01 if self.plain else 0.04
        tiles = [m for m in self.memories.tiles if m.name in used and not m.view_of]
        shown = [m for m in tiles if m.name in filled or self.random.random() < more]
        found = [Statement("store", {"tensor": f"out_{m.name}", "tile": m.name, "position": 0, "axis": 0}) for m in shown]
        if not any(statement.kind in ("cell", "atomic_cell", "while") for statement in walk(tuple(body))):
            return found
        cells = {"target": "out_cells", "value": ("load", CELLS, "i"), "low": -64, "high": 64}
        return [*found, Statement("elementwise", cells)]

    def _some(self, count: int, depth: int) -> list[Statement]:
        return [self._statement(depth) for _ in range(count)]

    def _statement(self, depth: int) -> Statement:
        self.left -= 1
        if depth < DEEPEST and self.left > 0 and self.random.random() < self.compound:
            nested: list[Callable[[int], Statement]] = [self._guard, self._guard, self._guard, self._serial]
            if not self.in_loop or self.random.random() < 0.2 + self.hazard:
                nested += [self._loop, self._while]
            return self.random.choice(nested)(depth)
        leaves = self._leaves()
        names = list(leaves)
        while True:
            name = self.random.choices(names, [self.weights[n] for n in names])[0]
            statement = leaves[name]()
            if statement is not None and (not self._meddles(statement) or self.random.random() < self.hazard):
                return statement

    def _meddles(self, statement: Statement) -> bool:
        """Whether it writes a tile that the copies of a loop around it own, or in such a loop a cell."""
        memory = self.memories.by_name(written_by(statement))
        if memory is None:
            return self.in_loop > 0 and statement.kind in ("cell", "atomic_cell")
        return (memory.view_of or memory.name) in self.owned

    # Control flow.

    def _name(self) -> str:
        self.loops += 1
        return f"k{self.loops}"

    def _body(self, name: str | None, depth: int, count: int) -> list[Statement]:
        if name is None:
            return self._some(count, depth + 1)
        self.positions.loops.append(name)
        body = self._some(count, depth + 1)
        self.positions.loops.remove(name)
        return body

    def _loop(self, depth: int) -> Statement:
        if depth > 0 and self.random.random() < 0.3:
            return self._serial(depth)
        if depth == 0 and self.random.random() < (0.1 if self.plain else 0.2):
            return self._persistent()
        chance, name = self.random, self._name()
        stop, stages = self.positions.bound(3 if depth else TRIPS - 1), chance.choice((1, 2, 2, 3, 3, 4, 6))
        arguments: dict[str, Any] = {"name": name, "start": chance.choice((0, 0, 0, 1, 2)), "stop": stop, "stages": stages}
        tiles = self._tiles_of_loop(chance.choice((1, 2, 2)))
        self.positions.loops.append(name)
        copies = [self._fetch(tile) for tile in tiles]
        self.positions.loops.remove(name)
        before, ready = self.owned, self.memories.ready
        self.memories.ready = ready | {tile.name for tile in tiles}
        self.owned = [*before, *(tile.name for tile in tiles)]
        self.memories.favoured = [*self.owned]
        self.in_loop += 1
        rest = [*self._readers(tiles), *self._body(name, depth, chance.randint(0, 3))]
        if chance.random() < 0.5:
            chance.shuffle(rest)
        body = [*copies, *rest]
        self.in_loop -= 1
        self.owned = self.memories.favoured = before
        if chance.random() < 0.9:
            self.memories.ready = ready
        if chance.random() < 0.15:
            chance.shuffle(body)
        explicit = not self.plain and chance.random() < 0.12
        if explicit:
            body = self._scheduled(body, stages)
        return Statement("pipelined", {**arguments, "explicit": explicit}, tuple(body))

    def _tiles_of_loop(self, count: int) -> list[Memory]:
        """The tiles that a loop copies: in plain kernels mostly such that no loop before it has."""
        copied = self.memories.copied
        fresh = [memory for memory in copied if memory.name not in self.looped]
        if self.plain and fresh and self.random.random() < 0.7:
            copied = fresh
        tiles = self.random.sample(copied, min(count, len(copied)))
        self.looped |= {tile.name for tile in tiles}
        return tiles

    def _readers(self, tiles: list[Memory]) -> list[Statement]:
        """Statements that read the tiles of a loop, as far as any fit: a copy that nothing reads is not pipelined."""
        found: list[Statement] = []
        unread = {tile.name for tile in tiles}
        for _ in range(12):
            statement = self.random.choice((self._gemm, self._accumulate, self._reduce, self._elementwise))()
            if statement is not None and unread & set(names_in(statement.arguments)) and not self._meddles(statement):
                found.append(statement)
                unread -= set(names_in(statement.arguments))
        return found

    def _fetch(self, tile: Memory) -> Statement:
        """What fills a tile of a loop: mostly a plain copy."""
        kind = self.random.random()
        statement = self._gather_into(tile) if kind < 0.05 else self._edge_of(tile) if kind < 0.15 else None
        statement = statement or self._copy_of_tile(tile)
        filled = tile.name in self.memories.ready
        if self.random.random() < (0.2 if filled else 0.02):
            return Statement("guard", {"condition": self.positions.condition()}, (statement,))
        return statement

    def _scheduled(self, body: list[Statement], stages: int) -> list[Statement]:
        """A schedule that is often legal: copies first, later statements never in an earlier stage."""
        stage, found = 0, []
        for i, statement in enumerate(body):
            if not statement.kind.startswith("copy") and slots(statement) and self.random.random() < 0.5:
                stage = min(stages, stage + self.random.randint(1, 2))
            own = 0 if statement.kind == "copy" and self.random.random() < 0.7 else stage
            found.append(Statement(statement.kind, statement.arguments, statement.body, statement.otherwise, own, i))
        if self.random.random() < 0.3:
            i, j = self.random.randrange(len(found)), self.random.randrange(len(found))
            one, other = found[i], found[j]
            found[i] = Statement(one.kind, one.arguments, one.body, one.otherwise, one.stage, other.order)
            found[j] = Statement(other.kind, other.arguments, other.body, other.otherwise, other.stage, one.order)
        return found

    def _persistent(self) -> Statement:
        name = self._name()
        self.positions.loops.append(name)
        body = [*self._some(self.random.randint(0, 1), 1), self._loop(1), *self._some(self.random.randint(0, 2), 1)]
        self.positions.loops.remove(name)
        return Statement(
            "serial", {"name": name, "start": ("block",), "stop": self.random.choice((2, 3)), "step": 2}, tuple(body)
        )

    def _serial(self, depth: int) -> Statement:
        name, stop = self._name(), self.random.choice((0, 1, 2, 2, 3, self.positions.bound(3)))
        body = self._body(name, depth, self.random.randint(1, 2))
        return Statement("serial", {"name": name, "start": 0, "stop": stop, "step": 1}, tuple(body))

    def _while(self, depth: int) -> Statement:
        if self.whiles == TRIPS - FREE_CELLS:
            return self._serial(depth)
        cell, name = FREE_CELLS + self.whiles, self._name()
        self.whiles += 1
        body = self._body(name, depth, self.random.randint(1, 2))
        if self.random.random() < 0.5:
            body.append(self._loop(DEEPEST - 1))
        return Statement("while", {"name": name, "cell": cell, "stop": self.positions.bound(3)}, tuple(body))

    def _guard(self, depth: int) -> Statement:
        body = tuple(self._some(self.random.randint(1, 3), depth + 1))
        otherwise = tuple(self._some(1, depth + 1)) if self.random.random() < 0.25 else ()
        return Statement("guard", {"condition": self.positions.condition()}, body, otherwise)

    # Leaves: each gives a statement, or None where this program has no memories for it.

    def _leaves(self) -> dict[str, Callable[[], Statement | None]]:
        return {
            "copy": lambda: self._copy_of_tile(self.random.choice(self.memories.copied)),
            "part": self._part,
            "edge": self._edge,
            "workspace": self._workspace,
            "elementwise": self._elementwise,
            "accumulate": self._accumulate,
            "gemm": self._gemm,
            "reduce": self._reduce,
            "fill": self._fill,
            "move": self._move,
            "gather": self._gather,
            "atomic": self._atomic,
            "cell": self._cell,
            "version": self._version,
        }

    def _copy_of_tile(self, tile: Memory) -> Statement:
        alike = [
            m for m in self.memories.tiles if m.shape == tile.shape and not m.view_of and "f" in m.dtype and "f" in tile.dtype
        ]
        source = self.random.choice(alike) if alike and self.random.random() < 0.15 else tile
        arguments = {"tensor": f"in_{source.name}", "tile": tile.name, "position": self.positions.tile()}
        return Statement("copy", {**arguments, "axis": 1 if len(tile.shape) == 2 else 0})

    def _part(self) -> Statement | None:
        tile = self._one(self.memories.matrices("shared"))
        if tile is None or tile.view_of:
            return None
        part = self.random.choice((0, 1))
        return Statement(
            "copy_part", {"tensor": f"in_{tile.name}", "tile": tile.name, "position": self.positions.tile(), "part": part}
        )

    def _edge(self) -> Statement | None:
        tile = self._one(self.memories.matrices("shared"))
        return None if tile is None else self._edge_of(tile)

    def _edge_of(self, tile: Memory) -> Statement | None:
        if len(tile.shape) != 2 or tile.view_of:
            return None
        rows = ("*", self.positions.tile(), self.random.choice((0, 8, 24)))
        columns = ("*", self.positions.tile(), self.random.choice((5, 8, 40, 64)))
        arguments: dict[str, Any] = {"tensor": f"in_{tile.name}", "tile": tile.name, "rows": rows, "columns": columns}
        if self.memories.weight(tile) and self.random.random() < 0.3:
            return Statement("store_edge", {**arguments, "tensor": f"work_{tile.name}"})
        return Statement("copy_edge", {**arguments, "pad": self.random.choice((0, 0, 1))})

    def _workspace(self) -> Statement | None:
        tile = self._one([*self.memories.matrices("shared"), *self.memories.matrices("fragment")])
        if tile is None or tile.view_of:
            return None
        kind = self.random.choice(("copy", "store")) if self.memories.weight(tile) else "copy"
        position = self.random.choice((0, 0, 1, self.positions.tile()))
        return Statement(kind, {"tensor": f"work_{tile.name}", "tile": tile.name, "position": position, "axis": 0})

    def _elementwise(self) -> Statement | None:
        target = self._one(self.memories.tiles)
        if target is None or len(target.shape) > 2:
            return None
        value = self.memories.element(self.random, self.positions, target, depth=2)
        return Statement("elementwise", {"target": target.name, "value": value, "low": -LIMIT, "high": LIMIT})

    def _accumulate(self) -> Statement | None:
        """A fragment and a shared tile of its shape: what consumers do."""
        target = self._one(self.memories.matrices("fragment"))
        if target is None:
            return None
        value = self.memories.element(self.random, self.positions, target, depth=0)
        total = ("+", ("load", target.name, "ij"), value)
        return Statement("elementwise", {"target": target.name, "value": total, "low": -LIMIT * 8, "high": LIMIT * 8})

    def _gemm(self) -> Statement | None:
        found = self.memories.products(self.random)
        if found is None:
            return None
        a, b, accumulator, transpose_a, transpose_b = found
        names = {"a": a.name, "b": b.name, "accumulator": accumulator.name}
        return Statement("gemm", {**names, "transpose_a": transpose_a, "transpose_b": transpose_b})

    def _reduce(self) -> Statement | None:
        found = self.memories.reductions(self.random)
        if found is None:
            return None
        source, target, axis = found
        op, clear = self.random.choice(("sum", "max", "min")), self.random.random() < 0.5
        # Sums that go on without end would leave the range in which values differ.
        clear = clear or op == "sum" or not self.memories.weight(target)
        return Statement("reduce", {"source": source.name, "target": target.name, "op": op, "axis": axis, "clear": clear})

    def _fill(self) -> Statement:
        return Statement("fill", {"tile": self.random.choice(self.memories.tiles).name, "value": self.random.choice((0, 1, 2))})

    def _move(self) -> Statement | None:
        readable = [m for m in self.memories.tiles if self.memories.weight(m)]
        pairs = [(s, t) for s in readable for t in self.memories.tiles if self.memories.apart(s, t)]
        pairs = [(s, t) for s, t in pairs if self.memories.same_shape(s, t) and ("f" in s.dtype) == ("f" in t.dtype)]
        pairs = [(s, t) for s, t in pairs if "f" in s.dtype or s.dtype == t.dtype]
        if not pairs:
            return None
        source, target = self.random.choice(pairs)
        return Statement("move", {"source": source.name, "target": target.name})

    def _gather(self) -> Statement | None:
        tile = self._one(self.memories.matrices("shared"))
        return None if tile is None else self._gather_into(tile)

    def _gather_into(self, tile: Memory) -> Statement | None:
        if len(tile.shape) != 2 or tile.view_of:
            return None
        return Statement("gather", {"tensor": f"in_{tile.name}", "tile": tile.name, "position": self.positions.tile()})

    def _atomic(self) -> Statement | None:
        if self.random.random() < 0.3:
            cell = self.random.randrange(FREE_CELLS)
            return Statement("atomic_cell", {"cell": cell, "value": self.positions.tile()})
        like = self._one(self.memories.matrices("fragment"))
        if like is None:
            return None
        value = self.memories.element(self.random, self.positions, like, depth=0)
        op = self.random.choice(("add", "add", "max", "min"))
        return Statement("atomic", {"tensor": f"sum_{like.name}", "op": op, "value": value})

    def _cell(self) -> Statement:
        own = ("cell", self.random.randrange(FREE_CELLS))
        value = self.random.choice((self.positions.tile(), ("%", ("+", own, self.positions.tile()), TRIPS - 1)))
        return Statement("cell", {"cell": self.random.randrange(FREE_CELLS), "value": value})

    def _version(self) -> Statement | None:
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
