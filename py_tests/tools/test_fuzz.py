"""Random programs as data: the same from the same seed, kept whole by JSON, and shrunk to what a failure needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tilewright.language import dtypes
from tilewright_tools.fuzz.checking import has_reference
from tilewright_tools.fuzz.generate import generate
from tilewright_tools.fuzz.lost_copies import loses_a_copy
from tilewright_tools.fuzz.program import (
    OWN_TABLE,
    TABLE,
    Memory,
    Program,
    Statement,
    from_json,
    names_in,
    to_json,
    used_memories,
    walk,
    written_by,
)
from tilewright_tools.fuzz.shrinking import shrink
from tilewright_tools.fuzz.tracing import schedule

pytestmark = pytest.mark.l0_backend_agnostic


def _program(*statements: Statement) -> Program:
    a, view = Memory("a", ("M", 16), "f16", "shared"), Memory("a_view", (8,), "f16", "shared", "a", "flat")
    memories = (a, view, Memory(OWN_TABLE, (12,), "i32", "shared"))
    return Program(7, 256, 2, 3, {"M": 64}, memories, statements)


def _loop(*body: Statement, stages: int = 4) -> Statement:
    arguments = {"name": "k", "start": 2, "stop": ("%", ("cell", 1), 4), "stages": stages, "explicit": True}
    return Statement("pipelined", arguments, body)


def _fill(tile: str, value: int = 0) -> Statement:
    return Statement("fill", {"tile": tile, "value": value})


def _own_table(by_copy: bool, position: Any = 0) -> Statement:
    return Statement("own_table", {"tile": OWN_TABLE, "position": position, "by_copy": by_copy})


def test_a_seed_gives_the_same_program_and_another_seed_another() -> None:
    assert generate(5) == generate(5)
    assert generate(5) != generate(6)


def test_programs_survive_json() -> None:
    for seed in range(30):
        assert from_json(to_json(generate(seed))) == generate(seed)


def test_programs_have_what_they_promise() -> None:
    programs = [generate(seed) for seed in range(300)]
    kinds = {statement.kind for program in programs for statement in walk(program.statements)}
    assert kinds >= {"pipelined", "serial", "while", "guard", "gemm", "reduce", "gather", "atomic", "copy_edge", "cell"}
    assert kinds >= {"scan", "best", "value", "ticket", "prefetch", "barrier", "roles", "sparse_gemm"}
    statements = [statement for program in programs for statement in walk(program.statements)]
    for argument in ("explicit", "carried", "step", "strategy", "mask", "repeat"):
        assert any(statement.arguments.get(argument) for statement in statements), argument
    assert any(memory.view_of for program in programs for memory in used_memories(program))
    dtypes = {memory.dtype for program in programs for memory in used_memories(program)}
    assert dtypes >= {"f16", "bf16", "f32", "f8E4M3FN", "f8E5M2", "i8", "i16", "i32"}
    used = [memory for program in programs for memory in used_memories(program)]
    assert {len(memory.shape) for memory in used} == {0, 1, 2, 3}
    assert {memory.layout for memory in used} == {"", "padded", "swizzled"}
    assert any(program.threads % 128 for program in programs)


def _reads_own_table(statement: Statement) -> bool:
    return statement.kind != "own_table" and OWN_TABLE in names_in(statement.arguments)


def test_programs_have_what_a_producer_makes_in_other_ways() -> None:
    programs = [generate(seed) for seed in range(300)]
    statements = [statement for program in programs for statement in walk(program.statements)]
    assert any(statement.arguments.get("no_bulk") for statement in statements)
    assert {s.arguments["table"] for s in statements if s.kind == "gather"} == {TABLE, OWN_TABLE}
    assert {s.arguments["by_copy"] for s in statements if s.kind == "own_table"} == {True, False}
    assert any(_reads_own_table(statement) for statement in statements if statement.kind == "copy")
    guarded = [s.body for s in statements if s.kind == "guard" and len(s.body) > 1 and s.body[-1].kind == "pipelined"]
    assert any(body[0].kind == "copy" and body[0].arguments["tile"] == "once" for body in guarded)


def test_rows_of_narrow_tiles_are_too_short_for_bulk_copies() -> None:
    programs = [generate(seed) for seed in range(300)]
    narrow = {memory for program in programs for memory in used_memories(program) if memory.name == "narrow"}
    assert {dtypes.as_dtype(memory.dtype).bytes * memory.shape[-1] for memory in narrow} == {4, 8}


def test_what_is_copied_once_is_written_before_anything_reads_it() -> None:
    programs = [program for program in map(generate, range(300)) if any(m.name == "once" for m in used_memories(program))]
    assert len(programs) > 30
    for program in programs:
        first = next(s for s in walk(program.statements) if "once" in names_in(s.arguments))
        assert written_by(first) == "once"


def test_a_table_that_nothing_reads_is_not_filled() -> None:
    programs = [
        program for program in map(generate, range(300)) if any(s.kind == "own_table" for s in walk(program.statements))
    ]
    assert len(programs) > 30
    for program in programs:
        assert any(map(_reads_own_table, walk(program.statements)))


def test_the_own_table_is_filled_from_the_one_in_global_memory() -> None:
    memories = (Memory(TABLE, (12,), "i32", "global"), Memory(OWN_TABLE, (12,), "i32", "shared"))
    program = replace(_program(_own_table(by_copy=True)), memories=memories)
    assert used_memories(program) == [*memories]


def test_a_memory_is_used_through_its_view() -> None:
    assert [memory.name for memory in used_memories(_program(_fill("a_view")))] == ["a", "a_view"]
    assert used_memories(_program()) == []


_COPY = Statement("copy", {"tensor": "in_a", "tile": "a", "position": 0, "axis": 0})
_AT_OWN_TABLE = Statement("copy", {"tensor": "in_a", "tile": "a", "position": (OWN_TABLE, 0), "axis": 0})
_MASKED = Statement("elementwise", {"target": "a", "value": 1, "mask": ("<", ("table", 0), 5), "low": 0, "high": 1})
_USE = Statement("elementwise", {"target": "b", "value": ("load", "a_view", "i"), "low": 0, "high": 1})


@pytest.mark.parametrize(
    ("loses", "body"),
    [
        (True, (_COPY, _COPY)),
        (True, (_COPY, _fill("a_view"))),
        (True, (Statement("guard", {"condition": 1}, (_COPY,)), _USE, _COPY, _fill("a"))),
        (True, (_MASKED, _fill("a"))),
        (True, (_own_table(by_copy=True), _own_table(by_copy=False))),
        (False, (_own_table(by_copy=True), _AT_OWN_TABLE, _own_table(by_copy=True))),
        (False, (_fill("a"), _COPY)),
        (False, (_COPY, _USE, _COPY)),
        (False, (_COPY, Statement("move", {"source": "a", "target": "b"}), _fill("a"))),
        (False, (_COPY, Statement("elementwise", {"target": "a", "value": ("load", "a", "ij"), "low": 0, "high": 1}))),
    ],
)
def test_a_program_is_known_to_lose_a_copy(loses: bool, body: tuple[Statement, ...]) -> None:
    assert loses_a_copy(_program(_loop(*body))) == loses


@pytest.mark.parametrize(
    ("known", "dtype", "op"),
    [(True, "f16", "sum"), (True, "f8E4M3FN", "max"), (False, "f8E4M3FN", "sum"), (False, "f8E5M2", "sum")],
)
def test_the_reference_says_nothing_of_sums_that_it_rounds_more_often(known: bool, dtype: str, op: str) -> None:
    reduction = Statement("reduce", {"source": "c", "target": "b", "op": op, "axis": 0, "clear": True})
    program = replace(_program(_loop(reduction)), memories=(Memory("c", (16, 16), dtype, "shared"),))
    assert has_reference(program) == known


def test_the_reference_knows_no_barriers() -> None:
    assert not has_reference(_program(_loop(Statement("barrier", {}))))


def test_slots_of_an_explicit_schedule_follow_their_statement() -> None:
    reduction = Statement("reduce", {"source": "a", "target": "b", "op": "sum", "axis": 0, "clear": True}, stage=1, order=0)
    guard = Statement("guard", {"condition": ("<", 1, 2)}, (_fill("a"), _fill("a")), stage=0, order=5)
    assert schedule([guard, reduction]) == ([0, 0, 1, 1], [2, 3, 0, 1])


@pytest.mark.parametrize(
    "needed",
    [
        lambda program: any(s.kind == "gemm" for s in walk(program.statements)),
        lambda program: any(s.kind == "guard" and s.body for s in walk(program.statements)),
        lambda program: sum(s.kind == "copy" for s in walk(program.statements)) >= 2,
    ],
)
def test_shrinking_leaves_what_the_failure_needs(needed: Any) -> None:
    seed = next(seed for seed in range(1000) if needed(generate(seed)) and len(list(walk(generate(seed).statements))) > 12)
    small = shrink(generate(seed), needed)
    assert needed(small)
    assert len(list(walk(small.statements))) <= 2
    assert (small.threads, small.blocks, small.count) == (32, 1, 0)


def test_shrinking_takes_loops_away_around_what_is_needed_and_makes_arguments_simple() -> None:
    inner = _loop(_fill("a", 2), _fill("b"))

    def needed(program: Program) -> bool:
        loops = [s for s in walk(program.statements) if s.kind == "pipelined" and s.arguments["stages"] >= 2]
        return any(inner.kind == "fill" for loop in loops for inner in loop.body)

    small = shrink(_program(_fill("c"), _loop(_loop(inner), stages=6)), needed)
    arguments = {"name": "k", "start": 0, "stop": 0, "stages": 2, "explicit": False}
    (fill,) = small.statements[0].body
    assert small.statements == (Statement("pipelined", arguments, (fill,)),)
    assert fill.arguments["value"] == 0
    assert small.dimensions == {"M": 16}


def test_shrinking_gives_up_after_so_many_attempts() -> None:
    seen: list[Program] = []
    program = _program(*[_fill("a")] * 8)
    assert shrink(program, lambda candidate: bool(seen.append(candidate)), attempts=5) == program
    assert len(seen) < 6


def test_shrinking_makes_loops_of_carried_values_masks_and_layouts_plain() -> None:
    masked = Statement("elementwise", {"target": "a", "value": 1, "low": 0.0, "high": 1.0, "mask": ("i<", 3), "repeat": 2})
    arguments = {"name": "k", "start": 0, "stop": 2, "stages": 2, "explicit": False, "carried": (1, ("loop", "k")), "step": 3}
    program = _program(Statement("pipelined", {**arguments, "strategy": "async"}, (masked,)))
    program = replace(program, memories=tuple(replace(memory, layout="padded") for memory in program.memories))
    kinds = {"pipelined", "elementwise"}
    small = shrink(program, lambda candidate: {s.kind for s in walk(candidate.statements)} == kinds)
    loop, inner = walk(small.statements)
    assert (loop.arguments["carried"], loop.arguments["strategy"], loop.arguments["step"]) == (None, None, 1)
    assert (inner.arguments["mask"], inner.arguments["repeat"]) == (None, 0)
    assert not any(memory.layout for memory in small.memories)


def test_shrinking_keeps_the_cell_of_a_carried_value_and_makes_the_next_one_simple() -> None:
    following = ("%", ("+", ("loop", "k"), 1), 4)
    arguments = {"name": "k", "start": 0, "stop": 2, "stages": 2, "explicit": False, "carried": (1, following)}

    def needed(program: Program) -> bool:
        return any(s.arguments.get("carried") for s in walk(program.statements))

    (loop,) = shrink(_program(Statement("pipelined", arguments, (_fill("a"),))), needed).statements
    assert loop.arguments["carried"] == (1, 0)


def test_shrinking_makes_a_gather_read_the_table_in_global_memory_and_drops_the_own_one() -> None:
    gather = Statement("gather", {"tensor": "in_a", "tile": "a", "table": OWN_TABLE, "position": (OWN_TABLE, ("loop", "k"))})
    program = _program(_own_table(by_copy=True), _loop(gather))
    (small,) = shrink(program, lambda candidate: any(s.kind == "gather" for s in walk(candidate.statements))).statements
    assert small.arguments == {"tensor": "in_a", "tile": "a", "table": TABLE, "position": 0}


def test_shrinking_keeps_an_own_table_that_the_failure_needs_and_fills_it_by_a_plain_copy() -> None:
    copy = replace(_AT_OWN_TABLE, arguments={**_AT_OWN_TABLE.arguments, "no_bulk": True})
    program = _program(_own_table(by_copy=False, position=("count",)), _loop(copy, _fill("a")))

    def needed(candidate: Program) -> bool:
        kinds = [s.kind for s in walk(candidate.statements)]
        return kinds[:2] == ["own_table", "pipelined"] and any(map(_reads_own_table, walk(candidate.statements)))

    table, loop = shrink(program, needed).statements
    assert table == _own_table(by_copy=True)
    (left,) = loop.body
    assert left == replace(_AT_OWN_TABLE, arguments={**_AT_OWN_TABLE.arguments, "no_bulk": False})


def test_shrinking_takes_the_table_in_global_memory_where_any_table_will_do_in_a_condition() -> None:
    guard = Statement("guard", {"condition": (">", (OWN_TABLE, ("loop", "k")), 3)}, (_fill("a"),))

    def needed(candidate: Program) -> bool:
        return any({"table", OWN_TABLE} & set(names_in(s.arguments)) for s in walk(candidate.statements) if s.kind == "guard")

    (small,) = shrink(_program(_own_table(by_copy=True), _loop(guard)), needed).statements
    assert small.arguments["condition"] == (">", ("table", ("loop", "k")), 3)


def test_shrinking_takes_the_guard_away_from_a_loop_and_what_is_copied_once_before_it() -> None:
    once = replace(_COPY, arguments={**_COPY.arguments, "tile": "once"})
    guard = Statement("guard", {"condition": ("<", ("block",), 1)}, (once, _loop(_COPY, _USE)))

    def needed(candidate: Program) -> bool:
        order = [(s.kind, s.arguments.get("tile")) for s in walk(candidate.statements)]
        return ("copy", "once") in order and ("pipelined", None) in order[order.index(("copy", "once")) :]

    small = shrink(_program(_own_table(by_copy=True), guard), needed)
    assert [s.kind for s in walk(small.statements)] == ["copy", "pipelined"]
