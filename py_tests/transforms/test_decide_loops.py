"""The plans of several loops together: what each gets beside the others, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.analysis.statements import body_of
from tilewright.machine.cuda import SM_90A
from tilewright.mlir import ir
from tilewright.transforms.decide_loops import decide_loops
from tilewright.transforms.loop_plan import LoopPlan
from tilewright.transforms.plan_pipeline import pipelined_loops
from tilewright.transforms.strategy import kernel_facts

pytestmark = pytest.mark.l1a_compile_no_target_dialect

SHARED = 232448
WORKGROUP = "#gpu.address_space<workgroup>"
ALONE = "cuda:sm_90a has bulk copies, and nothing forbids it"
HELD = "not specialized: a tile is used outside of the loop, and a second one does not fit into shared memory"
TABLE = (
    "not specialized: a second copy of the table that a copy's address or guard is read from does not fit into shared memory"
)
NESTED = "not specialized: the loop is nested in an asynchronous pipeline, which comes apart"
HOLDS_SPECIALIZED = "a loop in it is specialized, and this one cannot be"
HOLDS_PIPELINED = "a loop in it is pipelined, and could not be in a pipeline"


@contextmanager
def decided(text: str, sizes: dict[str, int]) -> Iterator[list[LoopPlan]]:
    """The plans of the loops in `text`, outer ones first. `sizes`: the elements of tiles of 16 bits, 16 where none is given.

    S, T and U are shared, E is in registers; X is in global memory.
    """
    elements = {name: sizes.get(name, 16) for name in "STU"}
    types = "\n".join(
        f"!{name.lower()} = memref<{count}xf16, {WORKGROUP}>\n"
        f"!win_{name.lower()} = memref<{count}xf16, strided<[1], offset: ?>>"
        for name, count in elements.items()
    )
    tiles = "\n".join(f"%{name} = memref.alloc() : !{name.lower()}" for name in elements)
    with mlir.context():
        module = ir.Module.parse(f"""
{types}
gpu.module @m {{
  gpu.func @f(%X: memref<1000000xf16>, %W: memref<1000000xf16>, %R: memref<{sizes.get("table", 16)}xindex>) kernel
      attributes {{known_block_size = array<i32: 128, 1, 1>}} {{
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %zero = arith.constant 0.0 : f16
    {tiles}
    %K = memref.alloc() : memref<16xf16, #gpu.address_space<private>>
    %E = memref.alloc() : memref<1xf16, #gpu.address_space<private>>
    {text}
    gpu.return
  }}
}}""")
        function = module.body.operations[0].regions[0].blocks[0].operations[0].operation
        bodies = [body_of(loop) for loop in pipelined_loops(function)]
        yield decide_loops(bodies, kernel_facts(function, 128), "auto", SM_90A)


def copy(tile: str, attributes: str = "") -> str:
    """Brings a part of X into a tile."""
    low = tile.lower()
    return f"""%x{tile} = memref.subview %X[%k] [ELEMENTS_{tile}] [1] : memref<1000000xf16> to !win_{low}
      memref.copy %x{tile}, %{tile} {attributes} : !win_{low} to !{low}
"""


def use(tile: str) -> str:
    """Reads an element of a tile."""
    low = tile.lower()
    return f"""scf.forall (%e) in (1) {{
        %v{tile} = memref.load %{tile}[%e] : !{low}
        memref.store %v{tile}, %E[%e] : memref<1xf16, #gpu.address_space<private>>
      }}
"""


def both(first: str, second: str) -> str:
    """One statement that reads an element of either tile."""
    one, other = first.lower(), second.lower()
    return f"""scf.forall (%e) in (1) {{
        %p = memref.load %{first}[%e] : !{one}
        %q = memref.load %{second}[%e] : !{other}
        %sum = arith.addf %p, %q : f16
        memref.store %sum, %E[%e] : memref<1xf16, #gpu.address_space<private>>
      }}
