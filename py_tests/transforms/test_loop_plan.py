"""What planning reads of a loop's statements, and what it takes back: one row a statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.analysis.regions import buffer_name
from tilewright.analysis.statements import LoopBody, body_of
from tilewright.diagnostics import InputError
from tilewright.machine.cuda import SM_90A
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.loop_plan import (
    LoopPlan,
    bytes_of,
    copy_operation,
    graph_with_versions,
    instruction_choices,
    loads_shared,
    produces,
    read_request,
    shared_bytes,
)
from tilewright.transforms.planned_loop import roots_used
from tilewright.transforms.schedule import Schedule
from tilewright.transforms.wrap_statements import strip_request

pytestmark = pytest.mark.l1a_compile_no_target_dialect


@contextmanager
def loop(text: str, attributes: str = "") -> Iterator[LoopBody]:
    """A loop over `text`: X is in global memory, S and R are shared, F and G are in registers, U is in an unknown memory."""
    with mlir.context():
        module = ir.Module.parse(f"""
!x = memref<16xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!registers = memref<16xf16, #gpu.address_space<private>>
gpu.module @m {{ gpu.func @f(%X: !x, %A: memref<16x16xf16, #gpu.address_space<workgroup>>, %guard: i1, %v: f16) kernel {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %S = memref.alloc() : !tile
  %R = memref.alloc() : !tile
  %F = memref.alloc() : !registers
  %G = memref.alloc() : !registers
  %U = memref.alloc() : memref<16xf16, 9>
  %H = memref.alloc() : memref<8x3xf32>
  %P = memref.alloc() : memref<16x16xf16, #gpu.address_space<private>>
  scf.for %k = %c0 to %c4 step %c1 {{
    {text}
  }} {{{attributes}}}
  gpu.return
}} }}""")
        function = module.body.operations[0].regions[0].blocks[0].operations[0].operation
        yield body_of(next(op for op in nested_operations(function) if op.name == "scf.for"))


def element_wise(source: str, target: str, source_type: str, target_type: str) -> str:
    maps = "[affine_map<(i) -> (i)>, affine_map<(i) -> (i)>]"
    return f"""linalg.generic {{indexing_maps = {maps}, iterator_types = ["parallel"]}}
      ins({source} : {source_type}) outs({target} : {target_type}) {{
      ^bb0(%s: f16, %t: f16): %sum = arith.addf %s, %s : f16 linalg.yield %sum : f16 }}"""


FORALL = """scf.forall (%i) in (16) { %e = memref.load %X[%i] : !x memref.store %e, %S[%i] : !tile }"""


@pytest.mark.parametrize(
    ("text", "loads", "makes"),
    [
        ("memref.copy %X, %S : !x to !tile", True, True),
        ("linalg.copy ins(%X : !x) outs(%S : !tile)", True, True),
        ("scf.if %guard { memref.copy %X, %S : !x to !tile }", True, True),
        (FORALL, True, True),
        (element_wise("%X", "%S", "!x", "!tile"), True, True),
        # On chip, from one place to another: made, not loaded.
        ("memref.copy %S, %R : !tile to !tile", False, True),
        ("memref.copy %S, %F : !tile to !registers", False, True),
        ("memref.copy %X, %F : !x to !registers", False, True),
        ("linalg.fill ins(%v : f16) outs(%S : !tile)", False, True),
        ("memref.store %v, %S[%k] : !tile", False, True),
        ("memref.store %v, %F[%k] : !registers", False, True),
        (element_wise("%F", "%G", "!registers", "!registers"), False, True),
        # To global memory, or one that the machine does not have.
        ("memref.copy %S, %X : !tile to !x", False, False),
        ("memref.store %v, %X[%k] : !x", False, False),
        ("memref.copy %X, %U : !x to memref<16xf16, 9>", False, False),
        # It may be any of two.
        ("%w = arith.select %guard, %S, %R : !tile memref.copy %X, %w : !x to !tile", False, False),
        ("%w = arith.select %guard, %X, %X : !x memref.copy %w, %S : !x to !tile", False, True),
        # A product, an atomic update and a loop do not run ahead.
        (
            "linalg.matmul ins(%A, %A : memref<16x16xf16, #gpu.address_space<workgroup>>, "
            "memref<16x16xf16, #gpu.address_space<workgroup>>) outs(%P : memref<16x16xf16, #gpu.address_space<private>>)",
            False,
            False,
        ),
        ("%r = memref.atomic_rmw addf %v, %S[%k] : (f16, !tile) -> f16", False, False),
        ("scf.for %i = %c0 to %c4 step %c1 { memref.copy %X, %S : !x to !tile }", False, False),
    ],
)
def test_what_may_run_ahead(text: str, loads: bool, makes: bool) -> None:
    with loop(text) as body:
        (statement,) = body.statements
        assert loads_shared(statement, SM_90A) is loads
        assert produces(statement, SM_90A) is makes


def test_each_copy_has_a_choice_and_what_computes_its_elements_is_done_by_the_threads() -> None:
    with loop(f"memref.copy %X, %R : !x to !tile {FORALL} linalg.fill ins(%v : f16) outs(%F : !registers)") as body:
        copy, computed, other = instruction_choices(body, SM_90A, ("mbarrier", "none"))
        assert copy is not None and copy.instruction == "bulk"
        assert computed is not None and (computed.instruction, computed.reason) == ("simt", "scf.forall computes its elements")
        assert other is None
        assert [copy_operation(statement) is not None for statement in body.statements] == [True, False, False]


def test_sizes_are_in_bytes_and_only_shared_memory_counts() -> None:
    with loop("memref.copy %X, %S : !x to !tile") as body:
        function = body.loop.parent.operation
        sizes = [bytes_of(op.results[0]) for op in nested_operations(function) if op.name == "memref.alloc"]
        assert sizes == [32, 32, 32, 32, 32, 96, 512]
        assert shared_bytes(function, SM_90A) == 64


def test_the_buffers_of_a_statement_in_the_order_of_their_use() -> None:
    text = "scf.if %guard { memref.copy %X, %S : !x to !tile memref.copy %S, %F : !tile to !registers }"
    with loop(text) as body:
        function = body.loop.parent.operation
        allocated = [op.results[0] for op in nested_operations(function) if op.name == "memref.alloc"]
        condition = next(op for op in nested_operations(body.loop) if op.name == "scf.if")
        assert roots_used(condition) == [function.regions[0].blocks[0].arguments[0], allocated[0], allocated[2]]


ONE = "memref.copy %X, %S : !x to !tile"
STAGED = "memref.copy %X, %S {{tile.stage = {} : i32, tile.order = {} : i32}} : !x to !tile\n"


def staged(*places: tuple[int, int]) -> str:
    return "".join(STAGED.format(*place) for place in places)


@pytest.mark.parametrize(
    ("text", "attributes", "expected"),
    [
        (ONE, "", (1, None, None, None)),
        (ONE, "tile.num_stages = 3 : i32", (3, None, None, None)),
        (ONE, "tile.num_stages = 0 : i32", (0, None, None, None)),
        (ONE, 'tile.strategy = "async"', (1, None, None, "async")),
        # The depth is that of the farthest stage, or what the loop asks for where that is more.
        (staged((0, 0), (2, 1)), "", (2, (0, 2), (0, 1), None)),
        (staged((0, 0), (0, 1)), "", (0, (0, 0), (0, 1), None)),
        (staged((0, 3), (2, 1)), "tile.num_stages = 4 : i32", (4, (0, 2), (3, 1), None)),
        (staged((3, 1), (0, 0)), "tile.num_stages = 2 : i32", (3, (3, 0), (1, 0), None)),
    ],
)
def test_what_a_loop_asks_for(text, attributes, expected) -> None:
    with loop(text, attributes) as body:
        request = read_request(body, "auto")
        assert (request.num_stages, request.stages, request.orders, request.strategy) == expected
        chosen = read_request(body, "warp_specialize").strategy
        assert chosen == (expected[3] or "warp_specialize")


@pytest.mark.parametrize(
    ("text", "attributes", "message"),
    [
        (ONE, "tile.num_stages = -1 : i32", "tile.num_stages = -1 on 'scf.for'; it must be 0 (no pipeline) or more"),
        (ONE, 'tile.strategy = "fast"', "it is one of async, warp_specialize, none"),
        (staged((0, 1), (1, 1)), "", "tile.stage [0, 1] and tile.order [1, 1]: stages start at 0 and orders differ"),
        (staged((-1, 0), (1, 1)), "", "tile.stage [-1, 1] and tile.order [0, 1]"),
        (staged((0, 0)) + ONE, "", "'memref.copy' has no tile.stage, but other statements of its loop do"),
        ("memref.copy %X, %S {tile.stage = 1 : i32} : !x to !tile", "", "'memref.copy' has no tile.order"),
        ("memref.copy %X, %S {tile.order = 1 : i32} : !x to !tile", "", "'memref.copy' has no tile.stage"),
    ],
)
def test_what_no_loop_may_ask_for(text: str, attributes: str, message: str) -> None:
    with loop(text, attributes) as body, pytest.raises(InputError) as raised:
        read_request(body, "auto")
    assert message in str(raised.value)


def test_a_loop_without_a_pipeline_keeps_nothing_of_its_request() -> None:
    asked = 'tile.num_stages = 2 : i32, tile.strategy = "async", tile.reason = "it fits", '
    with loop(staged((0, 0), (1, 1)), f"{asked}tile.disable_warp_specialization, other") as body:
        strip_request(body.loop)
        left = [name for operation in nested_operations(body.loop) for name in operation.attributes]
        assert [name for name in left if name.startswith("tile.")] == [] and "other" in left


@pytest.mark.parametrize(
    ("plan", "phrase"),
    [
        (LoopPlan("none", "no copy"), "none: no copy"),
        (LoopPlan("async", "asked for", 2, Schedule((0, 1), (0, 1), (0, -1))), "async, stages [0, 1], source order"),
        (LoopPlan("async", "asked for", 2, Schedule((0, 2), (1, 0), (0, -1))), "async, stages [0, 2], order [1, 0]"),
    ],
)
def test_a_plan_in_words(plan: LoopPlan, phrase: str) -> None:
    assert plan.phrase == phrase


def test_only_the_tiles_of_copies_say_why_they_have_no_versions() -> None:
    """Two buffers are read before they are written; only one of them is what a copy from global memory brings."""
    kept = "memref.copy %R, %G : !tile to !registers memref.copy %G, %R : !registers to !tile"
    with loop(f"memref.copy %S, %F : !tile to !registers memref.copy %X, %S : !x to !tile {kept}") as body:
        graph, refused = graph_with_versions(body, [], SM_90A)
        function = body.loop.parent.operation
        tile = next(op for op in nested_operations(function) if op.name == "memref.alloc").results[0]
        assert refused == {buffer_name(tile): "an iteration reads what an earlier one left in it"}
        assert tile not in graph.renewed
    with loop("memref.copy %X, %S : !x to !tile memref.copy %S, %F : !tile to !registers") as body:
        graph, refused = graph_with_versions(body, [], SM_90A)
        assert refused == {} and len(graph.renewed) == 2
