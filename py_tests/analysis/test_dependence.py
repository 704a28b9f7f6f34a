"""The edges of small loops, all of them, worked out by hand: kind, statements, whether carried, buffer, whether scalar."""

from __future__ import annotations

import pytest

from tilewright.analysis.dependence import DependenceGraph, Edge, dependence_graph, is_renewed
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect

BEFORE = """%v = arith.constant 0.0 : f16
%U = memref.alloc() : memref<16xindex>
%which = arith.select %guard, %S, %R : !tile
%table = arith.select %guard, %T, %U : memref<16xindex>
%b = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
%a = memref.subview %X[%c0] [16] [1] : !x to !window
"""
WORDS = {
    "FILL_S": "memref.copy %a, %S : !window to !tile\n",
    "COPY_TO_S": "memref.copy %R, %S : !tile to !tile\n",
    "COPY": "memref.copy %S, %R : !tile to !tile\n",
    "STORE_S": "memref.store %v, %S[{}] : !tile\n",
    "UPDATE_S": "%old = memref.atomic_rmw addf %v, %S[{}] : (f16, !tile) -> f16\n",
    "STORE_T": "memref.store %k, %T[{}] : memref<16xindex>\n",
    "STORE_UNKNOWN": "memref.store %v, %which[%c0] : !tile\n",
    "VARYING": "%p = arith.muli %k, %n : index\n",
    "READ_T": "%r = memref.load %T[%c0] : memref<16xindex>\n",
    "READ_MORE": "%q = memref.load %T[%c1] : memref<16xindex>\n",
    "TAKE": "%V = memref.alloc() : memref<16xindex>\n",
}


@pytest.fixture
def graph_of(loop_body):
    """The graph of a loop, and the names of its buffers."""

    def build(text: str):
        body = loop_body(text, BEFORE, words=WORDS)
        function = body.loop.parent
        operations = [child.operation for child in function.operation.regions[0].blocks[0].operations]
        found = [operation.results[0] for operation in operations if operation.name in ("memref.alloc", "tile.mbarrier_init")]
        names: dict[ir.Value | None, str] = {None: "?"}
        names |= dict(zip(found, "SRUb", strict=True))
        names |= dict(zip(function.operation.regions[0].blocks[0].arguments, "XYTgn", strict=True))
        return body, dependence_graph(body), names

    return build


def edge_text(edge: Edge, names: dict[ir.Value | None, str]) -> str:
    """For example `RAW S 0>1`, or `RAW S 0>>1 scalar` where it is carried, and only of what is read first."""
    arrow = ">>" if edge.carried else ">"
    return f"{edge.kind} {names[edge.buffer]} {edge.source}{arrow}{edge.target}{' scalar' if edge.scalar else ''}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # One iteration: a write hides what came before it, all of it or what it covers.
        ("FILL_S COPY", "RAW S 0>1, WAR S 1>>0, WAW S 0>>0, WAW R 1>>1"),
        ("COPY FILL_S", "WAR S 0>1, RAW S 1>>0, WAW S 1>>1, WAW R 0>>0"),
        ("STORE_S[%c0] STORE_S[%c1]", "WAW S 0>>0, WAW S 1>>1"),
        ("STORE_S[%c0] STORE_S[%c0]", "WAW S 0>1, WAW S 1>>0"),
        ("COPY", "WAW R 0>>0"),
        # A statement that reads and writes depends on its own last run, never on itself.
        (
            "linalg.add ins(%S, %R : !tile, !tile) outs(%R : !tile)",
            "RAW R 0>>0, WAR R 0>>0, WAW R 0>>0",
        ),
        (
            "FILL_S linalg.add ins(%S, %S : !tile, !tile) outs(%S : !tile) COPY",
            "RAW S 0>1, WAW S 0>1, RAW S 1>2, WAR S 2>>0, WAR S 1>>0, WAW S 1>>0, WAW R 2>>2",
        ),
        # Into the next iteration: what has another index or condition then hides nothing.
        ("STORE_S[%c0] COPY", "RAW S 0>1, WAW S 0>>0, WAR S 1>>0, WAW R 1>>1"),
        ("VARYING STORE_S[%p] COPY", "RAW S 0>1, WAW S 0>>0, RAW S 0>>1, WAR S 1>>0, WAW R 1>>1"),
        ("scf.if %guard { FILL_S } COPY", "RAW S 0>1, WAW S 0>>0, RAW S 0>>1, WAR S 1>>0, WAW R 1>>1"),
        ("VARYING FILL_S STORE_S[%p]", "WAW S 0>1, WAW S 0>>0, WAW S 1>>0, WAW S 1>>1"),
        ("STORE_S[%k] STORE_S[%k]", "WAW S 0>1"),
        (
            "STORE_S[%k] STORE_S[%k] COPY",
            "WAW S 0>1, RAW S 1>2, WAR S 2>>0, WAR S 2>>1, RAW S 1>>2, WAW R 2>>2",
        ),
        # Updates read and write.
        ("UPDATE_S[%c0]", "RAW S 0>>0, WAR S 0>>0, WAW S 0>>0"),
        (
            "STORE_S[%c0] UPDATE_S[%c0]",
            "RAW S 0>1, WAW S 0>1, WAW S 0>>0, WAR S 1>>0, WAW S 1>>0",
        ),
        (
            "UPDATE_S[%c0] STORE_S[%c0]",
            "WAR S 0>1, WAW S 0>1, RAW S 1>>0, WAW S 1>>0, WAW S 1>>1",
        ),
        # Memory that is not known may be any.
        (
            "COPY STORE_UNKNOWN",
            "WAW R 0>>0, WAR S 0>1, WAW R 0>1, WAR S 0>>1, WAW R 0>>1, RAW S 1>>0, WAW R 1>>0, WAW ? 1>>1",
        ),
        (
            "STORE_UNKNOWN COPY",
            "WAW R 1>>1, RAW S 0>1, WAW R 0>1, RAW S 0>>1, WAW R 0>>1, WAR S 1>>0, WAW R 1>>0, WAW ? 0>>0",
        ),
        (
            "memref.copy %which, %Y0 : !tile to !tile STORE_S[%c0]",
            "WAR S 0>1, WAR S 0>>1, RAW S 1>>0, WAR R 0>>0, RAW R 0>>0, WAW R 0>>0, WAW S 1>>1",
        ),
        # Operations on one mbarrier keep their order.
        (
            '"tile.mbarrier_arrive"(%b, %c0) : (!tile.mbarrier, index) -> () '
            '"tile.mbarrier_wait"(%b, %c0, %c0) : (!tile.mbarrier, index, index) -> ()',
            "phase b 0>1, phase b 0>>0, phase b 0>>1, phase b 1>>0, phase b 1>>1",
        ),
    ],
)
def test_the_edges_of_a_loop(text, expected, graph_of):
    _, graph, names = graph_of(text.replace("%Y0", "%R"))
    assert {edge_text(edge, names) for edge in graph.edges} == set(expected.split(", "))
    pairs = [(edge.source, edge.target) for edge in graph.edges]
    assert pairs == sorted(pairs)


