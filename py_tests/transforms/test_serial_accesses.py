"""What a product holds, and which serial accesses of it are errors: over plain data, and over single loads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tilewright import mlir
from tilewright.analysis.loop_space import LoopSpace, SpaceAccess
from tilewright.diagnostics import InputError
from tilewright.ir.layout import Axis, FragmentLayout, Mode, replicated_fragment
from tilewright.mlir import ir
from tilewright.transforms.assign_layouts import Conflict, Seed
from tilewright.transforms.serial_accesses import (
    Held,
    conflict_notes,
    held_by_products,
    refuse_serial_accesses,
    serial_access_error,
)

pytestmark = pytest.mark.l1a_compile_no_target_dialect

TILE = FragmentLayout((4, 8), 8, (Mode(8, 1), Mode(4, 0, 1)))
EVERYWHERE = replicated_fragment((4, 8), 8)
Use = tuple[str, tuple[int | None, ...]]


def space(name: str, reads: Sequence[Use], writes: Sequence[Use], extents: tuple[int, ...] | None = (4, 8)) -> LoopSpace:
    """A loop that reads and writes these buffers at these dimensions of its own; all are names here."""
    operation: Any = name
    accesses = [
        SpaceAccess(buffer, tuple(Axis(8, dimension) for dimension in dimensions), written, operation)  # type: ignore[arg-type]
        for written, uses in ((False, reads), (True, writes))
        for buffer, dimensions in uses
    ]
    return LoopSpace(operation, extents, tuple(accesses), 8)


def held(spaces: Sequence[LoopSpace], seeds: dict[str, FragmentLayout], fragments: str = "DEFG") -> dict[Any, tuple[Any, Any]]:
    """The product and the operation that computes each fragment that is held."""
    given: Any = [(buffer, layout, f"product of {buffer}") for buffer, layout in seeds.items()]
    names: Any = list(fragments)
    found = held_by_products(spaces, [Seed(*each) for each in given], names)
    return {buffer: (why.product, why.by) for buffer, why in found.items()}


BOTH = (0, 1)
FROM_D = ("product of D", "product of D")


def test_what_a_product_spreads_is_held_by_it() -> None:
    assert held([], {"D": TILE}) == {"D": FROM_D}


def test_what_every_thread_keeps_and_what_is_no_fragment_is_not_held() -> None:
    """An annotated fragment, for one, is left out: its own error says more."""
    assert held([], {"D": EVERYWHERE}) == {}
    assert held([], {"X": TILE, "D": TILE}) == {"D": FROM_D}
    # Nor is it a source for what is computed from it.
    chain = [space("loop", [("X", BOTH)], [("E", BOTH)]), space("other", [("D", BOTH)], [("F", BOTH)])]
    assert held(chain, {"X": TILE, "D": EVERYWHERE}) == {}


def test_the_first_of_two_products_holds_a_fragment() -> None:
    names: Any = ["D"]
    first, second = (Seed("D", TILE, product) for product in ("first", "second"))  # type: ignore[arg-type]
    [why] = held_by_products([], [first, second], names).values()
    assert (why.product, why.by) == ("first", "first")


@pytest.mark.parametrize(
    ("loop", "holds"),
    [
        (space("loop", [("D", BOTH)], [("E", BOTH)]), True),
        (space("loop", [("D", (1, 0))], [("E", BOTH)]), True),
        (space("loop", [("D", BOTH)], [("E", (1, 0))]), True),
        # A dimension of the loop that does not index the source, or the result: a broadcast, a reduction.
        (space("loop", [("D", (0, None))], [("E", BOTH)]), False),
        (space("loop", [("D", BOTH)], [("E", (0,))]), False),
        (space("loop", [("D", BOTH)], [("E", (0, None))]), False),
        # What is read beside it, and what the source is written from.
        (space("loop", [("D", BOTH), ("E", BOTH)], []), False),
        (space("loop", [("D", BOTH), ("E", BOTH)], [("X", BOTH)]), False),
        (space("loop", [("E", BOTH)], [("D", BOTH)]), False),
        (space("loop", [], [("D", BOTH), ("E", BOTH)]), False),
        # A loop without constant extents, and one that does not exist.
        (space("loop", [("D", (None, None))], [("E", (None, None))], None), False),
        (space("loop", [("D", ())], [("E", ())], ()), True),
    ],
)
def test_what_is_computed_element_by_element_from_what_is_held_is_held(loop: LoopSpace, holds: bool) -> None:
    assert held([loop], {"D": TILE}) == {"D": FROM_D} | ({"E": ("product of D", "loop")} if holds else {})


def test_a_chain_is_followed_to_its_end_whatever_the_order_of_the_loops() -> None:
    loops = [
        space("third", [("F", BOTH)], [("G", BOTH)]),
        space("second", [("E", BOTH)], [("F", BOTH), ("X", BOTH)]),
        space("first", [("D", BOTH)], [("E", BOTH)]),
    ]
    expected = {"D": FROM_D, **{name: ("product of D", by) for name, by in (("E", "first"), ("F", "second"), ("G", "third"))}}
    assert held(loops, {"D": TILE}) == expected
    assert held(loops[::-1], {"D": TILE}) == expected


def test_what_is_held_already_keeps_its_reason() -> None:
    """A loop back to the accumulator, and one that updates its own fragment, end the search."""
    loops = [space("update", [("D", BOTH), ("E", BOTH)], [("D", BOTH), ("E", BOTH)])]
    assert held(loops, {"D": TILE, "E": TILE}) == {"D": FROM_D, "E": ("product of E", "product of E")}
    again = [space("first", [("D", BOTH)], [("E", BOTH)]), space("back", [("E", BOTH)], [("D", BOTH), ("E", BOTH)])]
    assert held(again, {"D": TILE}) == {"D": FROM_D, "E": ("product of D", "first")}


LOADS = """
func.func @f(%T: memref<8x8xf32>, %U: memref<f32>, %g: i1, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %D = memref.alloc() : memref<8x8xf32>
  scf.for %s = %c0 to %c8 step %c1 iter_args(%carried = %c0) -> (index) {
    scf.for %t = %c0 to %c8 step %c1 {
      scf.forall (%i) in (8) {
        LINE
      }
    }
    scf.yield %carried : index
  }
  return
}
"""


@pytest.mark.parametrize(
    ("line", "serial"),
    [
        ("memref.load %D[%i, %s] : memref<8x8xf32>", True),
        ("memref.load %D[%s, %i] : memref<8x8xf32>", True),
        ("memref.load %D[%s, %t] : memref<8x8xf32>", True),
        ("memref.load %D[%i, %sum] : memref<8x8xf32>", True),
        ("memref.load %D[%i, %i] : memref<8x8xf32>", False),
        # A constant moves nowhere; a mixture is moved by the parallel loop as well; others are no counters of loops.
        ("memref.load %D[%i, %c0] : memref<8x8xf32>", False),
        ("memref.load %D[%i, %mixed] : memref<8x8xf32>", False),
        ("memref.load %D[%i, %n] : memref<8x8xf32>", False),
        ("memref.load %D[%i, %carried] : memref<8x8xf32>", False),
        ("memref.load %D[%i, %read] : memref<8x8xf32>", False),
        ("memref.load %U[] : memref<f32>", False),
        ("memref.store %zero, %D[%i, %s] : memref<8x8xf32>", False),
    ],
)
def test_a_read_at_the_index_of_a_serial_loop_is_an_error_where_a_product_holds_it(line: str, serial: bool) -> None:
    prefix = """%sum = arith.addi %s, %t : index
        %mixed = arith.addi %s, %i : index
        %read = memref.load %Z[%i] : memref<8xindex>
        """
    text = LOADS.replace("%n: index", "%n: index, %Z: memref<8xindex>")
    text = text.replace("LINE", prefix + (f"%v = {line}" if "load" in line else line))
    with mlir.context():
        module = ir.Module.parse(text)
        operations = list(nested(module.operation))
        access = next(each for each in operations if each.name == "scf.forall").regions[0].blocks[0].operations[3].operation
        buffer = next(each for each in operations if each.name == "memref.alloc").results[0]
        product, by = operations[1], next(each for each in operations if each.name == "scf.forall")
        conflict = Conflict(buffer, "no thread keeps all", None, access)
        assert serial_access_error(conflict, {}) is None
        error = serial_access_error(conflict, {buffer: Held(product, by)})
        assert (error is not None) == serial
        if error is not None:
            assert "one element after another in a serial loop" in str(error)
            notes = [note.message for note in error.diagnostic.notes]
            assert notes == [
                "this 'scf.forall' computes it element by element",
                f"from what this '{product.name}' spreads over threads",
            ]
        # Code outside of parallel loops, where a layout is fixed: an error, whoever holds it.
        error = serial_access_error(Conflict(buffer, "", product, access, TILE, None, True), {})
        assert error is not None and "outside of parallel loops" in str(error)
        notes = [note.message for note in error.diagnostic.notes]
        assert len(notes) == 2 and notes[0].startswith(f"'{product.name}' accesses it as #tile.fragment<")
        assert notes[1] == f"'{access.name}' accesses it"


def nested(operation: ir.Operation) -> Any:
    yield operation
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                yield from nested(child.operation)


def test_a_conflict_names_the_operations_that_there_are_with_the_layouts_that_they_want() -> None:
    with mlir.context():
        module = ir.Module.parse(LOADS.replace("LINE", "memref.store %zero, %D[%i, %t] : memref<8x8xf32>"))
        operations = list(nested(module.operation))
        buffer = next(each for each in operations if each.name == "memref.alloc").results[0]
        store = next(each for each in operations if each.name == "memref.store")
        assert [note.message for note in conflict_notes(Conflict(buffer, "", None, store))] == ["'memref.store' accesses it"]
        [first, second] = conflict_notes(Conflict(buffer, "", module.operation, store, None, TILE))
        assert first.message == "'builtin.module' accesses it"
        expected = "#tile.fragment<{modes = [[8, 1, 0], [4, 0, 1]], shape = [4, 8], threads = 8 : i32}>"
        assert second.message == f"'memref.store' accesses it as {expected}"


def test_only_serial_accesses_of_what_is_held_are_refused() -> None:
    with mlir.context():
        module = ir.Module.parse(LOADS.replace("LINE", "memref.store %zero, %D[%i, %t] : memref<8x8xf32>"))
        operations = list(nested(module.operation))
        buffer = next(each for each in operations if each.name == "memref.alloc").results[0]
        other = operations[1].regions[0].blocks[0].arguments[0]
        store = next(each for each in operations if each.name == "memref.store")
        axes = (Axis(8, None), Axis(8, None))

        def code(value: ir.Value, serial: bool) -> LoopSpace:
            return LoopSpace(store, None, (SpaceAccess(value, axes, True, store, serial=serial),), 8)

        why = {buffer: Held(module.operation, module.operation)}
        refuse_serial_accesses([code(buffer, False), code(other, True)], why)
        with pytest.raises(InputError, match="outside of parallel loops") as caught:
            refuse_serial_accesses([code(other, True), code(buffer, True)], why)
        assert [note.message for note in caught.value.diagnostic.notes] == ["this 'builtin.module' spreads it over threads"]
