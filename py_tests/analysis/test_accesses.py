"""What each operation reads and writes: kind, region and certainty, one row an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tilewright import mlir
from tilewright.analysis.accesses import Access, Effects, effects_of, is_pure
from tilewright.analysis.linear import Linear
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect

PRELUDE = """
!x = memref<64xf32>
!m = memref<8x16xf32>
!tile = memref<16xf32, 3>
!square = memref<4x4xf32, 3>
!view = memref<16xf32, strided<[1], offset: ?>>
"""
ARGUMENTS = {"X": "!x", "M": "!m", "i": "index", "j": "index", "guard": "i1", "other": "i1", "v": "f32"}
ALLOCATIONS = {"S": "!tile", "Q": "!square", "N": "!m"}


@pytest.fixture
def effects() -> Iterator[Callable[..., list[str]]]:
    """The accesses of the last operation of a function, as texts; `opaque` as the last one, where something is."""
    with mlir.context():

        def analyse(text: str, before: str = "") -> list[str]:
            arguments = ", ".join(f"%{name}: {kind}" for name, kind in ARGUMENTS.items())
            constants = "".join(f"%c{n} = arith.constant {n} : index\n" for n in (0, 1, 2, 3, 4, 8, 16))
            allocations = "".join(f"%{name} = memref.alloc() : {kind}\n" for name, kind in ALLOCATIONS.items())
            module = ir.Module.parse(
                f"{PRELUDE} func.func @f({arguments}) {{ {constants} {allocations} {before} {text} return }}"
            )
            block = module.body.operations[0].regions[0].blocks[0]
            names: dict[ir.Value, str] = dict(zip(block.arguments, ARGUMENTS, strict=True))
            allocated = [child.results[0] for child in block.operations if child.operation.name == "memref.alloc"]
            names |= dict(zip(allocated[: len(ALLOCATIONS)], ALLOCATIONS, strict=True))
            return described(effects_of(list(block.operations)[-2].operation), names)

        yield analyse


def described(found: Effects, names: dict[ir.Value, str]) -> list[str]:
    rows = [access_text(access, names) for access in found.accesses]
    return rows + ([f"opaque {found.opaque.name}"] if found.opaque is not None else [])


def access_text(access: Access, names: dict[ir.Value, str]) -> str:
    """For example `write S[3:+1]`: certain and exact; `?` after the kind and `~` after the box where it is not."""
    region = access.region
    root = names[region.root] if region.root is not None else "unknown"
    box = ", ".join(f"{start_text(part.start, names)}:+{'?' if part.extent is None else part.extent}" for part in region.box)
    conditions = "".join(f" if {names[condition]}" for condition in access.conditions)
    return f"{access.kind}{'' if access.certain else '?'} {root}[{box}]{'' if region.exact else '~'}{conditions}"


def start_text(start: Linear, names: dict[ir.Value, Any]) -> str:
    terms = [
        names.get(value, "inner") if factor == 1 else f"{factor}*{names.get(value)}" for value, factor in start.terms.items()
    ]
    return " + ".join([*terms, str(start.constant)] if start.constant or not terms else terms)


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
        ("scf.if %guard { A } else { gpu.barrier }", ["write S[1:+1] if guard", "opaque gpu.barrier"]),
        ("scf.if %guard { gpu.barrier A }", ["write S[1:+1] if guard", "opaque gpu.barrier"]),
    ],
)
def test_conditions(text: str, expected: list[str], effects: Callable[..., list[str]]) -> None:
    both = "%both = arith.andi %guard, %other : i1"
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


def test_an_unknown_operation_after_known_ones_is_opaque(effects: Callable[..., list[str]]) -> None:
    text = f"scf.for %k = %c0 to %c4 step %c1 {{ gpu.barrier {STORE.format('%c1')} }}"
    assert effects(text) == ["write S[1:+1]", "opaque gpu.barrier"]


@pytest.mark.parametrize(
    ("text", "pure"),
    [
        ("%r = arith.addi %i, %j : index", True),
        ("%r = affine.apply affine_map<(d0) -> (d0)>(%i)", True),
        ("%r = affine.load %X[3] : !x", False),
        ("affine.store %v, %X[3] : !x", False),
        ("affine.for %k = 0 to 4 { }", False),
        ("affine.for %k = 0 to 4 { affine.store %v, %X[3] : !x }", False),
        ("affine.if affine_set<(d0) : (d0 >= 0)>(%i) { }", False),
        ("%r = gpu.thread_id x", True),
        ("%r = memref.dim %X, %c0 : !x", True),
        ("%r = memref.cast %X : !x to memref<?xf32>", True),
        ("%r = memref.memory_space_cast %X : !x to memref<64xf32, 1>", True),
        ("%r = memref.load %X[%i] : !x", False),
        ("gpu.barrier", False),
        ('%r = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index', True),
        ('%r = "tile.phase"(%i) {stages = 3 : i32, initial = 0 : i32} : (index) -> index', True),
        ('"tile.wait_group"() {pending = 0 : i32} : () -> ()', False),
    ],
)
def test_what_is_pure(text: str, pure: bool) -> None:
    with mlir.context():
        arguments = ", ".join(f"%{name}: {kind}" for name, kind in ARGUMENTS.items())
        module = ir.Module.parse(f"{PRELUDE} func.func @f({arguments}) {{ %c0 = arith.constant 0 : index {text} return }}")
        operation = list(module.body.operations[0].regions[0].blocks[0].operations)[-2].operation
        assert is_pure(operation) == pure
