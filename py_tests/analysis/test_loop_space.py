"""Parallel operations as spaces: extents, and which dimension indexes what; one row an operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.analysis.loop_space import LoopSpace, loop_spaces
from tilewright.ir.layout import Axis
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect

ARGUMENTS = {
    "A": "memref<8x16xf32>",
    "T": "memref<16x8xf32>",
    "V": "memref<8xf32>",
    "Y": "memref<8xf32>",
    "B": "memref<3x8x16xf32>",
    "D": "memref<?xf32>",
    "H": "memref<8xf16>",
    "Z": "memref<8xindex>",
    "I": "memref<8xi1>",
    "i": "index",
}
IDENTITY = "affine_map<(d0, d1) -> (d0, d1)>"
SWAPPED = "affine_map<(d0, d1) -> (d1, d0)>"


@contextmanager
def found_spaces(text: str) -> Iterator[tuple[list[LoopSpace], dict[ir.Value, str]]]:
    """The spaces of a function, and the names of its arguments."""
    with mlir.context():
        arguments = ", ".join(f"%{name}: {kind}" for name, kind in ARGUMENTS.items())
        constants = "".join(f"%c{n} = arith.constant {n} : index\n" for n in (0, 1, 8)) + "%v = arith.constant 0.0 : f32\n"
        module = ir.Module.parse(f"func.func @f({arguments}) {{ {constants} {text} return }}")
        function = module.body.operations[0].operation
        block = function.regions[0].blocks[0]
        yield loop_spaces(function, 128, 32), dict(zip(block.arguments, ARGUMENTS, strict=True))


def spaces(text: str) -> list[str]:
    """The spaces of a function, as texts; accesses of what is no argument are named by their allocation."""
    with found_spaces(text) as (found, names):
        return [described(space, names) for space in found]


def described(space: LoopSpace, names: dict[ir.Value, str]) -> str:
    """For example `8x16 of 128: reads A(d0:8, d1:16), writes V(*)`: a star where no dimension of the space is the index."""
    extents = "?" if space.extents is None else "x".join(str(extent) for extent in space.extents)
    accesses = [
        ("serial " if access.serial else "")
        + ("writes " if access.writes else "reads ")
        + names.get(access.buffer, "local")
        + f"({', '.join(axis_text(axis) for axis in access.axes)})"
        for access in space.accesses
    ]
    return f"{extents} of {space.threads}: {', '.join(accesses)}"


def axis_text(axis: Axis) -> str:
    divisor = f"/{axis.divisor}" if axis.divisor != 1 else ""
    return "*" if axis.dimension is None else f"d{axis.dimension}{divisor}:{axis.extent}"


def generic(maps: str, ins: str, outs: str, arguments: str, iterators: str = '"parallel", "parallel"', body: str = "") -> str:
    return (
        f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{iterators}]}} ins({ins}) outs({outs}) "
        f"{{ ^bb0({arguments}): {body} linalg.yield %a : f32 }}"
    )


A, T, V, Y = "%A : memref<8x16xf32>", "%T : memref<16x8xf32>", "%V : memref<8xf32>", "%Y : memref<8xf32>"
LEADING = "memref<8x16xf32, strided<[16, 1], offset: ?>>"
HALF = "memref<4x16xf32, strided<[16, 1]>>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "scf.forall (%a, %b) in (8, 16) { %l = memref.load %A[%a, %b] : memref<8x16xf32>\n"
            "memref.store %l, %T[%b, %a] : memref<16x8xf32> }",
            ["8x16 of 128: reads A(d0:8, d1:16), writes T(d1:16, d0:8)"],
        ),
        (
            "scf.forall (%a, %b) in (8, 16) { %l = memref.load %V[%a] : memref<8xf32> }",
            ["8x16 of 128: reads V(d0:8)"],
        ),
        # One dimension twice, a constant, an index that is computed: it may be anywhere.
        ("scf.forall (%a) in (8) { memref.store %v, %A[%a, %a] : memref<8x16xf32> }", ["8 of 128: writes A(d0:8, *)"]),
        ("scf.forall (%a) in (8) { memref.store %v, %A[%a, %c0] : memref<8x16xf32> }", ["8 of 128: writes A(d0:8, *)"]),
        (
            "scf.forall (%a) in (8) { %s = arith.addi %a, %c1 : index memref.store %v, %V[%s] : memref<8xf32> }",
            ["8 of 128: writes V(*)"],
        ),
        ("scf.forall (%a) in (%i) { memref.store %v, %V[%a] : memref<8xf32> }", ["? of 128: writes V(*)"]),
        ("scf.forall (%a, %b) in (8, %i) { memref.store %v, %V[%a] : memref<8xf32> }", ["? of 128: writes V(*)"]),
        ("scf.forall (%a, %b) in (8, 0) { memref.store %v, %V[%a] : memref<8xf32> }", ["? of 128: writes V(*)"]),
        ("scf.forall (%a) = (1) to (8) step (1) { memref.store %v, %V[%a] : memref<8xf32> }", ["? of 128: writes V(*)"]),
        ("scf.forall (%a) = (0) to (8) step (2) { memref.store %v, %V[%a] : memref<8xf32> }", ["? of 128: writes V(*)"]),
        (
            "scf.forall (%a) in (8) { %r = memref.atomic_rmw addf %v, %V[%a] : (f32, memref<8xf32>) -> f32 }",
            ["8 of 128: writes V(d0:8)"],
        ),
        (
            "scf.forall (%a) in (8) { memref.copy %A, %A : memref<8x16xf32> to memref<8x16xf32> }",
            ["8 of 128: writes A(*, *), writes A(*, *)"],
        ),
        ("scf.forall (%a) in (8) { %d = memref.dim %A, %c0 : memref<8x16xf32> }", ["8 of 128: "]),
        (
            "scf.forall (%a) in (8) { %w = memref.cast %V : memref<8xf32> to memref<?xf32>\n"
            "memref.store %v, %w[%a] : memref<?xf32> }",
            ["8 of 128: writes V(d0:8)"],
        ),
        (
            "%s = arith.select %g, %V, %Y : memref<8xf32> scf.forall (%a) in (8) { memref.store %v, %s[%a] : memref<8xf32> }",
            ["8 of 128: "],
        ),
        ("scf.forall (%a) in (8) { memref.store %v, %D[%a] : memref<?xf32> }", ["8 of 128: writes D(*)"]),
        ("scf.forall (%a) in (9) { memref.store %v, %V[%a] : memref<8xf32> }", ["9 of 128: writes V(*)"]),
        ("scf.forall (%a) in (1) { memref.store %v, %V[%a] : memref<8xf32> }", ["1 of 128: writes V(d0:1)"]),
        # Views are seen through to the dimensions of their buffer.
        (
            f"%w = memref.subview %B[%i, 0, 0] [1, 8, 16] [1, 1, 1] : memref<3x8x16xf32> to {LEADING}\n"
            f"scf.forall (%a, %b) in (8, 16) {{ memref.store %v, %w[%a, %b] : {LEADING} }}",
            ["8x16 of 128: writes B(*, d0:8, d1:16)"],
        ),
        (
            f"%w = memref.subview %A[0, 0] [4, 16] [1, 1] : memref<8x16xf32> to {HALF}\n"
            f"scf.forall (%a, %b) in (4, 16) {{ memref.store %v, %w[%a, %b] : {HALF} }}",
            ["4x16 of 128: writes A(d0:4, d1:16)"],
        ),
        (
            "%w = memref.subview %V[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>\n"
            "scf.forall (%a) in (4) { memref.store %v, %w[%a] : memref<4xf32, strided<[1], offset: 4>> }",
            ["4 of 128: writes V(*)"],
        ),
        (
            "%w = memref.subview %V[%i] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: ?>>\n"
            "scf.forall (%a) in (4) { memref.store %v, %w[%a] : memref<4xf32, strided<[1], offset: ?>> }",
            ["4 of 128: writes V(*)"],
        ),
        ("scf.forall (%a, %b) = (0, 1) to (8, 8) step (1, 1) { memref.store %v, %V[%a] : memref<8xf32> }",
         ["? of 128: writes V(*)"]),
        ("scf.forall (%a, %b) = (0, 0) to (8, 8) step (1, 2) { memref.store %v, %V[%a] : memref<8xf32> }",
         ["? of 128: writes V(*)"]),
        (
            "%w = memref.subview %V[0] [4] [2] : memref<8xf32> to memref<4xf32, strided<[2]>>\n"
            "scf.forall (%a) in (4) { memref.store %v, %w[%a] : memref<4xf32, strided<[2]>> }",
            ["4 of 128: writes V(*)"],
        ),
        (
            "scf.forall (%a) in (8) { %w = memref.memory_space_cast %V : memref<8xf32> to memref<8xf32, 1>\n"
            "memref.store %v, %w[%a] : memref<8xf32, 1> }",
            ["8 of 128: writes V(d0:8)"],
        ),
        (
            "%w = memref.expand_shape %V [[0, 1]] output_shape [8, 1] : memref<8xf32> into memref<8x1xf32>\n"
            "scf.forall (%a, %b) in (8, 1) { memref.store %v, %w[%a, %b] : memref<8x1xf32> }",
            ["8x1 of 128: writes V(*)"],
        ),
        (generic(f"{IDENTITY}, {SWAPPED}", A, T, "%a: f32, %o: f32"),
         ["8x16 of 128: reads A(d0:8, d1:16), writes T(d1:16, d0:8)"]),
        (
            generic(f"affine_map<(d0, d1) -> (d0)>, {IDENTITY}", V, A, "%a: f32, %o: f32"),
            ["8x16 of 128: reads V(d0:8), writes A(d0:8, d1:16)"],
        ),
        (
            generic(
                f"{IDENTITY}, affine_map<(d0, d1) -> (d0)>", A, V, "%a: f32, %o: f32", '"parallel", "reduction"'
            ),
            ["8x16 of 128: reads A(d0:8, d1:16), writes V(d0:8)"],
        ),
        (
            generic(
                "affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>", V, Y, "%a: f32, %o: f32", '"parallel"',
                "%l = memref.load %A[%c0, %c1] : memref<8x16xf32>",
            ),
            ["8 of 128: reads A(*, *), reads V(d0:8), writes Y(d0:8)"],
        ),
        ("linalg.fill ins(%v : f32) outs(%A : memref<8x16xf32>)", ["8x16 of 128: writes A(d0:8, d1:16)"]),
        ("linalg.fill ins(%v : f32) outs(%D : memref<?xf32>)", ["? of 128: writes D(*)"]),
        # One dimension that is not constant is enough, whichever it is.
        ("%G = memref.alloc(%i) : memref<?x8xf32> linalg.fill ins(%v : f32) outs(%G : memref<?x8xf32>)",
         ["? of 128: writes local(*, *)"]),
        ("%G = memref.alloc(%i) : memref<8x?xf32> linalg.fill ins(%v : f32) outs(%G : memref<8x?xf32>)",
         ["? of 128: writes local(*, *)"]),
        ("%G = memref.alloc(%i) : memref<8x?xf32> memref.copy %G, %G : memref<8x?xf32> to memref<8x?xf32>",
         ["? of 128: reads local(*, *), writes local(*, *)"]),
        (
            "linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = [\"parallel\"]} "
            "outs(%V : memref<8xf32>) { ^bb0(%o: f32): linalg.yield %o : f32 }",
            ["8 of 128: writes V(d0:8)"],
        ),
        (
            generic("affine_map<(d0, d1) -> (d0 + d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>",
                    "%V, %W : memref<8xf32>, memref<4xf32>", "%F : memref<5xf32>", "%a: f32, %b: f32, %o: f32",
                    '"parallel", "reduction"'),
            ["5x4 of 128: reads V(*), reads local(d1:4), writes local(d0:5)"],
        ),
        ("linalg.softmax dimension(1) ins(%A : memref<8x16xf32>) outs(%A : memref<8x16xf32>)", []),
        ("memref.copy %D, %D : memref<?xf32> to memref<?xf32>", ["? of 128: reads D(*), writes D(*)"]),
        ("memref.copy %A, %A : memref<8x16xf32> to memref<8x16xf32>",
         ["8x16 of 128: reads A(d0:8, d1:16), writes A(d0:8, d1:16)"]),
        (
            '"tile.copy_in"(%V, %i, %W) {pad = 0.0 : f32} : (memref<8xf32>, index, memref<4xf32>) -> ()',
            ["4 of 128: reads V(*), writes local(d0:4)"],
        ),
        (
            '"tile.copy_out"(%W, %V, %i) : (memref<4xf32>, memref<8xf32>, index) -> ()',
            ["4 of 128: reads local(d0:4), writes V(*)"],
        ),
        (
            '"tile.copy_in"(%B, %i, %i, %i, %S) {pad = 0.0 : f32} : (memref<3x8x16xf32>, index, index, index, memref<8x8xf32>)'
            " -> ()",
            ["8x8 of 128: reads B(*, *, *), writes local(d0:8, d1:8)"],
        ),
        (
            '"tile.copy_async"(%V, %Y) {group = 0 : i32} : (memref<8xf32>, memref<8xf32>) -> ()',
            ["8 of 128: reads V(d0:8), writes Y(d0:8)"],
        ),
        (
            '"tile.copy_async"(%V, %i, %W) {group = 0 : i32} : (memref<8xf32>, index, memref<4xf32>) -> ()',
            ["4 of 128: reads V(*), writes local(d0:4)"],
        ),
        (
            '"tile.bulk_copy"(%V, %Y, %full, %i) : (memref<8xf32>, memref<8xf32>, !tile.mbarrier, index) -> ()',
            ["8 of 128: reads V(d0:8), writes Y(d0:8)"],
        ),
        (
            '"tile.bulk_copy"(%V, %i, %W, %full, %i) : (memref<8xf32>, index, memref<4xf32>, !tile.mbarrier, index) -> ()',
            ["4 of 128: reads V(*), writes local(d0:4)"],
        ),
        (
            '"tile.scan"(%A, %A) {dimension = 1 : i32, kind = "sum", reverse = false} : (memref<8x16xf32>, memref<8x16xf32>)'
            " -> ()",
            ["8x16 of 128: reads A(d0:8, d1:16), writes A(d0:8, d1:16)"],
        ),
        (
            '"tile.gemm_sp"(%P, %E, %Q, %C) : (memref<64x16xf16>, memref<64x4xi8>, memref<32x48xf16>, memref<64x48xf32>) -> ()',
            ["64x48x32 of 128: reads local(*, *), reads local(*, *), reads local(*, *), writes local(*, *)"],
        ),
        ("%l = memref.load %V[%i] : memref<8xf32>", ["? of 128: serial reads V(*)"]),
        ("memref.store %v, %V[%i] : memref<8xf32>", ["? of 128: serial writes V(*)"]),
        (
            "%r = memref.generic_atomic_rmw %V[%i] : memref<8xf32> { ^bb0(%o: f32): memref.atomic_yield %o : f32 }",
            ["? of 128: serial writes V(*)"],
        ),
        ("%s = arith.select %g, %V, %Y : memref<8xf32> memref.store %v, %s[%i] : memref<8xf32>", []),
        ("%r = memref.atomic_rmw addf %v, %V[%i] : (f32, memref<8xf32>) -> f32", ["? of 128: serial writes V(*)"]),
        ("scf.if %g { memref.store %v, %V[%i] : memref<8xf32> }", ["? of 128: serial writes V(*)"]),
        (
            '"tile.specialize"() ({ "tile.warp_group"() ({ memref.store %v, %V[%i] : memref<8xf32> }) '
            '{role = "consumer", warps = 2 : i32} : () -> () }) : () -> ()',
            ["? of 64: serial writes V(*)"],
        ),
    ],
)  # fmt: skip
def test_spaces(text: str, expected: list[str]) -> None:
    kinds = {"W": "4xf32", "F": "5xf32", "S": "8x8xf32", "P": "64x16xf16", "E": "64x4xi8", "Q": "32x48xf16", "C": "64x48xf32"}
    before = "".join(f"%{name} = memref.alloc() : memref<{kind}>\n" for name, kind in kinds.items())
    before += "%g = arith.constant true\n"
    before += '%full = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier\n'
    assert spaces(before + text) == expected


@pytest.mark.parametrize(
    ("index", "axis"),
    [
        ("affine.apply affine_map<(d0) -> (d0 floordiv 2)>(%a)", "d0/2:4"),
        ("affine.apply affine_map<(d0) -> (d0 floordiv 3)>(%a)", "d0/3:3"),
        ("affine.apply affine_map<()[s0] -> (s0 floordiv 2)>()[%a]", "d0/2:4"),
        ("affine.apply affine_map<(d0) -> (d0 + 1)>(%a)", "*"),
        ("affine.apply affine_map<(d0) -> (d0 ceildiv 2)>(%a)", "*"),
        ("affine.apply affine_map<(d0) -> ((d0 + 1) floordiv 2)>(%a)", "*"),
        ("affine.apply affine_map<(d0, d1) -> (d0 floordiv 2 + d1)>(%a, %i)", "*"),
        ("affine.apply affine_map<(d0) -> (d0 floordiv 2)>(%i)", "*"),
        ("arith.divsi %a, %c8 : index", "d0/8:1"),
        ("arith.divui %a, %c8 : index", "d0/8:1"),
        ("arith.floordivsi %a, %c8 : index", "d0/8:1"),
        ("arith.index_cast %narrow : i32 to index", "*"),
        ("arith.divsi %a, %c1 : index", "d0:8"),
        ("arith.divsi %a, %c0 : index", "*"),
        ("arith.divsi %a, %minus : index", "*"),
        ("affine.apply affine_map<()[s0] -> (s0 floordiv s0)>()[%a]", "*"),
        ("affine.apply affine_map<(d0)[s0] -> (d0 floordiv s0)>(%a)[%c8]", "*"),
        ("arith.divsi %a, %i : index", "*"),
        ("arith.divsi %c8, %a : index", "*"),
        ("arith.remsi %a, %c8 : index", "*"),
    ],
)
def test_a_dimension_divided_by_a_constant_is_an_index(index: str, axis: str) -> None:
    text = "%minus = arith.constant -2 : index\n"
    text += "scf.forall (%a) in (8) { %narrow = arith.index_cast %a : index to i32\n"
    text += f"%n = {index}\n memref.store %v, %V[%n] : memref<8xf32> }}"
    assert spaces(text) == [f"8 of 128: writes V({axis})"]


def test_spaces_come_in_program_order() -> None:
    text = "memref.store %v, %V[%i] : memref<8xf32> scf.forall (%a) in (8) { memref.store %v, %V[%a] : memref<8xf32> }"
    assert spaces(text) == ["? of 128: serial writes V(*)", "8 of 128: writes V(d0:8)"]


STRIDED = "memref<8x16xf32, strided<[?, 1], offset: ?>>"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("scf.forall (%a, %b) in (8, 16) { %l = memref.load %A[%a, %b] : memref<8x16xf32> }", (16, 1)),
        ("scf.forall (%a, %b) in (8, 16) { %l = memref.load %T[%b, %a] : memref<16x8xf32> }", (1, 8)),
        ("scf.forall (%a, %b) in (8, 16) { %l = memref.load %V[%a] : memref<8xf32> }", (1, 0)),
        ("scf.forall (%a, %b) in (8, 16) { %l = memref.load %A[%c0, %a] : memref<8x16xf32> }", (1, 0)),
        ("scf.forall (%a) in (%i) { %l = memref.load %V[%a] : memref<8xf32> }", ()),
        (
            "scf.forall (%a, %b) in (8, 16) { %n = arith.divsi %a, %c8 : index "
            "%l = memref.load %A[%n, %b] : memref<8x16xf32> }",
            (None, 1),
        ),
        (
            "scf.forall (%a, %b) in (8, 16) { %n = arith.divsi %a, %c1 : index "
            "%l = memref.load %A[%n, %b] : memref<8x16xf32> }",
            (16, 1),
        ),
        (
            f"%w = memref.reinterpret_cast %A to offset: [0], sizes: [8, 16], strides: [%i, 1] "
            f": memref<8x16xf32> to {STRIDED}\n"
            f"scf.forall (%a, %b) in (8, 16) {{ %l = memref.load %w[%a, %b] : {STRIDED} }}",
            (None, 1),
        ),
        # Where a window begins does not change by how much its points are apart.
        (
            "%W = memref.alloc() : memref<4x4xf32> "
            '"tile.copy_in"(%A, %i, %i, %W) {pad = 0.0 : f32} : (memref<8x16xf32>, index, index, memref<4x4xf32>) -> ()',
            (16, 1),
        ),
        (
            "%W = memref.alloc() : memref<4x4xf32> "
            '"tile.copy_in"(%B, %i, %i, %i, %W) {pad = 0.0 : f32} : (memref<3x8x16xf32>, index, index, index, memref<4x4xf32>)'
            " -> ()",
            (16, 1),
        ),
    ],
)
def test_the_steps_of_an_access(text: str, steps: tuple[int | None, ...]) -> None:
    with found_spaces(text) as (found, _):
        access = found[0].accesses[0]
        assert access.steps == steps and not access.serial


@pytest.mark.parametrize(("buffer", "kind", "size"), [("V", "f32", 4), ("H", "f16", 2), ("Z", "index", 8), ("I", "i1", 1)])
def test_the_bytes_of_an_element(buffer: str, kind: str, size: int) -> None:
    with found_spaces(f"scf.forall (%a) in (8) {{ %l = memref.load %{buffer}[%a] : memref<8x{kind}> }}") as (found, _):
        assert found[0].accesses[0].bytes == size


def test_the_part_that_is_touched() -> None:
    text = "scf.forall (%a) in (4) { %l = memref.load %A[%a, %c0] : memref<8x16xf32> %m = memref.load %D[%a] : memref<?xf32> }"
    with found_spaces(text) as (found, _):
        known, unknown = found[0].accesses
        assert (known.shape, known.dimensions) == ((4, 16), frozenset({0}))
        assert (unknown.shape, unknown.dimensions) == ((1,), frozenset())


def test_the_warp_group_of_a_space() -> None:
    store = "memref.store %v, %V[%i] : memref<8xf32>"
    group = f'"tile.warp_group"() ({{ scf.if %g {{ {store} }} }}) {{role = "consumer", warps = 2 : i32}} : () -> ()'
    text = f'%g = arith.constant true {store} "tile.specialize"() ({{ {group} }}) : () -> () {store}'
    with found_spaces(text) as (found, _):
        assert [space.threads for space in found] == [128, 64, 128]
        assert [space.group.name if space.group is not None else None for space in found] == [None, "tile.warp_group", None]
