"""Index arithmetic folds what it knows, and writes the operation that computes the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tilewright import mlir
from tilewright.mlir import ir
from tilewright.transforms.index_math import IndexMath

pytestmark = pytest.mark.l1a_compile_no_target_dialect


class Scratch:
    """A function of %i and %j: index and %w: i32 to write arithmetic into, and what was written."""

    def __init__(self) -> None:
        text = "func.func @f(%i: index, %j: index, %w: i32) { %c5 = arith.constant 5 : index return }"
        self.module = ir.Module.parse(text)
        self.function = self.module.body.operations[0].operation
        block = self.function.regions[0].blocks[0]
        self.math = IndexMath(self.function)
        self.point = ir.InsertionPoint.at_block_terminator(block)
        self.i, self.j, self.w = block.arguments
        self.names: dict[ir.Value, str] = {self.i: "i", self.j: "j", self.w: "w"}

    def text(self, index: Any) -> str:
        """An index as an expression."""
        if isinstance(index, int):
            return str(index)
        if isinstance(index.owner, ir.Block):
            return self.names[index]
        operation = index.owner.operation
        if operation.name == "arith.constant":
            return str(ir.IntegerAttr(operation.attributes["value"]).value)
        parts = [self.text(operand) for operand in operation.operands]
        if operation.name == "affine.apply":
            return f"{operation.attributes['map'].value.results[0]}".replace("d0", parts[0])
        return f"{operation.name.partition('.')[2]}({', '.join(parts)})"

    def count(self) -> int:
        return len(list(self.function.regions[0].blocks[0].operations))


@pytest.fixture
def scratch() -> Iterator[Scratch]:
    with mlir.context(), ir.Location.unknown():
        yield Scratch()


def cases() -> list[tuple[Callable[[Scratch], Any], str, int]]:
    """What is computed, its expression, and how many operations it takes."""
    return [
        (lambda s: s.math.add(2, 3, s.point), "5", 0),
        (lambda s: s.math.add(s.i, 0, s.point), "i", 0),
        (lambda s: s.math.add(0, s.i, s.point), "i", 0),
        (lambda s: s.math.add(s.i, 2, s.point), "i + 2", 1),
        (lambda s: s.math.add(2, s.i, s.point), "i + 2", 1),
        (lambda s: s.math.add(s.i, s.j, s.point), "addi(i, j)", 1),
        (lambda s: s.math.subtract(2, 3, s.point), "-1", 0),
        (lambda s: s.math.subtract(s.i, 2, s.point), "i - 2", 1),
        (lambda s: s.math.subtract(s.i, 0, s.point), "i", 0),
        (lambda s: s.math.subtract(5, s.i, s.point), "subi(5, i)", 1),
        (lambda s: s.math.subtract(7, s.i, s.point), "subi(7, i)", 2),
        (lambda s: s.math.subtract(s.i, s.j, s.point), "subi(i, j)", 1),
        (lambda s: s.math.scale(4, 3, s.point), "12", 0),
        (lambda s: s.math.scale(s.i, 1, s.point), "i", 0),
        (lambda s: s.math.scale(1, s.i, s.point), "i", 0),
        (lambda s: s.math.scale(s.i, 3, s.point), "i * 3", 1),
        (lambda s: s.math.scale(3, s.i, s.point), "i * 3", 1),
        (lambda s: s.math.scale(s.i, s.j, s.point), "muli(i, j)", 1),
        (lambda s: s.math.ceil_divide(7, 2, s.point), "4", 0),
        (lambda s: s.math.ceil_divide(8, 2, s.point), "4", 0),
        (lambda s: s.math.ceil_divide(s.i, 1, s.point), "i", 0),
        (lambda s: s.math.ceil_divide(s.i, 2, s.point), "ceildivsi(i, 2)", 2),
        (lambda s: s.math.ceil_divide(s.i, s.j, s.point), "ceildivsi(i, j)", 1),
        (lambda s: s.math.divide_exactly(8, 2, s.point), "4", 0),
        (lambda s: s.math.divide_exactly(s.i, 1, s.point), "i", 0),
        (lambda s: s.math.divide_exactly(s.i, 2, s.point), "divsi(i, 2)", 2),
        (lambda s: s.math.maximum(2, 3, s.point), "3", 0),
        (lambda s: s.math.ceil_divide(7, s.j, s.point), "ceildivsi(7, j)", 2),
        (lambda s: s.math.ceil_divide(7, 1, s.point), "7", 0),
        (lambda s: s.math.divide_exactly(8, s.j, s.point), "divsi(8, j)", 2),
        (lambda s: s.math.divide_exactly(s.i, s.j, s.point), "divsi(i, j)", 1),
        (lambda s: s.math.maximum(3, 2, s.point), "3", 0),
        (lambda s: s.math.maximum(s.i, 5, s.point), "maxsi(i, 5)", 1),
        (lambda s: s.math.maximum(5, s.i, s.point), "maxsi(5, i)", 1),
        (lambda s: s.math.maximum(s.i, s.j, s.point), "maxsi(i, j)", 1),
        (lambda s: s.math.less(s.i, 5, s.point), "cmpi(i, 5)", 1),
        (lambda s: s.math.version(7, 3, s.point), "1", 0),
        (lambda s: s.math.version(-1, 3, s.point), "2", 0),
        (lambda s: s.math.phase(2, 3, s.point), "0", 0),
        (lambda s: s.math.phase(3, 3, s.point), "1", 0),
        (lambda s: s.math.phase(6, 3, s.point), "0", 0),
        (lambda s: s.math.phase(9, 3, s.point), "1", 0),
        (lambda s: s.math.phase(s.i, 3, s.point), "phase(i)", 1),
        (lambda s: s.math.version(s.i, 3, s.point), "stage_index(i)", 1),
        (lambda s: s.math.to_index(s.i, s.point), "i", 0),
        (lambda s: s.math.to_index(s.w, s.point), "index_cast(w)", 1),
        (lambda s: s.math.known(s.math.value(5)), "5", 0),
        (lambda s: s.math.known(s.i), "i", 0),
        (lambda s: s.math.from_index(s.i, ir.IndexType.get(), s.point), "i", 0),
        (lambda s: s.math.from_index(s.i, ir.IntegerType.get_signless(32), s.point), "index_cast(i)", 1),
        (lambda s: s.math.from_index(5, ir.IndexType.get(), s.point), "5", 0),
    ]


@pytest.mark.parametrize(("compute", "expression", "operations"), cases())
def test_arithmetic(compute: Callable[[Scratch], Any], expression: str, operations: int, scratch: Scratch) -> None:
    before = scratch.count()
    assert scratch.text(compute(scratch)) == expression
    assert scratch.count() - before == operations


def test_less_is_signed_and_strict(scratch: Scratch) -> None:
    compared = scratch.math.less(scratch.i, scratch.j, scratch.point).owner.operation
    assert str(compared.attributes["predicate"]).startswith("2")


def test_stages_and_phases_carry_their_counts(scratch: Scratch) -> None:
    stage, phase = scratch.math.version(scratch.i, 3, scratch.point), scratch.math.phase(scratch.i, 4, scratch.point)
    assert not isinstance(stage, int) and not isinstance(phase, int)
    assert ir.IntegerAttr(stage.owner.operation.attributes["versions"]).value == 3
    counts = [phase.owner.operation.attributes[name] for name in ("stages", "initial")]
    assert [ir.IntegerAttr(count).value for count in counts] == [4, 0]


def test_a_constant_that_stands_at_the_entry_is_used(scratch: Scratch) -> None:
    before = scratch.count()
    five = scratch.math.value(5)
    assert scratch.count() == before
    assert five == next(iter(scratch.function.regions[0].blocks[0].operations)).results[0]


def test_a_constant_after_other_operations_is_not_used() -> None:
    """It would not be there for what comes before it."""
    with mlir.context(), ir.Location.unknown():
        text = "func.func @f(%i: index) { %a = arith.addi %i, %i : index %b = arith.constant 5 : index return }"
        module = ir.Module.parse(text)
        block = module.body.operations[0].regions[0].blocks[0]
        five = IndexMath(module.body.operations[0].operation).value(5)
        assert five == block.operations[0].results[0]


def test_a_constant_is_written_once_at_the_entry(scratch: Scratch) -> None:
    first, again = scratch.math.value(9), scratch.math.value(9)
    assert first == again
    assert next(iter(scratch.function.regions[0].blocks[0].operations)).results[0] == first


def test_constants_of_other_types_are_no_indices() -> None:
    with mlir.context(), ir.Location.unknown():
        text = "func.func @f(%i: index) { %a = arith.constant 5 : i32 %b = arith.constant 6 : index return }"
        module = ir.Module.parse(text)
        math = IndexMath(module.body.operations[0].operation)
        assert isinstance(math.value(5).type, ir.IndexType)
        assert isinstance(math.value(6).type, ir.IndexType)
