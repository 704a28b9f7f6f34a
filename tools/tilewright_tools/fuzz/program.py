"""A random kernel as plain data, that can be printed, stored as JSON, and made smaller.

Nothing in a program can dangle: a name of a loop that is not around its use is 0, a memory that nothing uses is not allocated.
So any statement can be dropped, and any compound statement replaced by its body.

Expressions are nested tuples. For positions, bounds and conditions (`Position`):

    3 | ("loop", name) | ("count",) | ("block",) | ("table", p) | ("own_table", p) | ("cell", i) | ("+" "-" "*" "//" "%", p, p)
    ("where", c, p, p) | ("<" ">" "==", p, p) | ("and", c, c)

For elements (`Element`), with the subscripts i, j and k of the parallel loop that they stand in:

    0.5 | ("load", memory, subscripts) | ("+" "-" "*" "max" "min", e, e) | ("index", "i", "j" or "k") | ("position", p)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

TABLE, CELLS = "Table", "cells"
"""A table of positions in global memory, and single i32s in shared memory."""

OWN_TABLE = "own_table"
"""The kernel's own table of positions, in shared memory: also the operator that reads it."""

METADATA = "in_metadata"
"""What says which elements of the sparse operand are kept."""

POSITIONS = 12
"""Tiles side by side in a global tensor."""

TRIPS = 8
"""No loop has as many iterations; what a table holds is below it."""


SUBSCRIPTS = "ijk"
"""What the subscripts of a parallel loop are called, outermost first."""

Extent = int | str | tuple[Any, ...]
"""A number, the name of one of the program's dimensions, or ("*" "//" "+", extent, extent)."""


@dataclass(frozen=True)
class Memory:
    """A buffer; `view_of` and `view` make it an alias of another. `dynamic`: its last extent is known at launch only.

    `layout`: nothing, or how the kernel itself lays out a tile in shared memory, ``padded`` or ``swizzled``.
    """

    name: str
    shape: tuple[Extent, ...]
    dtype: str
    space: str
    view_of: str = ""
    view: str = ""
    dynamic: bool = False
    layout: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement: `kind` says what `arguments` mean (see `tracing`). `stage` and `order` count in an explicit schedule."""

    kind: str
    arguments: dict[str, Any] = field(default_factory=dict)
    body: tuple[Statement, ...] = ()
    otherwise: tuple[Statement, ...] = ()
    stage: int = 0
    order: int = 0


@dataclass(frozen=True)
class Program:
    """A kernel. `count` is the value of its scalar argument, `dimensions` are what shapes refer to."""

    seed: int
    threads: int
    blocks: int
    count: int
    dimensions: dict[str, int]
    memories: tuple[Memory, ...]
    statements: tuple[Statement, ...]

    def shape(self, memory: Memory) -> tuple[int, ...]:
        """The extents of a memory."""
        return tuple(extent_of(extent, self.dimensions) for extent in memory.shape)

    def memory(self, name: str) -> Memory:
        """The memory of this name."""
        return next(memory for memory in self.memories if memory.name == name)


def extent_of(extent: Extent, dimensions: dict[str, int]) -> int:
    """An extent as a number."""
    if isinstance(extent, int):
        return extent
    if isinstance(extent, str):
        return dimensions[extent]
    operator, first, second = extent[0], extent_of(extent[1], dimensions), extent_of(extent[2], dimensions)
    return first * second if operator == "*" else first // second if operator == "//" else first + second


def walk(statements: tuple[Statement, ...]) -> Iterator[Statement]:
    """All statements, outer ones first."""
    for statement in statements:
        yield statement
        yield from walk(statement.body)
        yield from walk(statement.otherwise)


def names_in(value: Any) -> Iterator[str]:
    """All strings in arguments of statements, names of memories among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from names_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from names_in(part)


def written_by(statement: Statement) -> str:
    """The tile that a leaf writes; empty for what writes global memory or a cell."""
    if statement.kind in ("store", "store_edge"):
        return ""
    return next((statement.arguments[name] for name in ("accumulator", "target", "tile") if name in statement.arguments), "")


def used_memories(program: Program) -> list[Memory]:
    """The memories that statements refer to, and what those are views of, in the order of their declaration."""
    names = {name for statement in walk(program.statements) for name in names_in(statement.arguments)}
    kinds = {statement.kind for statement in walk(program.statements)}
    carried = any(statement.arguments.get("carried") for statement in walk(program.statements))
    names |= {CELLS} if carried or "cell" in names or kinds & {"cell", "atomic_cell", "ticket", "while"} else set()
    names |= {TABLE} if "table" in names or kinds & {"gather", "own_table"} else set()
    names |= {memory.view_of for memory in program.memories if memory.name in names}
    return [memory for memory in program.memories if memory.name in names]


def with_statements(program: Program, change: Callable[[tuple[Statement, ...]], tuple[Statement, ...]]) -> Program:
    """The program with other statements."""
    return replace(program, statements=change(program.statements))


def to_json(program: Program) -> str:
    """The program as one line of JSON."""
    return json.dumps(asdict(program))


def from_json(text: str) -> Program:
    """What `to_json` wrote."""
    record = json.loads(text)
    memories = tuple(Memory(**{**memory, "shape": _tuples(memory["shape"])}) for memory in record.pop("memories"))
    return Program(memories=memories, statements=_statements(record.pop("statements")), **record)


def _statements(records: list[dict[str, Any]]) -> tuple[Statement, ...]:
    return tuple(
        Statement(
            record["kind"],
            {name: _tuples(value) for name, value in record["arguments"].items()},
            _statements(record["body"]),
            _statements(record["otherwise"]),
            record["stage"],
            record["order"],
        )
        for record in records
    )


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value
