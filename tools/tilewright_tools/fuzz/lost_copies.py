"""Whether a program loses what a copy brings: then plan-pipeline refuses it, by design.

Told from the statements of a program alone, without regions: two statements of an iteration write one tile, one of them
reads global memory (a copy, or what is placed, masked or made by the table), the first is no fill, and nothing between them
reads the tile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tilewright_tools.fuzz.program import Program, Statement, names_in, walk, written_by

_COPIES = ("copy", "copy_part", "copy_edge", "copy_version", "gather", "own_table", "prefetch")


def loses_a_copy(program: Program) -> bool:
    """Whether some pipelined loop of the program does."""
    roots = {memory.name: memory.view_of or memory.name for memory in program.memories}
    loops = (statement for statement in walk(program.statements) if statement.kind == "pipelined")
    return any(_loses(list(_split(loop.body)), roots) for loop in loops)


def _split(body: Sequence[Statement]) -> Iterator[Statement]:
    """The statements of a loop as a pipeline sees them: a guard is split over what is in it, a value is no statement."""
    for statement in body:
        if statement.kind in ("prefetch", "barrier"):
            yield replace(statement, body=())
        if statement.kind in ("guard", "value", "ticket", "prefetch", "barrier") and not statement.otherwise:
            yield from _split(statement.body)
        else:
            yield statement


def _loses(statements: list[Statement], roots: dict[str, str]) -> bool:
    unread: dict[str, list[Statement]] = {}
    for statement in statements:
        leaves = list(walk((statement,)))
        for leaf in leaves:
            for name in _read_by(leaf):
                unread.pop(roots.get(name, name), None)
        for tile in {roots[name] for name in map(written_by, leaves) if name in roots}:
            before = unread.setdefault(tile, [])
            for first in before:
                if first.kind != "fill" and any(_reads_global(one) for one in walk((first, statement))):
                    return True
            before.append(statement)
    return False


def _reads_global(statement: Statement) -> bool:
    return statement.kind in _COPIES or "table" in names_in(statement.arguments)


def _read_by(leaf: Statement) -> Iterator[str]:
    """The memories that a leaf reads, what it updates in place among them."""
    plain = leaf.kind not in ("store", "store_edge", "gemm", "use_version") and not (
        leaf.kind == "reduce" and not leaf.arguments["clear"]
    )
    written = ("tile", "target") if plain else ("target",) if leaf.kind == "use_version" else ()
    yield from names_in({key: value for key, value in leaf.arguments.items() if key not in written})
