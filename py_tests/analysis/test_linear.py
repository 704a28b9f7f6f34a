"""Index values as linear expressions, one row a form; and the regions that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tilewright import mlir
from tilewright.analysis.linear import Linear, constant_value, linear
from tilewright.analysis.regions import Interval, Region, element, root_of, whole, window
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect

Parsed = tuple[list[ir.Operation], dict[ir.Value, str]]
ARGUMENTS = {"i": "index", "j": "index", "w": "i32", "f": "f32", "A": "memref<8x16xf32>", "D": "memref<?x16xf32>"}


@pytest.fixture
def parse() -> Iterator[Callable[[str], Parsed]]:
    """The operations of a function, its return aside, and the names of its arguments."""
    modules: list[ir.Module] = []
    with mlir.context():

        def operations(text: str) -> Parsed:
            arguments = ", ".join(f"%{name}: {kind}" for name, kind in ARGUMENTS.items())
            constants = "".join(f"%c{n} = arith.constant {n} : index\n" for n in (0, 1, 2, 3, 4, 7, 8))
            modules.append(ir.Module.parse(f"func.func @f({arguments}) {{ {constants} {text} return }}"))
            block = modules[-1].body.operations[0].regions[0].blocks[0]
            return [child.operation for child in block.operations][:-1], dict(zip(block.arguments, ARGUMENTS, strict=True))

        yield operations


def text_of(form: Linear, names: dict[ir.Value, str]) -> str:
    terms = {names.get(value, "itself"): factor for value, factor in form.terms.items()}
    return " ".join([f"{terms[name]}{name}" for name in sorted(terms)] + [str(form.constant)])


def box_text(region: Region, names: dict[ir.Value, str]) -> str:
    return ", ".join(f"{text_of(part.start, names)} : {part.extent}" for part in region.box) + ("" if region.exact else " ~")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%r = arith.addi %i, %j : index", "1i 1j 0"),
        ("%r = arith.addi %i, %i : index", "2i 0"),
        ("%r = arith.subi %i, %j : index", "1i -1j 0"),
        ("%r = arith.subi %i, %i : index", "0"),
        ("%r = arith.subi %c7, %c2 : index", "5"),
        ("%r = arith.muli %i, %c3 : index", "3i 0"),
        ("%r = arith.muli %c3, %j : index", "3j 0"),
        ("%r = arith.muli %i, %c1 : index", "1i 0"),
        ("%r = arith.muli %i, %c0 : index", "0"),
        ("%r = arith.muli %c2, %c3 : index", "6"),
        ("%r = arith.muli %i, %j : index", "1itself 0"),
        ("%r = arith.divsi %i, %c2 : index", "1itself 0"),
        ("%r = arith.constant 5 : index", "5"),
        ("%r = arith.constant 1.5 : f32", "1itself 0"),
        ("%r = arith.index_cast %w : i32 to index", "1w 0"),
        ("%r = arith.index_castui %w : i32 to index", "1w 0"),
        ("%r = affine.apply affine_map<(d0) -> (d0 * 4 + 3)>(%i)", "4i 3"),
        ("%r = affine.apply affine_map<(d0, d1) -> (d0 - d1 * 2)>(%i, %j)", "1i -2j 0"),
        ("%r = affine.apply affine_map<(d0)[s0] -> (d0 + s0 * 2)>(%i)[%j]", "1i 2j 0"),
        ("%r = affine.apply affine_map<()[s0] -> (s0 * 8 + 1)>()[%c2]", "17"),
        ("%r = affine.apply affine_map<(d0)[s0] -> (d0 * s0)>(%i)[%c3]", "3i 0"),
        ("%r = affine.apply affine_map<(d0)[s0] -> (d0 * s0)>(%c3)[%j]", "3j 0"),
        ("%r = affine.apply affine_map<(d0) -> (d0 mod 3)>(%c7)", "1"),
        ("%r = affine.apply affine_map<(d0) -> (d0 floordiv 3)>(%c7)", "2"),
        ("%r = affine.apply affine_map<(d0) -> (d0 ceildiv 3)>(%c7)", "3"),
        ("%r = affine.apply affine_map<(d0) -> (d0 ceildiv 4)>(%c8)", "2"),
        ("%r = affine.apply affine_map<(d0) -> (d0 mod 3)>(%i)", "1itself 0"),
        ("%r = affine.apply affine_map<(d0) -> (d0 floordiv 3)>(%i)", "1itself 0"),
        ("%r = affine.apply affine_map<(d0)[s0] -> (d0 floordiv s0)>(%c7)[%c1]", "7"),
        ("%r = affine.apply affine_map<(d0)[s0] -> (d0 mod s0)>(%c7)[%c0]", "1itself 0"),
        ("%r = affine.apply affine_map<(d0) -> ((d0 mod 3) + 1)>(%i)", "1itself 0"),
        ("%r = affine.apply affine_map<(d0) -> (5)>(%i)", "5"),
    ],
)
def test_forms(text: str, expected: str, parse: Callable[[str], Parsed]) -> None:
    operations, names = parse(text)
    assert text_of(linear(operations[-1].results[0]), names) == expected


def test_constants(parse: Callable[[str], Parsed]) -> None:
    operations, _ = parse("%a = arith.addi %c2, %c3 : index\n %b = arith.addi %c2, %i : index")
    assert [constant_value(operation.results[0]) for operation in operations[-2:]] == [5, None]


ROWS = "memref<4x16xf32, strided<[16, 1], offset: ?>>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%r = memref.cast %A : memref<8x16xf32> to memref<?x16xf32>", "0 : None, 0 : 16 ~"),
        (f"%r = memref.subview %A[%i, 0] [4, 16] [1, 1] : memref<8x16xf32> to {ROWS}", "1i 0 : 4, 0 : 16"),
        (
            "%r = memref.subview %A[3, %j] [1, 8] [1, 1] : memref<8x16xf32> to memref<1x8xf32, strided<[16, 1], offset: ?>>",
            "3 : 1, 1j 0 : 8",
        ),
        (
            "%r = memref.subview %A[%i, 2] [1, 8] [1, 1] : memref<8x16xf32> to memref<8xf32, strided<[1], offset: ?>>",
            "1i 0 : 1, 2 : 8",
        ),
        (
            f"%q = memref.subview %A[%i, 0] [4, 16] [1, 1] : memref<8x16xf32> to {ROWS}\n"
            f"%r = memref.subview %q[1, %j] [2, 4] [1, 1] : {ROWS} to memref<2x4xf32, strided<[16, 1], offset: ?>>",
            "1i 1 : 2, 1j 0 : 4",
        ),
        (
            "%r = memref.memory_space_cast %A : memref<8x16xf32> to memref<8x16xf32, 1>",
            "0 : 8, 0 : 16",
        ),
    ],
)
def test_views_in_the_coordinates_of_their_root(text: str, expected: str, parse: Callable[[str], Parsed]) -> None:
    operations, names = parse(text)
    region = whole(operations[-1].results[0])
    assert region.root is not None and names[region.root] == "A"
    assert box_text(region, names) == expected


def test_elements_and_windows(parse: Callable[[str], Parsed]) -> None:
    operations, names = parse("%s = arith.addi %i, %c2 : index")
    matrix = next(value for value, name in names.items() if name == "A")
    i, shifted = operations[-1].operands[0], operations[-1].results[0]
    assert box_text(element(matrix, [i, shifted]), names) == "1i 0 : 1, 1i 2 : 1"
    assert box_text(window(matrix, [i, shifted], [2, 4]), names) == "1i 0 : 2, 1i 2 : 4"
    assert box_text(window(matrix, [i, shifted], [4]), names) == "1i 0 : 1, 1i 2 : 4"


def test_roots(parse: Callable[[str], Parsed]) -> None:
    operations, names = parse(
        "%m = memref.alloc() : memref<4xf32>\n%n = memref.alloca() : memref<4xf32>\n%g = arith.constant true\n"
        "%s = arith.select %g, %m, %n : memref<4xf32>\n%r = memref.cast %s : memref<4xf32> to memref<?xf32>"
    )
    m, n, _, s, r = (operation.results[0] for operation in operations[-5:])
    assert [root_of(value) for value in (m, n)] == [m, n]
    assert [root_of(value) for value in (s, r)] == [None, None]
    argument = next(value for value, name in names.items() if name == "A")
    assert root_of(argument) == argument


def at(start: int, extent: int | None) -> Interval:
    return Interval(Linear(start), extent)


@pytest.mark.parametrize(
    ("outer", "inner", "size", "contains"),
    [
        (at(0, 8), at(0, 8), 8, True),
        (at(0, 8), at(2, 6), 16, True),
        (at(0, 8), at(2, 7), 16, False),
        (at(2, 4), at(1, 2), 16, False),
        (at(2, 4), at(2, 4), 16, True),
        # All of a dimension: whatever is accessed is inside.
        (at(0, 8), at(0, None), 8, True),
        (at(0, 9), at(0, None), 8, True),
        (at(0, 7), at(0, None), 8, False),
        (at(1, 8), at(0, None), 8, False),
        (at(0, 8), at(0, None), -1, False),
        (at(0, None), at(0, 1), 8, False),
        (at(0, 0), at(0, None), 0, True),
    ],
)
def test_intervals_in_intervals(outer: Interval, inner: Interval, size: int, contains: bool) -> None:
    assert outer.contains(inner, size) == contains


def test_a_region_covers_only_its_own_buffer_and_only_where_exact(parse: Callable[[str], Parsed]) -> None:
    operations, _ = parse("%m = memref.alloc() : memref<4xf32>\n%n = memref.alloc() : memref<4xf32>")
    m, n = (operation.results[0] for operation in operations[-2:])
    assert whole(m).covers(whole(m))
    assert not whole(m).covers(whole(n))
    assert not whole(m).covers(Region(None, (), False)) and not Region(None, (), False).covers(whole(m))
    assert not Region(m, whole(m).box, exact=False).covers(whole(m))
    part = Region(m, (at(1, 3),))
    assert whole(m).covers(part) and not part.covers(whole(m))
