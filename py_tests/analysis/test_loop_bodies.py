"""Statements, binds and refusals; dependence edges; renewed buffers; trip counts."""

from __future__ import annotations

import pytest

from tilewright.analysis.dependence import dependence_graph
from tilewright.analysis.linear import constant_value, linear
from tilewright.analysis.statements import asks_for_pipeline, body_of
from tilewright.analysis.trips import constant_trips
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect

WINDOW = "%a = memref.subview %X[%k] [16] [1] : !x to !window\n"
COPY = "memref.copy %a, %S : !window to !tile\n"
USE = "memref.copy %S, %R : !tile to !tile\n"


def edges(body):
    return {(edge.kind, edge.source, edge.target, edge.carried) for edge in dependence_graph(body).edges}


def test_statements_and_binds(loop_body):
    body = loop_body("%row = memref.load %T[%k] : memref<16xindex>\n" + WINDOW + COPY + USE)
    assert [statement.operation.name for statement in body.statements] == ["memref.copy", "memref.copy"]
    assert [bind.name for bind in body.binds] == ["memref.load", "memref.subview"]
    assert body.refusal is None


def test_the_edges_of_a_copy_and_its_use(loop_body):
    body = loop_body(WINDOW + COPY + USE)
    # No RAW from one iteration to the next: the copy of the next one comes in between.
    tile = {("RAW", 0, 1, False), ("WAR", 1, 0, True), ("WAW", 0, 0, True), ("WAW", 1, 1, True)}
    assert edges(body) == tile
    graph = dependence_graph(body)
    assert len(graph.renewed) == 2
    assert all(graph.removable(edge) == edge.carried for edge in graph.edges)


def test_a_read_before_the_write_is_not_renewed(loop_body):
    body = loop_body(WINDOW + USE + COPY)
    graph = dependence_graph(body)
    assert ("WAR", 0, 1, False) in edges(body) and ("RAW", 1, 0, True) in edges(body)
    assert list(graph.renewed) == [body.statements[0].operation.operands[1]]


@pytest.mark.parametrize(
    ("copy", "use", "renewed"),
    [
        ("scf.if %guard { COPY }", "USE", False),
        ("COPY", "scf.if %guard { USE }", True),
        ("scf.if %guard { COPY }", "scf.if %guard { USE }", True),
        ("scf.if %guard { COPY } else { COPY }", "USE", True),
        ("scf.if %guard { COPY } else { scf.yield }", "USE", False),
        ("scf.if %guard { COPY } else { scf.if %guard { COPY } }", "USE", False),
        ("scf.if %guard { scf.if %guard { COPY } } else { COPY }", "USE", False),
        ("scf.if %guard { scf.if %guard { COPY } else { COPY } } else { COPY }", "USE", True),
        ("scf.for %i = %c0 to %n step %c1 { COPY }", "USE", False),
        ("scf.for %i = %c0 to %c2 step %c1 { COPY }", "USE", True),
    ],
)
def test_a_write_must_be_certain_where_the_read_is(copy, use, renewed, loop_body):
    body = loop_body(WINDOW + copy.replace("COPY", COPY) + "\n" + use.replace("USE", USE))
    written = next(access.region.root for access in body.accesses() if access.writes)
    assert (written in dependence_graph(body).renewed) == renewed


def test_a_write_hides_what_it_covers(loop_body):
    body = loop_body(WINDOW + COPY + USE + COPY + USE)
    found = edges(body)
    assert {("RAW", 0, 1, False), ("WAR", 1, 2, False), ("WAW", 0, 2, False), ("RAW", 2, 3, False)} <= found
    assert not any((kind, 0, 3, False) in found for kind in ("RAW", "WAR"))


def test_a_partial_write_hides_nothing(loop_body):
    part = "%h = memref.subview %S[0] [8] [1] : !tile to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>\n"
    fill = "linalg.fill ins(%half : f16) outs(%h : memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>)\n"
    body = loop_body("%half = arith.constant 0.5 : f16\n" + WINDOW + part + COPY + fill + USE)
    assert {("RAW", 0, 2, False), ("WAW", 0, 1, False), ("RAW", 1, 2, False)} <= edges(body)


