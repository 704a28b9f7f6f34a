"""Planned loops as injection reads them back from their statements, and what it records of them: one loop a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink, InputError
from tilewright.machine.cuda import SM_90A
from tilewright.mlir import ir
from tilewright.transforms.base import Decision, PassContext
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.inject_software_pipeline import InjectSoftwarePipeline
from tilewright.transforms.planned_loop import PlannedLoop, copies_in, planned_loops
from tilewright.transforms.schedule import Dependence

pytestmark = pytest.mark.l1a_compile_no_target_dialect


@contextmanager
def kernel(text: str) -> Iterator[ir.Module]:
    """A kernel: S and T are shared, F and G in registers, X is in global memory, and %barrier has two stages."""
    with mlir.context():
        yield ir.Module.parse(f"""
!x = memref<256xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @m {{
  gpu.func @f(%X: !x) kernel attributes {{known_block_size = array<i32: 128, 1, 1>}} {{
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {{arrivals = 1 : i32, stages = 2 : i32}} : () -> !tile.mbarrier
    {text}
    gpu.return
  }}
}}""")


def statement(text: str, stage: int, order: int, group: int = -1) -> str:
    places = f"{{stage = {stage} : i32, order = {order} : i32, group = {group} : i32}}"
    return f'"tile.statement"() ({{ {text} }}) {places} : () -> ()\n'


def loop(*statements: str, attributes: str = 'tile.num_stages = 3 : i32, tile.strategy = "async"') -> str:
    window = "%a = memref.subview %X[%k] [16] [1] : !x to memref<16xf16, strided<[1], offset: ?>>\n"
    return f"scf.for %k = %c0 to %c7 step %c1 {{\n{window}{chr(10).join(statements)}\n}} {{{attributes}}}\n"


def fill(tile: str, instruction: str = "cp.async") -> str:
    return f'memref.copy %a, %{tile} {{tile.instruction = "{instruction}"}} : memref<16xf16, strided<[1], offset: ?>> to !tile'


def move(source: str, target: str) -> str:
    return f"memref.copy %{source}, %{target} : !tile to !frag"


def read(module: ir.Module) -> list[PlannedLoop]:
    function = module.body.operations[0].regions[0].blocks[0].operations[0].operation
    return planned_loops(function, SM_90A)


def recorded(text: str) -> Decision:
    with kernel(text) as module:
        context = PassContext(SM_90A, DiagnosticSink())
        InjectSoftwarePipeline().run(module.operation, context)
        (decision,) = (decision for decision in context.decisions if decision.subject == "loop")
        return decision


def test_a_schedule_begins_at_stage_0() -> None:
    with kernel(loop(statement(fill("S"), 1, 0, 0), statement(move("S", "F"), 3, 1))) as module:
        (planned,) = read(module)
        assert (planned.schedule.stages, planned.schedule.orders, planned.schedule.groups) == ((0, 2), (0, 1), (0, -1))
        assert planned.strategy == "async"
        # Three iterations are in flight: the one that is used, and two that are brought.
        assert list(planned.versions.values()) == [3]


def test_a_specialized_loop_has_the_versions_of_its_channels_and_none_of_its_own() -> None:
    attributes = 'tile.num_stages = 3 : i32, tile.strategy = "warp_specialize"'
    with kernel(loop(statement(fill("S"), 0, 0, 0), statement(move("S", "F"), 2, 1), attributes=attributes)) as module:
        (planned,) = read(module)
        assert planned.strategy == "warp_specialize" and planned.versions == {}


def test_what_each_statement_waits_for_and_the_last_that_uses_a_group() -> None:
    statements = [
        statement(fill("S"), 0, 0, 0),
        statement(fill("T"), 0, 1, 1),
        statement(move("T", "F"), 2, 2),
        statement(move("S", "G"), 2, 3),
        statement(move("T", "F"), 2, 4),
    ]
    with kernel(loop(*statements)) as module:
        (planned,) = read(module)
        assert planned.groups_read() == [frozenset(), frozenset(), {1}, {0}, {1}]
        assert planned.last_users() == {0: 3, 1: 4}
        assert [operation.name for operation in planned.statements] == ["tile.statement"] * 5


def test_a_group_that_nothing_uses_any_more_is_none() -> None:
    statements = [statement(fill("S"), 0, 0, 0), statement(fill("T"), 0, 1, 1), statement(move("T", "F"), 2, 2)]
    with kernel(loop(*statements)) as module:
        (planned,) = read(module)
        assert planned.schedule.groups == (-1, 1, -1)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (loop(statement(fill("S"), 0, 0, 0), statement(move("S", "F"), 1, 1), attributes=""), 1),
        # Without a mark a loop is planned only where it holds nothing but statements.
        (loop(statement(fill("S"), 0, 0, 0), move("S", "F"), attributes=""), 0),
        (loop(fill("S"), move("S", "F")), 0),
        ('scf.if %c { "tile.statement"() ({ }) {stage = 0 : i32, order = 0 : i32, group = -1 : i32} : () -> () }', 0),
        (
            loop(
                statement(fill("S"), 0, 0, 0),
                statement(loop(statement(move("S", "F"), 0, 0)).replace("%k", "%j").replace("%a", "%b"), 1, 1),
            ),
            1,
        ),
        (loop(statement(fill("S"), 0, 0, 0), statement(move("S", "F"), 1, 1)) * 2, 2),
    ],
)
def test_which_loops_are_planned(text: str, count: int) -> None:
    with kernel("%c = arith.cmpi eq, %c0, %c1 : index " + text) as module:
        assert len(read(module)) == count


def test_an_unmarked_loop_of_statements_is_asynchronous() -> None:
    with kernel(loop(statement(fill("S"), 0, 0, 0), statement(move("S", "F"), 1, 1), attributes="")) as module:
        assert read(module)[0].strategy == "async"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            loop(statement(fill("S"), 0, 0, 0), move("S", "F")),
            "'memref.copy' has no place in the schedule of its loop; put it in a tile.statement",
        ),
        (
            loop(statement(fill("S"), 0, 3, 0), statement(move("S", "F"), 1, 3)),
            "two statements of the loop have the same order: [3, 3]",
        ),
    ],
)
def test_what_is_wrong_with_a_planned_loop(text: str, message: str) -> None:
    with kernel(text) as module, pytest.raises(InputError, match=re.escape(message)):
        read(module)


def test_the_copies_that_have_one_of_some_instructions() -> None:
    with kernel(loop(fill("S"), fill("T", "bulk"), move("S", "F"))) as module:
        found = copies_in(module.operation, ("bulk", "simt"))
        assert [ir.StringAttr(copy.attributes["tile.instruction"]).value for copy in found] == ["bulk"]


def test_a_loop_that_needs_no_versions_says_so() -> None:
    # The copy of the next iteration comes after the use of this one.
    decision = recorded(loop(statement(fill("S"), 0, 1, 0), statement(move("S", "F"), 1, 0)))
    assert decision.phrase == "prologue and epilogue of 1 steps, no versions"
    assert decision.details == {"strategy": "async", "depth": 1, "versions": [], "replicas": [], "trips": 7}


def test_barriers_that_are_replicated_are_in_the_decision() -> None:
    bulk = '"tile.bulk_copy"(%X, %k, %S, %barrier, %c1) : (!x, index, !tile, !tile.mbarrier, index) -> ()'
    parity = "%parity = arith.remui %k, %c2 : index\n"
    decision = recorded(
        loop(
            statement('"tile.mbarrier_expect"(%barrier, %c1) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()', 0, 0),
            statement(bulk, 0, 1),
            statement('"tile.mbarrier_arrive"(%barrier, %c1) {elect = true} : (!tile.mbarrier, index) -> ()', 0, 2),
            parity,
            statement('"tile.mbarrier_wait"(%barrier, %c1, %parity) : (!tile.mbarrier, index, index) -> ()', 2, 3),
            statement(move("S", "F"), 2, 4),
        )
    )
    assert decision.phrase == "prologue and epilogue of 2 steps, versions [3], mbarriers replicated [3]"
    assert decision.details == {"strategy": "async", "depth": 2, "versions": [3], "replicas": [3], "trips": 7}


def test_a_loop_that_has_lost_the_versions_that_it_needs_is_left_as_it_was() -> None:
    # In another loop's body, a use before the loop sees iterations that have no number.
    before = "scf.for %t = %c0 to %c7 step %c1 {\n" + fill("S").replace("%a", "%w") + "\n"
    before = before.replace(
        "{\n", "{\n%w = memref.subview %X[%t] [16] [1] : !x to memref<16xf16, strided<[1], offset: ?>>\n", 1
    )
    with kernel(before + loop(statement(fill("S"), 0, 0, 0), statement(move("S", "F"), 1, 1)) + "}") as module:
        context = PassContext(SM_90A, DiagnosticSink())
        InjectSoftwarePipeline().run(module.operation, context)
        (remark,) = context.sink.diagnostics
        assert remark.message.startswith("loop not pipelined: ")
        assert remark.message.endswith("memref.copy uses it before the loop, in another loop's body")
        operations = list(nested_operations(module.operation))
        assert not any(operation.name == "tile.statement" for operation in operations)
        loops = [operation for operation in operations if operation.name == "scf.for"]
        assert len(loops) == 2 and not any(len(operation.attributes) for operation in loops)


def all_recorded(text: str) -> list[dict[str, object]]:
    with kernel(text) as module:
        context = PassContext(SM_90A, DiagnosticSink())
        InjectSoftwarePipeline().run(module.operation, context)
        assert module.operation.verify()
        return [decision.details for decision in context.decisions if decision.subject == "loop"]


def staged(tile: str, stages: int, strategy: str = "async") -> str:
    attributes = f'tile.num_stages = {stages} : i32, tile.strategy = "{strategy}"'
    return loop(statement(fill(tile), 0, 0, 0), statement(move(tile, "F"), stages - 1, 1), attributes=attributes)


def test_a_loop_has_the_versions_of_the_buffers_that_it_uses_as_many_as_the_loop_that_needs_most() -> None:
    text = staged("T", 2) + "scf.for %o = %c0 to %c7 step %c1 {\n" + staged("T", 4) + "}\n" + staged("S", 3)
    assert [details["versions"] for details in all_recorded(text)] == [[4], [4], [3]]


def test_a_loop_that_needs_no_versions_of_a_buffer_takes_part_in_those_of_others() -> None:
    # The copy after the use needs one tile; the loop of another block has three of it.
    one = loop(statement(fill("T"), 0, 1, 0), statement(move("T", "F"), 1, 0))
    text = one + "scf.for %o = %c0 to %c7 step %c1 {\n" + staged("T", 3) + "}\n"
    assert [details["versions"] for details in all_recorded(text)] == [[3], [3]]


def test_loops_of_a_channel_have_as_many_versions_as_it_has_stages() -> None:
    text = staged("T", 2, "warp_specialize") + staged("T", 4, "warp_specialize") + staged("S", 3, "warp_specialize")
    assert [details["versions"] for details in all_recorded(text)] == [[4], [4], [3]]


def test_groups_that_fill_parts_of_a_tile_are_told_apart_by_their_places() -> None:
    part = "memref<8xf16, strided<[1], offset: {}>, #gpu.address_space<workgroup>>"
    views = "".join(f"%h{at} = memref.subview %S[{at}] [8] [1] : !tile to {part.format(at)}\n" for at in (0, 8))
    window = "%b = memref.subview %X[%k] [8] [1] : !x to memref<8xf16, strided<[1], offset: ?>>\n"
    target = "%g = memref.subview %F[0] [8] [1] : !frag to memref<8xf16, strided<[1]>, #gpu.address_space<private>>\n"

    def fills(at: int) -> str:
        instruction = '{tile.instruction = "cp_async"}'
        return f"memref.copy %b, %h{at} {instruction} : memref<8xf16, strided<[1], offset: ?>> to {part.format(at)}"

    def uses(at: int) -> str:
        return f"memref.copy %h{at}, %g : {part.format(at)} to memref<8xf16, strided<[1]>, #gpu.address_space<private>>"

    statements = [
        statement(fills(0), 0, 0, 0),
        statement(fills(8), 0, 1, 1),
        statement(uses(8), 1, 2),
        statement(uses(0), 1, 3),
    ]
    # A view at the beginning has a type without an offset.
    text = loop(views, window, target, *statements).replace(", offset: 0>", ">")
    with kernel(text) as module:
        (planned,) = read(module)
        assert planned.last_users() == {0: 3, 1: 2}
        assert planned.groups_read() == [frozenset(), frozenset(), {1}, {0}]


@pytest.mark.parametrize(
    ("dependence", "waits"),
    [
        (Dependence("RAW", 0, 1, False, "S"), {0}),
        (Dependence("WAW", 0, 1, False, "S"), {0}),
        # What is written after a copy has read it does not wait for it.
        (Dependence("WAR", 0, 1, False, "X"), set()),
        # A copy of the iteration before has been waited for in that.
        (Dependence("RAW", 0, 1, True, "S", True), set()),
        (Dependence("WAR", 0, 1, True, "S", True), set()),
    ],
)
def test_which_dependences_on_a_group_are_waited_for(dependence: Dependence, waits: set[int]) -> None:
    with kernel(loop(statement(fill("S"), 0, 0, 0), statement(move("S", "F"), 2, 1))) as module:
        (planned,) = read(module)
        assert replace(planned, dependences=(dependence,)).groups_read() == [frozenset(), waits]


def test_what_belongs_to_no_group_is_not_waited_for_as_one() -> None:
    with kernel(loop(statement(fill("S"), 0, 0, 0), statement(move("S", "F"), 2, 1))) as module:
        (planned,) = read(module)
        before = Dependence("RAW", 1, 0, False, "F")
        assert replace(planned, dependences=(before,)).groups_read() == [frozenset(), frozenset()]


@pytest.mark.parametrize(
    ("statements", "last"),
    [
        # What else reads the source of a copy uses nothing that it brings.
        (
            [
                statement(fill("S"), 0, 0, 0),
                statement(move("S", "F"), 1, 1),
                statement("memref.copy %a, %G : memref<16xf16, strided<[1], offset: ?>> to !frag", 1, 2),
            ],
            {0: 1},
        ),
        # What is of no group brings nothing by one.
        (
            [
                statement("memref.copy %S, %T : !tile to !tile", 0, 0),
                statement(fill("T"), 0, 1, 0),
                statement(move("T", "F"), 1, 2),
            ],
            {0: 2},
        ),
        # A copy of the group itself does not use what it brings.
        ([statement(fill("S"), 0, 0, 0), statement(move("S", "F"), 1, 2), statement(fill("T"), 0, 1, 0)], {0: 1}),
    ],
)
def test_the_last_user_of_a_group_is_none_of_it(statements: list[str], last: dict[int, int]) -> None:
    with kernel(loop(*statements)) as module:
        (planned,) = read(module)
        assert planned.last_users() == last