"""


def copied_on(tile: str, attributes: str) -> str:
    """Copies a tile of 16 elements into registers."""
    return f"memref.copy %{tile}, %K {attributes} : !{tile.lower()} to memref<16xf16, #gpu.address_space<private>>\n"


def loop(*statements: str, stages: int = 2, variable: str = "%k", attributes: str = "") -> str:
    asked = f"{{tile.num_stages = {stages} : i32{attributes}}}"
    body = "".join(statement.replace("%k", variable) for statement in statements)
    return f"scf.for {variable} = %c0 to %c4 step %c1 {{\n{body}}} {asked}\n"


def kernel(text: str, **sizes: int) -> str:
    for name in "STU":
        text = text.replace(f"ELEMENTS_{name}", str(sizes.get(name, 16)))
    return text


def strategies(text: str, **sizes: int) -> list[tuple[str, str]]:
    with decided(kernel(text, **sizes), sizes) as plans:
        return [(plan.strategy, plan.reason) for plan in plans]


# Two tiles of 16 elements, of 32 bytes each, are beside the one that is held: 64 bytes.
@pytest.mark.parametrize(("elements", "fits"), [((SHARED - 64) // 4, True), ((SHARED - 64) // 4 + 8, False)])
def test_a_stage_that_is_held_needs_room_for_one_more(elements: int, fits: bool) -> None:
    one = loop(copy("S"), use("S"), stages=1)
    expected = ("warp_specialize", ALONE) if fits else ("async", HELD)
    assert strategies(one + use("S") + one, S=elements) == [expected, expected]


def test_a_loop_whose_stages_are_those_that_it_asked_for_stays_specialized_beside_one_that_is_too_deep() -> None:
    held = loop(copy("S"), use("S"), stages=1) + use("S") + loop(copy("S"), use("S"), stages=1)
    # T comes by a channel of two stages, which one of its loops asks for.
    other = loop(copy("T"), use("T"), stages=2) + loop(copy("T"), use("T"), stages=1)
    plans = strategies(held + other, S=(SHARED - 64) // 4 + 8)
    assert plans == [("async", HELD)] * 2 + [("warp_specialize", ALONE)] * 2


def fill_table(space: str, count: int) -> str:
    return f"""%Q = memref.alloc() : memref<{count}xindex, {space}>
    memref.copy %R, %Q : memref<{count}xindex> to memref<{count}xindex, {space}>
"""


def gathered(tile: str, table: str) -> str:
    low = tile.lower()
    return f"""%row{tile} = memref.load %Q[%k] : {table}
      %x{tile} = memref.subview %X[%row{tile}] [ELEMENTS_{tile}] [1] : memref<1000000xf16> to !win_{low}
      memref.copy %x{tile}, %{tile} : !win_{low} to !{low}