SUM = "%sum = arith.addi %r, %q : index memref.store %sum, %U[%c0] : memref<16xindex>\n"
TWO_WRITES = "scf.forall (%i) in (2) { STORE_T[%c0] STORE_T[%c1] }\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("READ_T memref.store %r, %U[%c0] : memref<16xindex> STORE_T[%c0]", "WAR T 0>1 scalar"),
        ("STORE_T[%c0] READ_T memref.store %r, %U[%c0] : memref<16xindex>", "RAW T 0>1 scalar"),
        ("READ_T READ_MORE " + SUM + "STORE_T[%n]", "WAR T 0>1 scalar"),
        ("READ_T READ_MORE " + SUM + TWO_WRITES, "WAR T 0>1 scalar"),
        # Of what is read later as well.
        ("memref.copy %T, %U : memref<16xindex> to memref<16xindex> STORE_T[%c0]", "WAR T 0>1"),
        (
            "READ_T %m = memref.subview %U[%r] [4] [1] : memref<16xindex> to memref<4xindex, strided<[1], offset: ?>> "
            "%t = memref.subview %T[%c0] [4] [1] : memref<16xindex> to memref<4xindex, strided<[1], offset: ?>> "
            "memref.copy %t, %m : memref<4xindex, strided<[1], offset: ?>> to memref<4xindex, strided<[1], offset: ?>> "
            + TWO_WRITES,
            "WAR T 0>1",
        ),
    ],
)
def test_an_edge_is_scalar_where_all_that_it_stands_for_is(text, expected, graph_of):
    _, graph, names = graph_of(text)
    found = {edge_text(edge, names) for edge in graph.edges if not edge.carried and names[edge.buffer] == "T"}
    assert found == {expected}


@pytest.mark.parametrize(
    ("text", "written", "renewed"),
    [
        ("FILL_S COPY", "SR", "SR"),
        ("COPY FILL_S", "RS", "R"),
        ("COPY", "R", "R"),
        ("STORE_T[%c0] FILL_S", "S", "S"),
        ("FILL_S STORE_S[%c0]", "S", "S"),
        ("STORE_S[%c0] FILL_S COPY", "SR", "SR"),
        ("STORE_S[%c0] COPY", "SR", "R"),
        ("FILL_S UPDATE_S[%c0] COPY", "SR", "SR"),
        ("UPDATE_S[%c0] FILL_S COPY", "SR", "R"),
        # In one statement a loop may read what a later iteration of it writes.
        ("scf.for %i = %c0 to %c2 step %c1 { FILL_S COPY }", "SR", "R"),
        ("FILL_S STORE_UNKNOWN", "S", ""),
        ('FILL_S "tile.mbarrier_arrive"(%b, %c0) : (!tile.mbarrier, index) -> ()', "Sb", "S"),
    ],
)
def test_what_a_loop_writes_and_renews(text, written, renewed, graph_of):
    _, graph, names = graph_of(text)
    assert "".join(names[buffer] for buffer in graph.written) == written
    assert "".join(names[buffer] for buffer in graph.renewed) == renewed


def test_a_buffer_of_unknown_size_is_not_renewed(loop_body):
    kind = "memref<?xf16>"
    body = loop_body(f"linalg.fill ins(%v : f16) outs(%D : {kind})", f"{BEFORE} %D = memref.alloc(%n) : {kind}")
    buffer = body.statements[0].operation.operands[1]
    assert not is_renewed(buffer, body) and dependence_graph(body).written == (buffer,)


def test_versions_take_carried_edges_over_renewed_buffers_away(graph_of):
    body, _, names = graph_of("FILL_S COPY")
    tile, other = (value for value, name in names.items() if name in "SR")
    graph = DependenceGraph((), (tile, other), (tile,))
    assert graph.removable(Edge("WAR", 0, 1, True, tile))
    assert not graph.removable(Edge("WAR", 0, 1, False, tile))
    assert not graph.removable(Edge("WAR", 0, 1, True, other))
    assert not graph.removable(Edge("WAR", 0, 1, True, None))
    assert not Edge("WAR", 0, 1, True, tile).scalar
    assert len(body.statements) == 2
