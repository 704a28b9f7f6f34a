"""Making a wrong program small: statements, loops, guards, stages, shapes go as long as the failure stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tilewright_tools.fuzz.program import OWN_TABLE, TABLE, Program, Statement

Statements = tuple[Statement, ...]
Fails = Callable[[Program], bool]

MOST_ATTEMPTS = 1500


def shrink(program: Program, fails: Fails, attempts: int = MOST_ATTEMPTS) -> Program:
    """The smallest program found that still fails; every candidate is a smaller program, so this ends.

    `fails` says whether a candidate goes wrong in the same way. At most `attempts` candidates are tried.
    """
    left = attempts
    shrunk = True
    while shrunk and left > 0:
        shrunk = False
        for candidate in _candidates(program):
            left -= 1
            if left <= 0:
                break
            if fails(candidate):
                program, shrunk = candidate, True
                break
    return program


def _candidates(program: Program) -> Iterator[Program]:
    """Smaller programs, those that save most first."""
    for statements in _fewer(program.statements):
        yield replace(program, statements=statements)
    yield from _smaller_kernels(program)
    for statements in _simpler(program.statements):
        yield replace(program, statements=statements)


def _fewer(statements: Statements) -> Iterator[Statements]:
    """Without a run of statements, long runs first; then the same inside each; then bodies in the place of their statements."""
    size = len(statements)
    while size:
        for start in range(0, len(statements), size):
            yield statements[:start] + statements[start + size :]
        size //= 2
    for i, statement in enumerate(statements):
        before, after = statements[:i], statements[i + 1 :]
        for body in _fewer(statement.body):
            yield (*before, replace(statement, body=body), *after)
        for otherwise in _fewer(statement.otherwise):
            yield (*before, replace(statement, otherwise=otherwise), *after)
        if statement.body:
            yield (*before, *statement.body, *after)
        if statement.otherwise:
            yield (*before, *statement.otherwise, *after)


def _smaller_kernels(program: Program) -> Iterator[Program]:
    for threads in (128, 32):
        if threads < program.threads:
            yield replace(program, threads=threads)
    if program.blocks > 1:
        yield replace(program, blocks=1)
    for count in range(program.count):
        yield replace(program, count=count)
    for extent in (16, 32):
        if any(size > extent for size in program.dimensions.values()):
            yield replace(program, dimensions={name: min(extent, size) for name, size in program.dimensions.items()})
    if any(memory.layout for memory in program.memories):
        yield replace(program, memories=tuple(replace(memory, layout="") for memory in program.memories))
    for name, size in program.dimensions.items():
        if size > 16:
            yield replace(program, dimensions={**program.dimensions, name: 16})


def _simpler(statements: Statements) -> Iterator[Statements]:
    """With one argument of one statement simpler."""
    for i, statement in enumerate(statements):
        before, after = statements[:i], statements[i + 1 :]
        for name, value in statement.arguments.items():
            for simpler in _simpler_values(statement.kind, name, value):
                yield (*before, replace(statement, arguments={**statement.arguments, name: simpler}), *after)
        if statement.stage or statement.order:
            yield (*before, replace(statement, stage=0, order=0), *after)
        for body in _simpler(statement.body):
            yield (*before, replace(statement, body=body), *after)
        for otherwise in _simpler(statement.otherwise):
            yield (*before, replace(statement, otherwise=otherwise), *after)


def _simpler_values(kind: str, name: str, value: Any) -> Iterator[Any]:
    if name == "by_copy":
        # A copy is shorter than the parallel loop that does the same.
        yield from (True,) if not value else ()
    elif value is True:
        yield False
    elif name == "table" and value == OWN_TABLE:
        yield TABLE
    elif name == "mask" and isinstance(value, tuple):
        yield None
    elif name == "carried" and isinstance(value, tuple):
        yield None
        for simpler in _simpler_expressions("position", value[1]) if isinstance(value[1], tuple) else ():
            yield (value[0], simpler)
    elif isinstance(value, tuple):
        yield from _simpler_expressions(name, value)
    elif isinstance(value, int) and name in (
        "start",
        "stop",
        "stages",
        "position",
        "step",
        "version",
        "value",
        "repeat",
        "trips",
    ):
        # A loop keeps at least one stage and one step.
        least = 1 if name in ("stages", "step") else 0
        yield from (smaller for smaller in (least, 1, 2, 3) if least <= smaller < value)
    elif name == "strategy" and value is not None:
        yield None
    elif name == "op" and value != "max" and kind == "reduce":
        yield "max"


def _simpler_expressions(name: str, value: tuple[Any, ...]) -> Iterator[Any]:
    """Operands in the place of an expression, and numbers in the place of positions."""
    operator, *operands = value
    if operator == "load":
        return
    if name in ("stop", "position", "start", "version", "rows", "columns", "trips", "value"):
        yield from (0, 1, 3) if name == "stop" else (0,)
    if name == "condition" and operator == "and":
        yield from operands
        return
    if operator == OWN_TABLE:
        yield ("table", *operands)
    yield from (operand for operand in operands if isinstance(operand, tuple) and name != "condition")
    for i, operand in enumerate(operands):
        if isinstance(operand, tuple):
            for simpler in _simpler_expressions(name, operand):
                yield _with(value, i + 1, simpler)


def _with(value: Sequence[Any], place: int, part: Any) -> tuple[Any, ...]:
    return (*value[:place], part, *value[place + 1 :])
