"""Counters through the loops and guards around what they count: one nest a test, the form read by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.counters import Counters
from tilewright.transforms.index_math import IndexMath

pytestmark = pytest.mark.l1a_compile_no_target_dialect


@contextmanager
def counted(text: str, *initial: int) -> Iterator[tuple[ir.Operation, Counters]]:
    """A kernel whose stores, those of %one, are counted, each by a counter of its own that begins at `initial`."""
    with mlir.context():
        module = ir.Module.parse(f"""
gpu.module @m {{
  gpu.func @f(%X: memref<16xindex>, %flag: i1) kernel {{
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %one = arith.constant 1 : index
    {text}
    gpu.return
  }}
}}""")
        function = module.body.operations[0].regions[0].blocks[0].operations[0].operation
        math = IndexMath(function)
        one = function.regions[0].blocks[0].operations[2].operation.results[0]
        stores = [op for op in nested_operations(function) if op.name == "memref.store" and op.operands[0] == one]
        counters = Counters(stores, initial, math)
        counters.finish([math.add(start, 1, ir.InsertionPoint(op)) for start, op in zip(counters.starts, stores, strict=True)])
        assert module.operation.verify()
        yield function, counters


STORE = "memref.store %one, %X[%c0] : memref<16xindex>"


def only(function: ir.Operation, name: str) -> ir.Operation:
    (found,) = (operation for operation in nested_operations(function) if operation.name == name)
    return found


def terminator(operation: ir.Operation, region: int) -> ir.Operation:
    block = operation.regions[region].blocks[0]
    return block.operations[len(block.operations) - 1].operation


def comes_from(value: ir.Value, start: ir.Value) -> bool:
    """Whether `value` is computed from `start`, by one operation."""
    return start in list(value.owner.operation.operands)


def constant(value: ir.Value) -> int:
    return ir.IntegerAttr(value.owner.operation.attributes["value"]).value


def test_what_nothing_repeats_is_counted_without_a_change() -> None:
    with counted(STORE, 3) as (_, counters):
        assert counters.starts == [3] and not counters.nested


def test_a_loop_carries_a_counter_with_what_it_carried_before() -> None:
    text = f"""%r = scf.for %k = %c0 to %c4 step %one iter_args(%sum = %c4) -> (index) {{
      {STORE}
      %next = arith.addi %sum, %k : index
      scf.yield %next : index
    }}
    memref.store %r, %X[%c4] : memref<16xindex>"""
    with counted(text, 5) as (function, counters):
        loop = only(function, "scf.for")
        assert counters.nested and len(loop.results) == 2
        assert constant(loop.operands[3]) == 4 and constant(loop.operands[4]) == 5
        assert counters.starts == [loop.regions[0].blocks[0].arguments[2]]
        first, second = terminator(loop, 0).operands
        assert first.owner.operation.name == "arith.addi" and comes_from(second, counters.starts[0])
        # What used the result of the loop uses that of the new one.
        last = [operation for operation in nested_operations(function) if operation.name == "memref.store"][-1]
        assert last.operands[0] == loop.results[0]


@pytest.mark.parametrize(("then", "other", "region"), [(STORE, "", 0), ("", STORE, 1)])
def test_a_guard_hands_a_counter_out_of_the_branch_that_counts_and_leaves_it_alone_in_the_other(
    then: str, other: str, region: int
) -> None:
    text = f"scf.for %k = %c0 to %c4 step %one {{ scf.if %flag {{ {then} }} else {{ {other} }} }}"
    with counted(text, 0) as (function, counters):
        loop, guard = only(function, "scf.for"), only(function, "scf.if")
        carried = loop.regions[0].blocks[0].arguments[1]
        assert counters.starts == [carried]
        assert comes_from(terminator(guard, region).operands[0], carried)
        assert list(terminator(guard, 1 - region).operands) == [carried]
        assert list(terminator(loop, 0).operands) == [guard.results[0]]


def test_a_guard_without_an_else_gets_one_that_leaves_the_counter_alone() -> None:
    with counted(f"scf.if %flag {{ {STORE} }}", 2) as (function, _):
        guard = only(function, "scf.if")
        (handed,) = terminator(guard, 1).operands
        assert constant(handed) == 2 and len(guard.results) == 1


@pytest.mark.parametrize("counting", [0, 1])
def test_a_while_hands_a_counter_through_both_regions(counting: int) -> None:
    stores = [STORE if region == counting else "" for region in (0, 1)]
    text = f"""%r = scf.while (%p = %c0) : (index) -> (index) {{
      {stores[0]}
      %more = arith.cmpi slt, %p, %c4 : index
      scf.condition(%more) %p : index
    }} do {{
    ^bb0(%q: index):
      {stores[1]}
      %next = arith.addi %q, %one : index
      scf.yield %next : index
    }}
    memref.store %r, %X[%c4] : memref<16xindex>"""
    with counted(text, 1) as (function, counters):
        loop = only(function, "scf.while")
        before, after = (region.blocks[0] for region in loop.regions)
        assert len(loop.results) == 2 and constant(loop.operands[1]) == 1
        condition, end = terminator(loop, 0), terminator(loop, 1)
        assert (condition.name, end.name) == ("scf.condition", "scf.yield")
        assert len(condition.operands) == 3 and len(end.operands) == 2
        ends = [condition.operands[2], end.operands[1]]
        starts = [before.arguments[1], after.arguments[1]]
        assert counters.starts == [starts[counting]]
        assert comes_from(ends[counting], starts[counting])
        assert ends[1 - counting] == starts[1 - counting]
        last = [operation for operation in nested_operations(function) if operation.name == "memref.store"][-1]
        assert last.operands[0] == loop.results[0]


def test_two_counters_of_one_loop_do_not_mix() -> None:
    text = f"""scf.for %k = %c0 to %c4 step %one {{
      {STORE}
      scf.for %j = %c0 to %c4 step %one {{ {STORE} }}
    }}"""
    with counted(text, 0, 7) as (function, counters):
        outer, inner = (operation for operation in nested_operations(function) if operation.name == "scf.for")
        assert [constant(outer.operands[position]) for position in (3, 4)] == [0, 7]
        arguments = list(outer.regions[0].blocks[0].arguments)
        assert counters.starts == [arguments[1], inner.regions[0].blocks[0].arguments[1]]
        assert inner.operands[3] == arguments[2]
        first, second = terminator(outer, 0).operands
        assert comes_from(first, arguments[1]) and second == inner.results[0]
        assert comes_from(terminator(inner, 0).operands[0], counters.starts[1])