def test_an_update_in_place_is_not_renewed(loop_body):
    body = loop_body(WINDOW + COPY + "linalg.add ins(%S, %R : !tile, !tile) outs(%R : !tile)")
    graph = dependence_graph(body)
    assert len(graph.renewed) == 1
    assert any(edge.kind == "RAW" and edge.source == edge.target == 1 and not graph.removable(edge) for edge in graph.edges)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("gpu.barrier", "the effects of gpu.barrier are not known to it"),
        (
            "%r = memref.load %T[%k] : memref<16xindex>\nmemref.store %k, %T[%c0] : memref<16xindex>\n"
            "memref.store %r, %T[%c1] : memref<16xindex>",
            "it reads a scalar from memory that it writes before the scalar is used",
        ),
        (
            "%r = scf.if %guard -> (index) { memref.copy %S, %R : !tile to !tile\nscf.yield %c0 : index }"
            " else { scf.yield %c1 : index }\nmemref.store %r, %T[%c0] : memref<16xindex>",
            "a result of a statement that writes memory is used",
        ),
    ],
)
def test_refusals(body, reason, loop_body):
    refusal = loop_body(body).refusal
    assert refusal is not None and refusal.reason == reason


def test_a_read_of_memory_that_the_loop_writes_belongs_to_the_statements_that_use_it(loop_body):
    row = "%r = memref.load %T[%k] : memref<16xindex>\n%d = arith.addi %r, %r : index\n"
    body = loop_body(row + WINDOW + COPY + "memref.store %d, %T[%c0] : memref<16xindex>")
    copy, store = body.statements
    assert body.refusal is None
    assert not copy.binds and [bind.name for bind in store.binds] == ["memref.load", "arith.addi"]
    assert [(access.kind, access.region.root) for access in store.accesses] == [
        ("read", store.operation.operands[1]),
        ("write", store.operation.operands[1]),
    ]


def test_a_guard_computed_from_what_the_loop_writes_makes_a_write_uncertain(loop_body):
    row = "%r = memref.load %T[%c0] : memref<16xindex>\n%g = arith.cmpi eq, %r, %c1 : index\n"
    guarded = f"scf.if %g {{ {COPY} }}\nscf.if %g {{ {USE} }}\n"
    body = loop_body(WINDOW + row + guarded + "memref.store %k, %T[%c0] : memref<16xindex>")
    assert not any(access.certain for access in body.statements[0].own_accesses)
    assert body.statements[0].operation.operands[1] not in dependence_graph(body).renewed


@pytest.mark.parametrize(
    ("bounds", "trips"),
    [
        ("%c0 to %c64 step %c16", 4),
        ("%c1 to %c64 step %c16", 4),
        ("%c0 to %c15 step %c16", 1),
        ("%c16 to %c16 step %c1", 0),
        ("%c64 to %c0 step %c1", 0),
        ("%c0 to %n step %c1", None),
        ("%c0 to %c4 step %n", None),
        ("%n to %c4 step %c1", None),
        ("%c0 to %c4 step %c1", 4),
        ("%c1 to %c4 step %c2", 2),
        ("%c0 to %c1 step %c1", 1),
        ("%c0 to %c4 step %c0", None),
        ("%c0 to %c4 step %minus", None),
    ],
)
def test_constant_trips(bounds, trips, loop_body):
    body = loop_body(WINDOW + COPY, "%minus = arith.constant -1 : index", bounds=bounds)
    assert constant_trips(body.loop) == trips


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("affine_map<() -> (7 floordiv 2 + 7 mod 4 + 7 ceildiv 2)>()", 10),
        ("affine_map<(i)[s] -> (i * 3 + s)>(%c4)[%c2]", 14),
        ("affine_map<(i) -> (i - i + 5)>(%k)", 5),
        ("affine_map<(i) -> (i floordiv 2)>(%k)", None),
    ],
)
def test_constants_through_affine_maps(expression, value, loop_body):
    body = loop_body(f"%o = affine.apply {expression}\n%w = memref.subview %X[%o] [16] [1] : !x to !window\n" + WINDOW + COPY)
    assert constant_value(body.binds[0].results[0]) == value


def test_linear_forms_add_up(loop_body):
    body = loop_body(
        "%o = affine.apply affine_map<(i)[n] -> (i * 4 + n * 2 + 3)>(%k)[%n]\n%p = arith.addi %o, %o : index\n" + WINDOW + COPY
    )
    form = linear(body.binds[1].results[0])
    assert form.constant == 6
    assert sorted(form.terms.values()) == [4, 8]


