"""Regions: what an access touches, and whether two may touch the same element, in one iteration or in two."""

from __future__ import annotations

import pytest

from tilewright.analysis.linear import Linear
from tilewright.analysis.regions import Interval, Region, covered, may_overlap

pytestmark = pytest.mark.l1a_compile_no_target_dialect


def store(memref: str, index: str, kind: str = "!tile") -> str:
    return f"memref.store %v, {memref}[{index}] : {kind}"


def regions(body):
    return [access.region for access in body.accesses() if access.writes]


VALUE = "%v = arith.constant 0.0 : f16\n"


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("%c0", "%c0", True),
        ("%c0", "%c1", False),
        ("%k", "%k", True),
        ("%k", "%n", True),
    ],
)
def test_elements_of_one_buffer(first, second, overlap, loop_body):
    one, two = regions(loop_body(store("%S", first) + "\n" + store("%S", second), VALUE))
    assert may_overlap(one, two) == overlap


def test_two_allocations_never_overlap(loop_body):
    one, two = regions(loop_body(store("%S", "%k") + "\n" + store("%R", "%k"), VALUE))
    assert not may_overlap(one, two)


WINDOW = "%w{n} = memref.subview %X[%o{n}] [{size}] [1] : !x to memref<{size}xf16, strided<[1], offset: ?>>\n"


def windows(first: str, second: str, size: int = 16) -> str:
    text = ""
    for n, offset in enumerate((first, second)):
        text += f"%o{n} = affine.apply affine_map<(i) -> ({offset})>(%k)\n" + WINDOW.format(n=n, size=size)
    tile = f"memref<{size}xf16, #gpu.address_space<workgroup>>"
    wide = f"memref<{size}xf16, strided<[1], offset: ?>>"
    return text + "".join(f"memref.copy %B, %w{n} : {tile} to {wide}\n" for n in range(2))


@pytest.mark.parametrize(
    ("first", "second", "size", "same", "carried"),
    [
        ("i", "i", 16, True, False),
        ("i", "i + 16", 16, False, True),
        ("i", "i + 15", 16, True, True),
        ("i", "i + 32", 16, False, True),
        ("i", "i + 17", 16, False, True),
        ("i", "i", 17, True, True),
        ("i * 2", "i * 2 + 16", 16, False, False),
        ("i * 2", "i * 2 + 17", 16, False, True),
        ("i", "i * 2", 16, True, True),
        ("0", "64", 16, False, False),
        ("0", "0", 16, True, True),
    ],
)
def test_windows_of_one_argument(first, second, size, same, carried, loop_body):
    """`carried`: the windows of two different iterations, 16 apart, may share an element."""
    buffer = f"%B = memref.alloc() : memref<{size}xf16, #gpu.address_space<workgroup>>"
    body = loop_body(windows(first, second, size), buffer)
    one, two = regions(body)
    assert may_overlap(one, two) == same
    assert may_overlap(one, two, body.carried) == carried


def test_a_window_at_an_offset_that_is_computed_in_the_loop_may_be_anywhere_in_another_iteration(loop_body):
    body = loop_body(
        """%row = memref.load %T[%k] : memref<16xindex>
        %w = memref.subview %X[%row] [16] [1] : !x to !window
        memref.copy %S, %w : !tile to !window"""
    )
    (region,) = regions(body)
    assert may_overlap(region, region, body.carried)


SQUARE = "memref<4x4xf16, #gpu.address_space<workgroup>>"
STRIDED = "memref<16xf16, strided<[1]>, #gpu.address_space<workgroup>>"


@pytest.mark.parametrize(
    ("view", "kind", "covers"),
    [
        ("memref.subview %S[0] [16] [1] : !tile to !tile", "!tile", True),
        ("memref.subview %S[%c0] [8] [1] : !tile to !half", "!half", False),
        (f"memref.expand_shape %S [[0, 1]] output_shape [4, 4] : !tile into {SQUARE}", SQUARE, True),
        (f"memref.reinterpret_cast %S to offset: [0], sizes: [16], strides: [1] : !tile to {STRIDED}", STRIDED, False),
    ],
)
def test_a_write_through_a_view_covers_the_buffer_only_where_it_is_known_to(view, kind, covers, loop_body):
    body = loop_body(
        f"%view = {view}\nlinalg.fill ins(%v : f16) outs(%view : {kind})\nlinalg.fill ins(%v : f16) outs(%S : !tile)", VALUE
    )
    through, whole = regions(body)
    assert through.covers(whole) == covers
    assert may_overlap(through, whole)


