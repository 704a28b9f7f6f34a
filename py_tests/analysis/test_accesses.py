"""What each operation reads and writes: kind, region and certainty, one row an operation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.l1a_compile_no_target_dialect

IDENTITY = 'indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]'
STORE = "memref.store %v, %S[{}] : !tile\n"
LOAD = "%l = memref.load %S[{}] : !tile\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%l = memref.load %M[%i, %c3] : !m", ["read M[i:+1, 3:+1]"]),
        ("memref.store %v, %M[%c2, %j] : !m", ["write M[2:+1, j:+1]"]),
        ("%l = affine.load %M[%i, 3] : !m", ["read? M[0:+?, 0:+?]~"]),
        ("affine.store %v, %M[%i, 3] : !m", ["write? M[0:+?, 0:+?]~"]),
        ("%l = memref.atomic_rmw addf %v, %M[%i, %j] : (f32, !m) -> f32", ["atomic M[i:+1, j:+1]"]),
        ("linalg.fill ins(%v : f32) outs(%S : !tile)", ["write S[0:+16]"]),
        (
            '"tile.copy_in"(%X, %i, %S) {pad = 0.0 : f32} : (!x, index, !tile) -> ()',
            ["read X[i:+16]", "write S[0:+16]"],
        ),
        (
            '"tile.copy_in"(%M, %i, %j, %S) {pad = 0.0 : f32} : (!m, index, index, !tile) -> ()',
            ["read M[i:+1, j:+16]", "write S[0:+16]"],
        ),
        ('"tile.copy_out"(%S, %X, %j) : (!tile, !x, index) -> ()', ["read S[0:+16]", "write X[j:+16]~"]),
        ("gpu.barrier", ["opaque gpu.barrier"]),
        ("%r = arith.addi %i, %j : index", []),
        ("%r = memref.alloc() : !tile", []),
        ("%r = memref.alloca() : !tile", []),
        ("memref.dealloc %S : !tile", []),
        ("%r = memref.dim %X, %c0 : !x", []),
    ],
)
def test_an_operation_on_its_own(text: str, expected: list[str], effects: Callable[..., list[str]]) -> None:
    assert effects(text) == expected


def test_a_copy_reads_its_source_and_writes_its_destination(effects: Callable[..., list[str]]) -> None:
    view = "%w = memref.subview %X[%i] [16] [1] : !x to !view"
    assert effects("memref.copy %w, %S : !view to !tile", view) == ["read X[i:+16]", "write S[0:+16]"]


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("%o", ["read M[0:+8, 0:+16]", "read N[0:+8, 0:+16]", "write N[0:+8, 0:+16]"]),
        ("%a", ["read M[0:+8, 0:+16]", "write N[0:+8, 0:+16]"]),
    ],
)
def test_an_output_is_read_where_its_old_value_is_used(
    use: str, expected: list[str], effects: Callable[..., list[str]]
) -> None:
    text = f"""linalg.generic {{indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}} ins(%M : !m) outs(%N : !m) {{
      ^bb0(%a: f32, %o: f32):
        %s = arith.addf {use}, %a : f32
        linalg.yield %s : f32 }}"""
    assert effects(text) == expected


def test_what_a_body_loads_may_be_anywhere(effects: Callable[..., list[str]]) -> None:
    body = "^bb0(%o: f32): %l = memref.load %X[%c3] : !x linalg.yield %l : f32"
    assert effects(f"linalg.generic {{{IDENTITY}}} outs(%S : !tile) {{ {body} }}") == ["read? X[0:+?]~", "write S[0:+16]"]


@pytest.mark.parametrize(
    ("bounds", "index", "expected"),
    [
        ("%c0 to %c8 step %c1", "%k", "write S[0:+8]"),
        ("%c3 to %c8 step %c1", "%k", "write S[3:+5]"),
        # Elements are left out: all of the box may be touched, not all of it is. The last that is written is 6, or 7.
        ("%c0 to %c8 step %c2", "%k", "write S[0:+7]~"),
        ("%c1 to %c8 step %c2", "%k", "write S[1:+7]~"),
        ("%c1 to %c8 step %c3", "%k", "write S[1:+7]~"),
        ("%c2 to %c8 step %c3", "%k", "write S[2:+4]~"),
        ("%c0 to %c1 step %c1", "%k", "write S[0:+1]"),
        # Nothing may run: nothing is certain, nor where it would be.
        ("%c8 to %c8 step %c1", "%k", "write? S[0:+?]~"),
        ("%c0 to %i step %c1", "%k", "write? S[0:+?]~"),
        ("%i to %c8 step %c1", "%k", "write? S[0:+?]~"),
        ("%c0 to %c8 step %i", "%k", "write? S[0:+?]~"),
        ("%c0 to %c8 step %c0", "%k", "write? S[0:+?]~"),
        ("%c0 to %i step %c1", "%c2", "write? S[2:+1]"),
        ("%c0 to %c8 step %c1", "%c2", "write S[2:+1]"),
        ("%c0 to %c8 step %c1", "%i", "write S[i:+1]"),
    ],
)
def test_a_loop_widens_what_it_covers(bounds: str, index: str, expected: str, effects: Callable[..., list[str]]) -> None:
    assert effects(f"scf.for %k = {bounds} {{ {STORE.format(index)} }}") == [expected]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("d0 * 2", "write S[0:+7]~"),
        ("d0 + 3", "write S[3:+4]"),
        ("-d0 + 3", "write S[0:+4]"),
        ("d0 * 2 + d1", "write S[i:+7]~"),
        ("d0 mod 2", "write S[0:+?]~"),
    ],
)
def test_a_loop_widens_along_its_stride(expression: str, expected: str, effects: Callable[..., list[str]]) -> None:
    index = f"%e = affine.apply affine_map<(d0, d1) -> ({expression})>(%k, %i)\n"
    assert effects(f"scf.for %k = %c0 to %c4 step %c1 {{ {index} {STORE.format('%e')} }}") == [expected]


def test_a_window_wider_than_the_step_is_covered(effects: Callable[..., list[str]]) -> None:
    views = "%w = memref.subview %S[%k] [2] [1] : !tile to memref<2xf32, strided<[1], offset: ?>, 3>\n"
    fill = "linalg.fill ins(%v : f32) outs(%w : memref<2xf32, strided<[1], offset: ?>, 3>)"
    assert effects(f"scf.for %k = %c0 to %c8 step %c2 {{ {views} {fill} }}") == ["write S[0:+8]"]
    assert effects(f"scf.for %k = %c0 to %c8 step %c3 {{ {views} {fill} }}") == ["write S[0:+8]~"]


def test_a_diagonal_is_no_box(effects: Callable[..., list[str]]) -> None:
    text = "scf.for %k = %c0 to %c4 step %c1 { memref.store %v, %Q[%k, %k] : !square }"
    assert effects(text) == ["write Q[0:+4, 0:+4]~"]


def test_a_diagonal_stays_none_in_a_loop_around_it(effects: Callable[..., list[str]]) -> None:
    inner = "scf.for %l = %c0 to %c2 step %c1 { memref.store %v, %Q[%k, %k] : !square }"
    assert effects(f"scf.for %k = %c0 to %c4 step %c1 {{ {inner} }}") == ["write Q[0:+4, 0:+4]~"]


def test_a_loop_that_carries_a_value(effects: Callable[..., list[str]]) -> None:
    body = f"{STORE.format('%k')} scf.yield %a : f32"
    loop = f"%r = scf.for %k = %c0 to %c8 step %c1 iter_args(%a = %v) -> (f32) {{ {body} }}"
    assert effects(loop) == ["write S[0:+8]"]


def test_a_window_of_unknown_extent_in_a_loop_may_be_anywhere(effects: Callable[..., list[str]]) -> None:
    kind = "memref<?xf32, strided<[1], offset: ?>, 3>"
    view = f"%w = memref.subview %S[%k] [%i] [1] : !tile to {kind}\n"
    fill = f"linalg.fill ins(%v : f32) outs(%w : {kind})"
    assert effects(f"scf.for %k = %c0 to %c4 step %c1 {{ {view} {fill} }}") == ["write S[0:+?]~"]


def test_loops_in_loops(effects: Callable[..., list[str]]) -> None:
    inner = "scf.for %l = %c0 to %c2 step %c1 { memref.store %v, %Q[%k, %l] : !square }"
    assert effects(f"scf.for %k = %c1 to %c4 step %c1 {{ {inner} }}") == ["write Q[1:+3, 0:+2]"]


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("(%a) in (16)", "write S[0:+16]"),
        ("(%a) = (2) to (8) step (1)", "write S[2:+6]"),
        ("(%a) = (1) to (8) step (3)", "write S[1:+7]~"),
        ("(%a) = (2) to (8) step (3)", "write S[2:+4]~"),
        ("(%a) in (%i)", "write? S[0:+?]~"),
        ("(%a) = (%i) to (8) step (1)", "write? S[0:+?]~"),
        ("(%a) = (4) to (4) step (1)", "write? S[0:+?]~"),
        ("(%a, %b) in (4, %i)", "write? S[0:+4]"),
    ],
)
def test_a_parallel_loop(loop: str, expected: str, effects: Callable[..., list[str]]) -> None:
    assert effects(f"scf.forall {loop} {{ {STORE.format('%a')} }}") == [expected]


def test_a_parallel_loop_in_one_that_may_not_run(effects: Callable[..., list[str]]) -> None:
    inner = f"scf.forall (%a) in (16) {{ {STORE.format('%a')} }}"
    assert effects(f"scf.for %k = %c0 to %i step %c1 {{ {inner} }}") == ["write? S[0:+16]"]


def test_loops_whose_iterations_are_not_known_are_not_certain(effects: Callable[..., list[str]]) -> None:
    loop = f"scf.while : () -> () {{ scf.condition(%guard) }} do {{ {STORE.format('%c1')} scf.yield }}"
    assert effects(loop) == ["write? S[1:+1]"]
    parallel = f"scf.parallel (%a) = (%c0) to (%c4) step (%c1) {{ {STORE.format('%a')} scf.reduce }}"
    assert effects(parallel) == ["write? S[0:+?]~"]


def test_what_waits_in_any_region_is_opaque(effects: Callable[..., list[str]]) -> None:
    loop = f"scf.while : () -> () {{ gpu.barrier scf.condition(%guard) }} do {{ {STORE.format('%c1')} scf.yield }}"
    assert effects(loop) == ["write? S[1:+1]", "opaque gpu.barrier"]
    loop = f"scf.while : () -> () {{ {STORE.format('%c1')} scf.condition(%guard) }} do {{ gpu.barrier scf.yield }}"
    assert effects(loop) == ["write? S[1:+1]", "opaque gpu.barrier"]


def test_the_cases_of_a_switch_are_not_certain(effects: Callable[..., list[str]]) -> None:
    cases = f"case 0 {{ {STORE.format('%c1')} scf.yield }} default {{ {LOAD.format('%c2')} scf.yield }}"
    assert sorted(effects(f"scf.index_switch %i {cases}")) == ["read? S[2:+1]", "write? S[1:+1]"]


def test_a_region_that_runs_once_changes_nothing(effects: Callable[..., list[str]]) -> None:
    assert effects(f"scf.execute_region {{ {STORE.format('%c1')} scf.yield }}") == ["write S[1:+1]"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scf.if %guard { A }", ["write S[1:+1] if guard"]),
        ("scf.if %guard { } else { A }", ["write? S[1:+1]"]),
        ("scf.if %guard { A } else { B }", ["write S[1:+1] if guard", "write? S[2:+1]"]),
        ("scf.if %guard { A } else { A }", ["write S[1:+1] if guard", "write? S[1:+1]", "write S[1:+1]"]),
        ("scf.if %guard { L } else { L }", ["read S[1:+1] if guard", "read? S[1:+1]"]),
        ("scf.if %guard { scf.if %other { A } }", ["write S[1:+1] if guard if other"]),
        ("scf.if %both { A }", ["write S[1:+1] if guard if other"]),
        ("scf.if %guard { A } else { scf.if %other { A } }", ["write S[1:+1] if guard", "write? S[1:+1] if other"]),
        ("scf.if %guard { gpu.barrier } else { A }", ["write? S[1:+1]", "opaque gpu.barrier"]),
        # In both, but not always.
        ("scf.if %guard { ANY A END } else { ANY A END }", ["write? S[1:+1] if guard", "write? S[1:+1]"]),
        ("scf.if %guard { A } else { ANY A END }", ["write S[1:+1] if guard", "write? S[1:+1]"]),
        ("scf.if %guard { ANY A END } else { A }", ["write? S[1:+1] if guard", "write? S[1:+1]"]),
        (
            "scf.if %guard { scf.if %other { A } } else { scf.if %other { A } }",
            ["write S[1:+1] if guard if other", "write? S[1:+1] if other"],
        ),
        (
            "scf.if %guard { A } else { scf.if %other { A } else { A } }",
            ["write S[1:+1] if guard", *["write? S[1:+1]" + other for other in (" if other", "", "")], "write S[1:+1]"],
        ),
        ("scf.if %all { A }", ["write S[1:+1] if guard if other if guard"]),
        ("scf.if %guard { A } else { gpu.barrier }", ["write S[1:+1] if guard", "opaque gpu.barrier"]),
        ("scf.if %guard { gpu.barrier A }", ["write S[1:+1] if guard", "opaque gpu.barrier"]),
    ],
)
def test_conditions(text: str, expected: list[str], effects: Callable[..., list[str]]) -> None:
    both = "%both = arith.andi %guard, %other : i1\n%all = arith.andi %both, %guard : i1\n"
    text = text.replace("ANY", "scf.for %k = %c0 to %i step %c1 {").replace("END", "}")
    branches = text.replace("A", STORE.format("%c1")).replace("B", STORE.format("%c2")).replace("L", LOAD.format("%c1"))
    assert effects(branches, both) == expected


def test_a_condition_that_the_operation_computes_is_not_known_outside(effects: Callable[..., list[str]]) -> None:
    inner = "%odd = arith.cmpi eq, %k, %c1 : index\n scf.if %odd { " + STORE.format("%c1") + "}"
    assert effects(f"scf.for %k = %c0 to %c4 step %c1 {{ {inner} }}") == ["write? S[1:+1]"]


def test_a_condition_that_is_known_in_part_is_not_known(effects: Callable[..., list[str]]) -> None:
    inner = "%odd = arith.cmpi eq, %k, %c1 : index\n %both = arith.andi %odd, %guard : i1\n"
    inner += f"scf.if %both {{ {STORE.format('%c1')} }}"
    assert effects(f"scf.for %k = %c0 to %c4 step %c1 {{ {inner} }}") == ["write? S[1:+1]"]


def test_what_a_body_asks_about_its_place_is_pure(effects: Callable[..., list[str]]) -> None:
    body = "^bb0(%o: f32): %n = linalg.index 0 : index %l = memref.load %X[%n] : !x linalg.yield %l : f32"
    assert effects(f"linalg.generic {{{IDENTITY}}} outs(%S : !tile) {{ {body} }}") == ["read? X[0:+?]~", "write S[0:+16]"]


def test_an_index_that_the_operation_computes_is_not_known_outside(effects: Callable[..., list[str]]) -> None:
    inner = "%f = memref.load %X[%c0] : !x\n %g = arith.fptosi %f : f32 to i32\n %h = arith.index_cast %g : i32 to index\n"
    assert effects(f"scf.if %guard {{ {inner} {STORE.format('%h')} }}") == [
        "read X[0:+1] if guard",
        "write S[0:+?]~ if guard",
    ]


def test_an_index_that_is_computed_in_part_is_not_known_outside(effects: Callable[..., list[str]]) -> None:
    inner = "%f = memref.load %X[%c0] : !x\n %g = arith.fptosi %f : f32 to i32\n %h = arith.index_cast %g : i32 to index\n"
    inner += "%sum = arith.addi %h, %i : index\n"
    assert effects(f"scf.if %guard {{ {inner} {STORE.format('%sum')} }}")[1:] == ["write S[0:+?]~ if guard"]


def test_structures_that_are_not_known_are_opaque(effects: Callable[..., list[str]]) -> None:
    assert effects(f"memref.alloca_scope {{ {STORE.format('%c1')} }}") == ["opaque memref.alloca_scope"]
    assert effects(f"affine.for %k = 0 to 4 {{ {STORE.format('%c1')} }}") == ["opaque affine.for"]


def test_an_unknown_operation_in_a_body_is_opaque(effects: Callable[..., list[str]]) -> None:
    body = '^bb0(%o: f32): "tile.wait_group"() {pending = 0 : i32} : () -> () linalg.yield %o : f32'
    generic = f"linalg.generic {{{IDENTITY}}} outs(%S : !tile) {{ {body} }}"
    assert effects(generic) == ["read S[0:+16]", "write S[0:+16]", "opaque tile.wait_group"]


def test_an_unknown_operation_after_known_ones_is_opaque(effects: Callable[..., list[str]]) -> None:
    text = f"scf.for %k = %c0 to %c4 step %c1 {{ gpu.barrier {STORE.format('%c1')} }}"
    assert effects(text) == ["write S[1:+1]", "opaque gpu.barrier"]