def test_unsigned_bounds_are_refused(loop_body):
    body = loop_body(WINDOW + COPY)
    body.loop.attributes["unsignedCmp"] = ir.UnitAttr.get()
    refusal = body_of(body.loop).refusal
    assert refusal is not None and "unsigned" in refusal.reason


def test_values_carried_by_iterations_are_refused(loop_body):
    body = loop_body(
        f"%s = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %c0) -> (index) {{ {COPY} scf.yield %x : index }}", WINDOW_BEFORE
    )
    refusal = body_of(body.statements[0].operation).refusal
    assert refusal is not None and "carries values" in refusal.reason


WINDOW_BEFORE = "%a = memref.subview %X[%c0] [16] [1] : !x to !window\n"


@pytest.mark.parametrize(
    ("guard", "guards"),
    [
        ("scf.if %guard { COPY }", 1),
        ("scf.if %guard { COPY } else { }", 1),
        ("scf.if %guard { COPY } else { USE }", 0),
        ("scf.if %guard { scf.if %other { COPY } }", 2),
        ("scf.if %guard { scf.if %other { COPY } else { USE } }", 1),
    ],
)
def test_a_guard_has_no_else(guard, guards, loop_body):
    text = guard.replace("COPY", COPY).replace("USE", USE)
    body = loop_body(WINDOW + text, "%other = arith.cmpi eq, %n, %c1 : index")
    assert [len(statement.guards) for statement in body.statements] == [guards]


@pytest.mark.parametrize(
    ("body", "attributes", "asks"),
    [
        ("COPY", "", False),
        ("COPY", "{tile.num_stages = 2 : i32}", True),
        ("STAGED", "", True),
        ("ORDERED", "", True),
        ("scf.if %guard { STAGED }", "", True),
        ("scf.if %guard { COPY }", "", False),
        # A schedule of an inner loop is the inner loop's.
        ("scf.for %i = %c0 to %c4 step %c1 { STAGED }", "", False),
    ],
)
def test_a_loop_asks_for_a_pipeline_by_stages_or_by_a_schedule(body, attributes, asks, loop_body):
    text = body.replace("COPY", COPY)
    for word, attribute in (("STAGED", "tile.stage"), ("ORDERED", "tile.order")):
        text = text.replace(word, f"memref.copy %a, %S {{{attribute} = 0 : i32}} : !window to !tile\n")
    loop = loop_body(WINDOW + text).loop
    if attributes:
        loop.attributes["tile.num_stages"] = ir.IntegerAttr.get(ir.IntegerType.get_signless(32), 2)
    assert asks_for_pipeline(loop) == asks


@pytest.mark.parametrize(
    ("index", "volatile"),
    [
        # Written in this iteration, in the one before, never.
        ("%k", True),
        ("%before", True),
        ("%between", False),
    ],
)
def test_a_read_of_what_any_iteration_writes_is_volatile(index, volatile, loop_body):
    table = "%before = arith.subi %k, %c16 : index\n%between = arith.addi %k, %c8 : index\n"
    table += f"%r = memref.load %L[{index}] : memref<128xindex>\n"
    bounds = "%c0 to %c64 step %c16"
    text = table + "memref.store %k, %L[%k] : memref<128xindex>\nmemref.store %r, %T[%c0] : memref<16xindex>"
    body = loop_body(text, "%L = memref.alloc() : memref<128xindex>", bounds)
    assert bool(body.volatile) == volatile


def test_with_unknown_memory_nothing_is_renewed(loop_body):
    text = WINDOW + COPY + USE
    assert len(dependence_graph(loop_body(text)).renewed) == 2
    unknown = "%z = arith.constant 0.0 : f16\n%which = arith.select %guard, %S, %R : !tile"
    assert dependence_graph(loop_body(text + "memref.store %z, %which[%c0] : !tile", unknown)).renewed == ()


def test_an_atomic_update_after_a_read_only_overwrites(loop_body):
    update = "%old = memref.atomic_rmw addf %z, %S[%c0] : (f16, !tile) -> f16\n"
    body = loop_body(USE + update, "%z = arith.constant 0.0 : f16")
    between = {kind for kind, source, target, carried in edges(body) if (source, target, carried) == (0, 1, False)}
    assert between == {"WAR"}
    body = loop_body(update + USE, "%z = arith.constant 0.0 : f16")
    between = {kind for kind, source, target, carried in edges(body) if (source, target, carried) == (0, 1, False)}
    assert between == {"RAW"}