@pytest.mark.parametrize(("bounds", "covers"), [("16", True), ("15", False)])
def test_a_parallel_loop_covers_what_its_range_does(bounds, covers, loop_body):
    body = loop_body(
        f"scf.forall (%i) in ({bounds}) {{ memref.store %v, %S[%i] : !tile }}\nlinalg.fill ins(%v : f16) outs(%S : !tile)",
        VALUE,
    )
    loop, whole = regions(body)
    assert loop.covers(whole) == covers


def test_a_diagonal_does_not_cover_its_box(loop_body):
    body = loop_body(
        "scf.forall (%i) in (8) { memref.store %v, %G[%i, %i] : !grid }\nlinalg.fill ins(%v : f16) outs(%G : !grid)",
        VALUE + "%G = memref.alloc() : !grid",
    )
    diagonal, whole = regions(body)
    assert not diagonal.covers(whole)


@pytest.mark.parametrize(("first", "covers"), [("[16]", True), ("[15]", False)])
def test_a_write_of_a_whole_dimension_covers_reads_at_any_index_of_it(first, covers, loop_body):
    body = loop_body(
        f"""%p = memref.subview %S[0] {first} [1] : !tile to memref<{first[1:-1]}xf16, #gpu.address_space<workgroup>>
        linalg.fill ins(%v : f16) outs(%p : memref<{first[1:-1]}xf16, #gpu.address_space<workgroup>>)
        scf.forall (%i) in (16) {{
          %half = affine.apply affine_map<(d0) -> (d0 floordiv 2)>(%i)
          %x = memref.load %S[%half] : !tile
          memref.store %x, %R[%i] : !tile
        }}""",
        VALUE,
    )
    written = regions(body)[0]
    (read,) = [a.region for a in body.statements[1].accesses if not a.writes]
    assert written.covers(read) == covers


PIECE = "memref<{size}xf16, strided<[1], offset: {start}>, #gpu.address_space<workgroup>>"


@pytest.mark.parametrize(
    ("pieces", "together"),
    [
        ([(0, 8), (8, 8)], True),
        ([(8, 8), (0, 8)], True),
        ([(0, 12), (4, 12)], True),
        ([(0, 8), (8, 7)], False),
        ([(0, 7), (8, 8)], False),
        ([(1, 7), (8, 8)], False),
        ([(0, 4), (4, 4), (8, 4), (12, 4)], True),
        ([(0, 16)], True),
    ],
)
def test_writes_side_by_side_cover_what_they_hold_together(pieces, together, loop_body):
    fills = ""
    for number, (start, size) in enumerate(pieces):
        kind = PIECE.format(size=size, start=start)
        fills += f"%p{number} = memref.subview %S[{start}] [{size}] [1] : !tile to {kind}\n"
        fills += f"linalg.fill ins(%v : f16) outs(%p{number} : {kind})\n"
    written = regions(loop_body(fills + "linalg.fill ins(%v : f16) outs(%S : !tile)", VALUE))
    assert covered(written[-1], written[:-1]) == together


def test_writes_in_different_dimensions_leave_a_corner(loop_body):
    """Rows 0 to 3 of all columns, and columns 0 to 3 of all rows: neither dimension is covered for the whole of the other."""
    half = "memref<{}, strided<[8, 1]>, #gpu.address_space<workgroup>>"
    body = loop_body(
        f"""%rows = memref.subview %G[0, 0] [4, 8] [1, 1] : !grid to {half.format("4x8xf16")}
        linalg.fill ins(%v : f16) outs(%rows : {half.format("4x8xf16")})
        %columns = memref.subview %G[0, 0] [8, 4] [1, 1] : !grid to {half.format("8x4xf16")}
        linalg.fill ins(%v : f16) outs(%columns : {half.format("8x4xf16")})
        linalg.fill ins(%v : f16) outs(%G : !grid)""",
        VALUE + "%G = memref.alloc() : !grid",
    )
    *parts, whole = regions(body)
    assert not covered(whole, parts)


def test_halves_of_a_grid_cover_it_along_either_dimension(loop_body):
    along_rows = [((0, 0), (4, 8)), ((4, 0), (4, 8))]
    along_columns = [((0, 0), (8, 4)), ((0, 4), (8, 4))]
    for pieces in (along_rows, along_columns):
        whole = Region(grid_of(loop_body), (box(0, 8), box(0, 8)))
        parts = [Region(whole.root, (box(i, m), box(j, n))) for (i, j), (m, n) in pieces]
        assert covered(whole, parts)
        assert not covered(whole, parts[:1])
        # A part that is not written all over, or is of another buffer, covers nothing.
        assert not covered(whole, [parts[0], Region(whole.root, parts[1].box, exact=False)])
        assert not covered(whole, [parts[0], Region(grid_of(loop_body), parts[1].box)])


