"""Random programs: a seed decides the memories, then the statements, within bounds that keep every access inside its buffer."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tilewright_tools.fuzz.leaves import FREE_CELLS, Leaves
from tilewright_tools.fuzz.lost_copies import loses_a_copy
from tilewright_tools.fuzz.memories import Memories, choose_memories
from tilewright_tools.fuzz.positions import Positions
from tilewright_tools.fuzz.program import CELLS, OWN_TABLE, TRIPS, Memory, Program, Statement, names_in, walk, written_by
from tilewright_tools.fuzz.tracing import slots

DEEPEST = 3
MOST_STATEMENTS = 16
# Some loops begin after their end.
_STARTS = (0, 0, 0, 0, 0, 1, 1, 2, 2, 4)
# Where the random numbers of a second attempt begin.
_OTHERS = 1 << 40
_THREADS = (32, 64, 128, 128, 128, 128, 256, 256, 256, 384, 96, 160, 192, 224)


def generate(seed: int) -> Program:
    """The program of a seed: the same in every process and version of Python.

    Most of those that would be refused for a copy that is lost make room for others.
    """
    program = Generator(seed, random.Random(seed)).program()
    if seed % 5 and loses_a_copy(program):
        return Generator(seed, random.Random(seed + _OTHERS)).program()
    return program


class Generator:
    """Makes one program."""

    def __init__(self, seed: int, chance: random.Random) -> None:
        self.seed = seed
        self.random = chance
        self.positions = Positions(self.random, FREE_CELLS)
        # Plain kernels are what is specialized: copies at the head of loops at the top, into tiles that nothing else touches.
        self.plain = self.random.random() < 0.4
        self.memories: Memories = choose_memories(self.random, self.plain)
        self.leaves = Leaves(self.random, self.positions, self.memories)
        self.loops = 0
        self.whiles = 0
        self.left = MOST_STATEMENTS
        # Some kernels are mostly products and copies, others mostly scalars and guards.
        weights = {name: self.random.choice((0, 1, 1, 2, 3)) for name in self.leaves.by_name()}
        self.weights = weights | {"accumulate": 2, "gemm": 2}
        self.compound = 0.1 if self.plain else self.random.choice((0.1, 0.15, 0.3, 0.45))
        # Where every statement may write every tile, no copy can run ahead, and there is nothing to get wrong.
        self.hazard = self.random.choice((0.0, 0.0, 0.03) if self.plain else (0.0, 0.03, 0.08, 0.2, 1.0))
        self.owned: list[str] = [tile.name for tile in self.memories.preloaded]
        # Whether the next loop is in nothing else: then its iterations are all that a barrier's phases count.
        self.alone = False
        # Whether a loop around has stages and orders, which what the kernel does asynchronously by hand has no place in.
        self.explicit = False
        self.looped: set[str] = set()
        self.in_loop = 0

    def program(self) -> Program:
        chance = self.random
        kept = [m for m in (*self.memories.tiles, *self.memories.versioned) if not m.view_of]
        own = [m for m in kept if m not in self.memories.preloaded]
        # A tile that is used before a loop cannot be left to a producer there.
        fills = chance.choice((0.0, 0.0, 0.2) if self.plain else (0.1, 0.3, 0.9))
        filled = [m for m in own if m.space == "fragment" or chance.random() < fills]
        self.memories.ready = {m.name for m in filled}
        body = self._some(chance.randint(1, 2), 0) if chance.random() < 0.3 else []
        loops = chance.choice((1, 1, 1, 2, 2, 3))
        for _ in range(loops):
            # Loops of different blocks that copy to one tile are not specialized.
            if chance.random() < 0.1 and (loops == 1 or not self.plain):
                body.append(self._guarded_loop(0))
            else:
                body += self._prepared(0)
            if body[-1].kind != "guard" and chance.random() < 0.15:
                body += self._again(body[-1])
            if self.memories.ring and chance.random() < 0.5:
                body.append(self._roles())
            if chance.random() < 0.4:
                body += self._some(chance.randint(1, 2), 0)
        used = self._used_by(body)
        fills = [Statement("fill", {"tile": m.name, "value": chance.choice((0, 1))}) for m in filled if m.name in used]
        statements = [*fills, *body, *self._observations(body, {m.name for m in filled})]
        blocks = chance.choice((1, 1, 1, 2))
        # Two warp groups by hand need two warps.
        threads = max(chance.choice(_THREADS), 64 if any(s.kind == "roles" for s in body) else 0)
        dimensions, memories = self.memories.dimensions, self.memories.every()
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
        found = [_shown(memory) for memory in shown]
        if not any(statement.kind in ("cell", "atomic_cell", "ticket", "while") for statement in walk(tuple(body))):
            return found
        cells = {"target": "out_cells", "value": ("load", CELLS, "i"), "low": -64, "high": 64}
        return [*found, Statement("elementwise", cells)]

    def _some(self, count: int, depth: int) -> list[Statement]:
        return [self._statement(depth) for _ in range(count)]

    def _statement(self, depth: int) -> Statement:
        self.left -= 1
        if depth < DEEPEST and self.left > 0 and self.random.random() < self.compound:
            nested: list[Callable[[int], Statement]] = [self._guard, self._guard, self._guard, self._serial, self._value]
            if not self.in_loop or self.random.random() < 0.2 + self.hazard:
                nested += [self._loop, self._while]
            if self.in_loop:
                nested.append(self._value)
            if not self.explicit and self.random.random() < 0.2:
                nested.append(self._prefetch)
            return self.random.choice(nested)(depth)
        leaves = self.leaves.by_name()
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
            self.alone = False
            return self._persistent()
        chance, name = self.random, self._name()
        stop, stages = self.positions.bound(3 if depth else TRIPS - 1), chance.choice((1, 2, 2, 3, 3, 4, 6))
        alone, self.alone = self.alone, False
        arguments: dict[str, Any] = {"name": name, "start": chance.choice(_STARTS), "stop": stop, "stages": stages}
        arguments["strategy"] = chance.choice(("async", "warp_specialize", "none")) if chance.random() < 0.06 else None
        explicit = not self.plain and chance.random() < 0.1
        tiles = self._tiles_of_loop(chance.choice((1, 2, 2)))
        if not explicit and chance.random() < 0.6:
            tiles += self._narrow_tiles(tiles)
        self.looped |= {tile.name for tile in tiles}
        if not explicit and chance.random() < 0.1:
            arguments["step"] = chance.choice((2, 3))
        if not explicit and chance.random() < 0.1:
            arguments["carried"] = (chance.randrange(FREE_CELLS), 0)
            self.positions.loops.append(f"{name}_carried")
        self.positions.loops.append(name)
        copies = [self._fetch(tile) for tile in tiles]
        self.positions.loops.remove(name)
        before, ready, outer = self.owned, self.memories.ready, self.explicit
        self.explicit = outer or explicit
        self.memories.ready = ready | {tile.name for tile in tiles}
        self.owned = [*before, *(tile.name for tile in tiles)]
        self.memories.favoured = [*self.owned]
        self.in_loop += 1
        preloaded = [tile for tile in self.memories.preloaded if tile.name in ready]
        rest = [*self._readers([*tiles, *preloaded]), *self._body(name, depth, chance.randint(0, 3))]
        if self.memories.sparse and chance.random() < 0.5:
            copies += [self.leaves.copy_of_tile(tile) for tile in self.memories.sparse]
            rest.append(self.leaves.sparse_gemm())
        # A kernel with a barrier for all of its threads is not specialized.
        if alone and not explicit and chance.random() < 0.04:
            rest.insert(chance.randint(0, len(rest)), self._barrier(arguments, rest))
        if arguments.get("carried"):
            arguments["carried"] = (arguments["carried"][0], self.positions.tile())
            self.positions.loops.remove(f"{name}_carried")
        if chance.random() < 0.5:
            chance.shuffle(rest)
        body = [*copies, *rest]
        self.in_loop -= 1
        self.explicit = outer
        self.owned = self.memories.favoured = before
        if chance.random() < 0.9:
            self.memories.ready = ready
        if chance.random() < 0.15:
            chance.shuffle(body)
        if explicit:
            body = self._scheduled(body, stages)
        return Statement("pipelined", {**arguments, "explicit": explicit}, tuple(body))

    def _prepared(self, depth: int) -> list[Statement]:
        """A loop, after what it only reads: a tile that is copied once, and the kernel's own table of positions."""
        found: list[Statement] = []
        fresh = [tile for tile in self.memories.preloaded if tile.name not in self.memories.ready]
        if fresh and self.random.random() < 0.7:
            found = [self.leaves.copy_of_tile(tile) for tile in fresh]
            self.memories.ready = self.memories.ready | {tile.name for tile in fresh}
        table = None if self.positions.own_table or self.random.random() > 0.3 else self.leaves.own_table()
        self.positions.own_table = self.positions.own_table or table is not None
        self.alone = depth == 0
        loop = self._loop(depth)
        self.alone = False
        if table is None:
            return [*found, loop]
        # A table that the loop does not read would be filled for nothing.
        self.positions.own_table = any(OWN_TABLE in names_in(statement.arguments) for statement in walk((loop,)))
        return [*found, *([table] if self.positions.own_table else []), loop]

    def _guarded_loop(self, depth: int) -> Statement:
        """A loop under a condition, with what it needs before it: what is filled there is not used outside."""
        ready, table = self.memories.ready, self.positions.own_table
        body = tuple(self._prepared(depth + 1))
        self.memories.ready, self.positions.own_table = ready, table
        return Statement("guard", {"condition": self.positions.condition()}, body)

    def _again(self, loop: Statement) -> list[Statement]:
        """The same loop over other iterations: both fill the same tiles. Not where the phases of a barrier are counted."""
        if any(statement.kind == "barrier" for statement in walk((loop,))):
            return []
        start, most = (loop.arguments["start"], 3) if loop.kind == "serial" else (self.random.choice(_STARTS), TRIPS - 1)
        return [replace(loop, arguments={**loop.arguments, "start": start, "stop": self.positions.bound(most)})]

    def _tiles_of_loop(self, count: int) -> list[Memory]:
        """The tiles that a loop copies: in plain kernels mostly such that no loop before it has."""
        copied = self.memories.copied
        fresh = [memory for memory in copied if memory.name not in self.looped]
        if self.plain and fresh and self.random.random() < 0.7:
            copied = fresh
        return self.random.sample(copied, min(count, len(copied)))

    def _narrow_tiles(self, tiles: list[Memory]) -> list[Memory]:
        """Those with short rows that can stand beside others: in plain kernels in one loop only, which is then specialized."""
        free = [tile for tile in self.memories.narrow if tile not in tiles]
        return [tile for tile in free if not self.plain or tile.name not in self.looped]

    def _readers(self, tiles: list[Memory]) -> list[Statement]:
        """Statements that read the tiles of a loop, as far as any fit: a copy that nothing reads is not pipelined."""
        found: list[Statement] = []
        unread = {tile.name for tile in tiles}
        for _ in range(12):
            statement = self.random.choice(self.leaves.readers())()
            if statement is not None and unread & set(names_in(statement.arguments)) and not self._meddles(statement):
                found.append(statement)
                unread -= set(names_in(statement.arguments))
        return found

    def _fetch(self, tile: Memory) -> Statement:
        """What fills a tile of a loop: mostly a plain copy."""
        kind = self.random.random()
        statement = self.leaves.gather_into(tile) if kind < 0.05 else self.leaves.edge_of(tile) if kind < 0.15 else None
        statement = statement or self.leaves.copy_of_tile(tile)
        if statement.kind == "copy" and self.random.random() < 0.08:
            statement = replace(statement, arguments={**statement.arguments, "no_bulk": True})
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
        ready, table = self.memories.ready, self.positions.own_table
        self.positions.loops.append(name)
        body = [*self._some(self.random.randint(0, 1), 1), *self._prepared(1), *self._some(self.random.randint(0, 2), 1)]
        self.positions.loops.remove(name)
        self.memories.ready, self.positions.own_table = ready, table
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

    def _value(self, depth: int) -> Statement:
        """A position that is read once and used later, when what it was read from may have another value."""
        chance, name = self.random, self._name()
        value, body = ("%", self.positions.tile(), TRIPS), tuple(self._body(name, depth, chance.randint(1, 3)))
        if chance.random() < 0.5:
            # What is used is then not to be read again.
            cell = chance.randrange(FREE_CELLS)
            write = Statement("cell", {"cell": cell, "value": self.positions.tile()})
            body = (write, *body, self.leaves.addition("c0", ("position", ("loop", name))))
            return Statement("value", {"name": name, "value": ("%", ("cell", cell), TRIPS)}, body)
        if chance.random() < 0.3 and (not self.in_loop or chance.random() < self.hazard):
            return Statement("ticket", {"name": name, "cell": chance.randrange(FREE_CELLS), "value": value}, body)
        return Statement("value", {"name": name, "value": value}, body)

    def _prefetch(self, depth: int) -> Statement:
        """A copy that the kernel itself waits for, and what it does meanwhile."""
        tile = self.random.choice(self.memories.copied)
        copy = self.leaves.copy_of_tile(tile)
        before, ready = self.owned, self.memories.ready
        self.owned, self.memories.ready = [*before, tile.name], ready - {tile.name}
        body = tuple(self._some(self.random.randint(0, 2), depth + 1))
        self.owned, self.memories.ready = before, ready
        return Statement("prefetch", copy.arguments | {"tensor": f"in_{tile.name}"}, body)

    def _barrier(self, loop: dict[str, Any], rest: list[Statement]) -> Statement:
        """A barrier of the kernel's own in a loop, with one of its statements between arrival and wait or none."""
        names = {"name": f"barrier_{loop['name']}", "loop": loop["name"], "start": loop["start"], "step": loop.get("step", 1)}
        body = (rest.pop(),) if rest and self.random.random() < 0.5 else ()
        return Statement("barrier", names, body)

    def _roles(self) -> Statement:
        names = {"source": "in_ring", "ring": "ring", "target": "out_ring"}
        trips, position = self.positions.bound(3), self.positions.tile()
        return Statement("roles", {**names, "trips": trips, "position": position, "bulk": self.random.random() < 0.5})

    def _guard(self, depth: int) -> Statement:
        body = tuple(self._some(self.random.randint(1, 3), depth + 1))
        otherwise = tuple(self._some(1, depth + 1)) if self.random.random() < 0.25 else ()
        return Statement("guard", {"condition": self.positions.condition()}, body, otherwise)


def _shown(tile: Memory) -> Statement:
    """What makes the elements of a tile visible; a tile of no dimensions is no operand of a copy."""
    if tile.shape:
        return Statement("store", {"tensor": f"out_{tile.name}", "tile": tile.name, "position": 0, "axis": 0})
    value = ("load", tile.name, "")
    return Statement("elementwise", {"target": f"out_{tile.name}", "value": value, "low": -64.0, "high": 64.0})
