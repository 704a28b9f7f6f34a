"""The dependence graph leaves out what other edges imply: nothing else, and enough that it grows with the statements."""

from __future__ import annotations

import random
from itertools import product

import pytest

from tilewright.analysis.dependence import dependence_graph
from tilewright.analysis.regions import may_overlap
from tilewright.analysis.statements import LoopBody

pytestmark = pytest.mark.l1a_compile_no_target_dialect

VIEWS = """
%a = memref.subview %X[%k] [16] [1] : !x to !window
%lower = memref.subview %S[0] [8] [1] : !tile to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
%upper = memref.subview %S[%c8] [8] [1] : !tile to !half
%other = memref.subview %R[%c8] [8] [1] : !tile to !half
"""
STATEMENTS = (
    "memref.copy %a, %S : !window to !tile",
    "memref.copy %a, %R : !window to !tile",
    "memref.copy %S, %R : !tile to !tile",
    "memref.copy %R, %S : !tile to !tile",
    "memref.copy %upper, %other : !half to !half",
    "memref.copy %other, %upper : !half to !half",
    "memref.copy %lower, %upper : memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>> to !half",
    "scf.if %guard { memref.copy %S, %R : !tile to !tile }",
    "memref.store %zero, %S[%c1] : !tile",
    "memref.copy %S, %unknown : !tile to !tile",
)
BEFORE = """
%zero = arith.constant 0.0 : f16
%unknown = arith.select %guard, %S, %R : !tile
"""


def all_pairs(body: LoopBody) -> set[tuple[int, int, bool]]:
    """Every ordered pair of statements of which one writes what the other may touch, by definition."""
    found: set[tuple[int, int, bool]] = set()
    numbered = list(enumerate(body.statements))
    for (first, earlier), (second, later) in product(numbered, numbered):
        for one, other in product(earlier.accesses, later.accesses):
            if one.writes or other.writes:
                if first < second and may_overlap(one.region, other.region):
                    found.add((first, second, False))
                if may_overlap(one.region, other.region, body.carried):
                    found.add((first, second, True))
    return found


def closure(edges: set[tuple[int, int, bool]], count: int) -> set[tuple[int, int, bool]]:
    """What follows from edges in an iteration, and from at most one to the next."""
    found = set(edges)
    for middle, first, last in product(range(count), repeat=3):
        for one, other in ((False, False), (True, False), (False, True)):
            if (first, middle, one) in found and (middle, last, other) in found:
                found.add((first, last, one or other))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_what_is_left_out_is_implied(seed, loop_body):
    draw = random.Random(seed)
    chosen = draw.choices(STATEMENTS, k=draw.randrange(2, 8))
    body = loop_body(VIEWS + "\n".join(chosen), BEFORE)
    kept = {(edge.source, edge.target, edge.carried) for edge in dependence_graph(body).edges}
    full = all_pairs(body)
    assert kept <= full
    implied = closure(kept, len(body.statements))
    # Twice: a path may go through statements of a higher number than its ends.
    assert full <= closure(implied, len(body.statements))


def test_edges_grow_with_the_statements(loop_body):
    use = "memref.copy %S, %R : !tile to !tile\n"
    few, many = (len(dependence_graph(loop_body(VIEWS + STATEMENTS[0] + "\n" + use * n)).edges) for n in (10, 100))
    assert many <= 10 * few


def test_a_partial_write_implies_nothing(loop_body):
    body = loop_body(VIEWS + "\n".join((STATEMENTS[0], STATEMENTS[5], STATEMENTS[2])))
    kept = {(edge.source, edge.target) for edge in dependence_graph(body).edges if not edge.carried}
    assert {(0, 1), (0, 2), (1, 2)} <= kept