def box(start: int, extent: int) -> Interval:
    return Interval(Linear(start), extent)


def grid_of(loop_body):
    body = loop_body("linalg.fill ins(%v : f16) outs(%G : !grid)", VALUE + "%G = memref.alloc() : !grid")
    return regions(body)[0].root


@pytest.mark.parametrize(
    ("offsets", "same", "carried"),
    [
        # Computed in the loop: anywhere in another iteration, 16 apart in the same one.
        (("%row", "%row + 16"), False, True),
        # The same unknown in every iteration: one apart from the other by 16, by 8.
        (("%n", "%n + 16"), False, False),
        (("%n", "%n + 8"), True, True),
        # Apart by something unknown.
        (("%k", "%k + %n"), True, True),
        (("%n", "%row"), True, True),
    ],
)
def test_windows_at_unknown_offsets(offsets, same, carried, loop_body):
    text = "%row = memref.load %T[%k] : memref<16xindex>\n"
    for number, offset in enumerate(offsets):
        first, _, second = offset.partition(" + ")
        second = second or "0"
        operands = [first, *([second] if second.startswith("%") else [])]
        arguments = ", ".join(f"d{index}" for index in range(len(operands)))
        total = "d0 + d1" if len(operands) == 2 else f"d0 + {second}"
        text += f"%o{number} = affine.apply affine_map<({arguments}) -> ({total})>({', '.join(operands)})\n"
        text += WINDOW.format(n=number, size=16)
    text += "".join(f"memref.copy %S, %w{n} : !tile to !window\n" for n in range(2))
    body = loop_body(text)
    one, two = regions(body)
    assert may_overlap(one, two) == same
    assert may_overlap(one, two, body.carried) == carried


def test_unknown_memory_may_be_any_memory(loop_body):
    body = loop_body("memref.store %v, %which[%k] : !tile", VALUE + "%which = arith.select %guard, %S, %R : !tile")
    (unknown,) = regions(body)
    assert unknown.root is None
    known = Region(grid_of(loop_body), (box(0, 8), box(0, 8)))
    for first, second in ((unknown, known), (known, unknown), (unknown, unknown)):
        assert may_overlap(first, second) and may_overlap(first, second, body.carried)


@pytest.mark.parametrize(
    ("view", "kind"),
    [
        ("memref.transpose %G (i, j) -> (j, i) : !grid to ", "memref<8x8xf16, strided<[1, 8]>, #gpu.address_space<workgroup>>"),
        ("memref.collapse_shape %half [[0, 1]] : HALF into ", "memref<32xf16, strided<[1]>, #gpu.address_space<workgroup>>"),
    ],
)
def test_a_view_that_is_not_followed_may_be_all_of_its_buffer(view, kind, loop_body):
    half = "memref<4x8xf16, strided<[8, 1]>, #gpu.address_space<workgroup>>"
    before = VALUE + f"%G = memref.alloc() : !grid\n%half = memref.subview %G[0, 0] [4, 8] [1, 1] : !grid to {half}"
    fill = f"linalg.fill ins(%v : f16) outs(%view : {kind})\n"
    body = loop_body(f"%view = {view.replace('HALF', half)}{kind}\n{fill}linalg.fill ins(%v : f16) outs(%G : !grid)", before)
    through, whole = regions(body)
    assert through.root == whole.root and may_overlap(through, whole)
    assert not through.covers(whole) or "transpose" in view


@pytest.mark.parametrize(
    ("stride", "expected"), [(1, [(2, 4, True)]), (2, [(2, 7, False)]), (3, [(2, 10, False)])]
)  # fmt: skip
def test_a_strided_view_touches_part_of_its_box(stride, expected, loop_body):
    kind = f"memref<4xf16, strided<[{stride}], offset: 2>, #gpu.address_space<workgroup>>"
    view = f"%s = memref.subview %S[2] [4] [{stride}] : !tile to {kind}\n"
    body = loop_body(f"{view}linalg.fill ins(%v : f16) outs(%s : {kind})", VALUE)
    assert [(r.box[0].start.constant, r.box[0].extent, r.exact) for r in regions(body)] == expected