"""


# Of S there are three versions of 16384 bytes, of T and U one of 32, and of the table two, of 8 bytes an element.
ROWS = (SHARED - 3 * 16384 - 64) // 16


@pytest.mark.parametrize(("count", "fits"), [(ROWS, True), (ROWS + 1, False)])
def test_a_table_in_shared_memory_needs_room_for_two(count: int, fits: bool) -> None:
    table = f"memref<{count}xindex, {WORKGROUP}>"
    text = fill_table(WORKGROUP, count) + loop(gathered("S", table), use("S"), stages=3)
    expected = ("warp_specialize", ALONE) if fits else ("async", TABLE)
    assert strategies(text, S=8192, table=count) == [expected]


def test_a_table_in_registers_needs_no_shared_memory() -> None:
    space = "#gpu.address_space<private>"
    table = f"memref<40000xindex, {space}>"
    text = fill_table(space, 40000) + loop(gathered("S", table), use("S"))
    assert strategies(text, table=40000) == [("warp_specialize", ALONE)]


def repeated(text: str) -> str:
    """A loop that asks for nothing."""
    return f"scf.for %o = %c0 to %c4 step %c1 {{\n{text}}}\n"


NO_COPY = "no copy from global to shared memory may run ahead of its iteration"
ANOTHER_BLOCK = "not specialized: a pipelined loop of another block uses a copy's tile"


def test_a_loop_that_loses_its_pipeline_to_one_that_ends_without_gets_it_back() -> None:
    # The second loop asks for a pipeline, and has nothing to copy.
    text = loop(copy("T"), use("T")) + repeated(loop(use("T"), variable="%j"))
    assert strategies(text) == [("warp_specialize", ALONE), ("none", NO_COPY)]


def test_a_loop_whose_tile_is_used_by_a_pipelined_loop_of_another_block_has_no_pipeline() -> None:
    text = loop(copy("T"), use("T")) + repeated(loop(copy("S"), use("S"), use("T"), variable="%j"))
    (first, reason), second = strategies(text)
    assert first == "none" and reason.startswith(f"{NO_COPY} (") and "a pipelined loop of another block uses it" in reason
    assert second == ("warp_specialize", ALONE)


def test_no_loop_gets_a_third_chance() -> None:
    # The first loop loses its pipeline to both others; the last of them has none in the end, and that does not bring it back.
    others = loop(copy("S"), use("S"), use("T"), variable="%j") + loop(use("T"), variable="%j")
    plans = strategies(loop(copy("T"), use("T")) + repeated(others))
    assert [strategy for strategy, _ in plans] == ["none", "warp_specialize", "none"]


def test_loops_of_two_blocks_that_fill_one_tile_cannot_be_counted_together() -> None:
    text = loop(copy("T"), use("T")) + repeated(loop(copy("T"), use("T"), variable="%j"))
    assert strategies(text) == [("async", ANOTHER_BLOCK)] * 2


def test_loops_of_one_block_that_fill_one_tile_share_a_channel() -> None:
    one = loop(copy("T"), use("T"))
    assert strategies(one + one) == [("warp_specialize", ALONE)] * 2
    assert strategies(repeated(one + one)) == [("warp_specialize", ALONE)] * 2


def test_loops_in_one_pipelined_loop_that_fill_one_tile_share_a_channel() -> None:
    inner = loop(copy("T"), use("T"), use("S"), variable="%j")
    assert strategies(loop(copy("S"), inner, inner)) == [("warp_specialize", ALONE)] * 3


def test_a_pipelined_loop_that_only_uses_a_channels_tile_is_in_the_way() -> None:
    text = loop(copy("T"), use("T")) + loop(copy("S"), use("S"), use("T"))
    (first, reason), second = strategies(text)
    assert first == "async" and reason.startswith("not specialized: another pipelined loop uses ")
    assert second == ("warp_specialize", ALONE)


# The copy of a loop that cannot be specialized.
SLOW = copy("S", "{tile.disable_bulk_copy}")
NO_BULK = "not specialized: no copy of the loop can be a bulk copy (no bulk: tile.disable_bulk_copy is set)"


def test_the_inner_loop_is_specialized_before_the_outer_one_is_pipelined() -> None:
    text = loop(SLOW, loop(copy("T"), use("T"), use("S"), variable="%j"))
    assert strategies(text) == [("none", HOLDS_SPECIALIZED), ("warp_specialize", ALONE)]


def test_an_inner_loop_that_is_asked_to_be_asynchronous_is_so_in_an_asynchronous_one() -> None:
    inner = loop(copy("T"), use("T"), use("S"), variable="%j", attributes=', tile.strategy = "async"')
    assert strategies(loop(SLOW, inner)) == [("async", NO_BULK), ("async", "asked for")]


def test_an_outer_loop_that_is_asked_to_be_asynchronous_keeps_the_inner_one_so() -> None:
    inner = loop(copy("T"), use("T"), use("S"), variable="%j")
    plans = strategies(loop(SLOW, inner, attributes=', tile.strategy = "async"'))
    assert plans == [("async", "asked for"), ("async", NESTED)]


def test_the_inner_loop_gets_its_pipeline_before_the_outer_one() -> None:
    # What the inner loop left in T is read after it: in a pipeline there are several.
    inner = loop(copy("T"), use("T"), use("S"), variable="%j")
    assert strategies(loop(copy("S"), inner, use("T"))) == [("none", HOLDS_PIPELINED), ("warp_specialize", ALONE)]


def test_an_inner_loop_that_has_no_pipeline_alone_either_takes_none_from_the_outer_one() -> None:
    inner = loop(use("S"), variable="%j")
    assert strategies(loop(copy("S"), inner)) == [("warp_specialize", ALONE), ("none", NO_COPY)]


def test_a_loop_that_gives_way_to_one_in_it_takes_nothing_from_one_around_it() -> None:
    inner = loop(copy("U"), use("U"), use("T"), use("S"), variable="%i")
    middle = loop(copy("T", "{tile.disable_bulk_copy}"), inner, variable="%j")
    assert strategies(loop(copy("S"), middle)) == [
        ("warp_specialize", ALONE),
        ("none", HOLDS_SPECIALIZED),
        ("warp_specialize", ALONE),
    ]


# Two stages of S, and T and U beside them.
@pytest.mark.parametrize(("elements", "stages"), [((SHARED - 64) // 4, 2), ((SHARED - 64) // 4 + 8, 1)])
def test_stages_that_do_not_fit_into_shared_memory_are_taken_back(elements: int, stages: int) -> None:
    sizes = {"S": elements}
    with decided(kernel(loop(copy("S"), use("S")), **sizes), sizes) as (plan,):
        assert plan.num_stages == stages and plan.strategy == "warp_specialize"
        lost = [] if stages == 2 else [f"2 stages do not fit into {SHARED} bytes of shared memory: 1 it is"]
        assert [remark.message for remark in plan.remarks] == lost
        assert plan.version_bytes == (2 * elements if stages == 2 else 0)


def test_the_stages_of_a_schedule_of_the_inputs_are_those_that_its_versions_need() -> None:
    places = ("{tile.stage = 0 : i32, tile.order = 0 : i32}", "{tile.stage = 3 : i32, tile.order = 1 : i32}")
    with decided(kernel(loop(copy("S", places[0]), copied_on("S", places[1]), stages=1)), {}) as (plan,):
        # Four iterations are in flight.
        assert plan.num_stages == 4 and plan.version_bytes == 3 * 32
        assert plan.remarks == ()


def test_only_a_plan_that_was_asked_for_says_so() -> None:
    for asked in (None, "warp_specialize", "async"):
        attributes = "" if asked is None else f', tile.strategy = "{asked}"'
        with decided(kernel(loop(copy("S"), use("S"), attributes=attributes)), {}) as (plan,):
            assert plan.asked is (asked is not None)
            assert plan.reason == (ALONE if asked is None else "asked for")
            assert plan.held_by is None and plan.private == ()


def test_copies_that_are_waited_for_and_given_back_at_the_same_places_are_one_channel() -> None:
    one, two = loop(copy("S"), copy("T"), both("S", "T")), loop(copy("S"), copy("T"), use("S"), both("S", "T"))
    other = loop(copy("S"), copy("T"), both("S", "T"), use("S"))
    for text, groups in ((one, (0, 0, -1)), (two, (0, 1, -1, -1)), (other, (0, 1, -1, -1))):
        with decided(kernel(text), {}) as (plan,):
            assert plan.strategy == "warp_specialize" and plan.schedule is not None
            assert plan.schedule.groups == groups


MAKES = "a copy needs what another statement makes"


def test_what_fills_the_tile_of_a_copy_is_named_where_it_is_no_producers() -> None:
    fill = "linalg.fill ins(%zero : f16) outs(%S : !s)\n"
    with decided(kernel(loop(fill, copy("S"), use("S"))), {}) as (plan,):
        assert (plan.strategy, plan.reason) == ("async", f"not specialized: {MAKES}")
        (remark,) = plan.remarks
        assert remark.message == f"not specialized, but pipelined: {MAKES}"
        assert [note.message for note in remark.notes] == ["because of this 'linalg.fill'"]


def own_copy(barrier: str) -> str:
    """A bulk copy into T that the kernel itself signals and waits for."""
    of = f"%{barrier}, %c0"
    return f"""%parity = arith.remui %k, %c2 : index
      "tile.mbarrier_expect"({of}) {{bytes = 32 : i32}} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %k, %T, {of}) : (memref<1000000xf16>, index, !t, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"({of}) {{elect = true}} : (!tile.mbarrier, index) -> ()
      "tile.mbarrier_wait"({of}, %parity) : (!tile.mbarrier, index, index) -> ()
"""


BARRIER = '%barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier\n'
RUNS_AHEAD = "a copy that runs ahead signals a barrier of the kernel's own"


def test_a_copy_of_the_kernels_own_that_runs_ahead_is_in_the_way() -> None:
    with decided(kernel(BARRIER + loop(own_copy("barrier"), use("T"))), {}) as (plan,):
        assert (plan.strategy, plan.reason) == ("async", f"not specialized: {RUNS_AHEAD}")
        (remark,) = plan.remarks
        assert [note.message for note in remark.notes] == ["because of this 'tile.bulk_copy'"]


def test_a_copy_of_the_kernels_own_that_stays_in_its_stage_is_not_in_the_way_itself() -> None:
    elsewhere = '"tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()\n'
    text = BARRIER + loop(own_copy("barrier"), use("T"), copy("S"), use("S")) + elsewhere
    with decided(kernel(text), {}) as (plan,):
        kept, _ = plan.remarks
        assert kept.message.endswith("stays in one stage: tile.mbarrier_arrive uses it outside of the loop")
        assert [note.message for note in kept.notes] == ["because of this 'tile.mbarrier_arrive'"]
        assert plan.strategy == "async" and RUNS_AHEAD not in plan.reason


def test_loops_of_two_blocks_that_read_one_buffer_are_counted_each_by_itself() -> None:
    text = loop(copy("S"), use("S")) + repeated(loop(copy("T"), use("T"), variable="%j"))
    assert strategies(text) == [("warp_specialize", ALONE)] * 2


def test_what_else_reads_the_source_of_a_copy_decides_nothing_of_its_channel() -> None:
    reads = """scf.forall (%e) in (1) {
        %w = memref.load %X[%e] : memref<1000000xf16>
        memref.store %w, %E[%e] : memref<1xf16, #gpu.address_space<private>>
      }
"""
    text = loop(copy("S"), copy("T").replace("%X ", "%W ").replace("%X[", "%W["), both("S", "T"), reads)
    with decided(kernel(text), {}) as (plan,):
        assert plan.strategy == "warp_specialize" and plan.schedule is not None
        assert plan.schedule.groups == (0, 0, -1, -1)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("memref.copy %x, %S : !win_s to !s", ("scf.if", "memref.copy")),
        ('"tile.copy_in"(%X, %k, %S) {pad = 0.0 : f16} : (memref<1000000xf16>, index, !s) -> ()', ("scf.if", "tile.copy_in")),
        # What is no copy from global to shared memory is not what is looked for.
        ("memref.copy %S, %x : !s to !win_s", None),
        ("memref.copy %S, %T : !s to !t", None),
        ("%v = memref.load %x[%c0] : !win_s memref.store %v, %S[%c0] : !s", None),
    ],
)
def test_a_condition_with_an_else_that_holds_a_copy_is_named(text: str, names: tuple[str, str] | None) -> None:
    held = f"""%x = memref.subview %X[%k] [16] [1] : memref<1000000xf16> to !win_s
      %odd = arith.cmpi eq, %k, %c1 : index
      scf.if %odd {{
        %next = arith.addi %k, %c1 : index
        {text}
      }} else {{
        memref.store %zero, %S[%c0] : !s
      }}
"""
    with decided(kernel(loop(held, use("S"))), {}) as (plan,):
        assert plan.strategy == "none"
        (remark,) = plan.remarks
        told = [] if names is None else [f"this '{names[0]}' is one statement, together with the '{names[1]}' in it"]
        assert [note.message for note in remark.notes] == told


def test_a_copy_whose_address_another_copy_brings_is_no_producers() -> None:
    table = f"memref<16xindex, {WORKGROUP}>"
    brings = f"memref.copy %R, %Q : memref<16xindex> to {table}\n"
    text = f"%Q = memref.alloc() : {table}\n" + loop(brings, gathered("S", table), use("S"))
    with decided(kernel(text), {}) as (plan,):
        assert (plan.strategy, plan.reason) == ("async", f"not specialized: {MAKES}")
        (remark,) = plan.remarks
        assert [note.message for note in remark.notes] == ["because of this 'memref.copy'"]


def test_a_loop_whose_table_is_in_registers_stays_specialized_beside_one_whose_table_does_not_fit() -> None:
    private = "#gpu.address_space<private>"
    tables = {space: f"memref<15000xindex, {space}>" for space in (private, WORKGROUP)}
    first = fill_table(private, 15000) + loop(gathered("S", tables[private]), use("S"))
    second = fill_table(WORKGROUP, 15000) + loop(gathered("T", tables[WORKGROUP]), use("T"))
    text = first.replace("%Q", "%P") + second
    assert strategies(text, table=15000) == [("warp_specialize", ALONE), ("async", TABLE)]
