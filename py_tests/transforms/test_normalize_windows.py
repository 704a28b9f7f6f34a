"""Which fill and copy are one window: a pair that is, and everything that can be wrong with it, one change at a time."""

from __future__ import annotations

import pytest

from tilewright import mlir
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.normalize_windows import normalize_windows

pytestmark = pytest.mark.l1a_compile_no_target_dialect

# What a row of the tests may replace. %b is of a dynamic number of rows, and %r and %c are where the window begins.
PARTS = {
    "MEMORY": "%a",
    "ROWS": "%rows = affine.min affine_map<(i) -> (16, -i + 100)>(%r)",
    "COLUMNS": "%columns = affine.min affine_map<(i) -> (32, -i + 60)>(%c)",
    "WINDOW": "memref.subview %a[%r, %c] [%rows, %columns] [1, 1] : memref<100x60xf16> to !part",
    "CORNER": "memref.subview %s[0, 0] [%rows, %columns] [1, 1] : !tile to !corner",
    "FILL": "linalg.fill ins(%pad : f16) outs(%s : !tile)",
    "BETWEEN": "",
    "COPY": "memref.copy %window, %part : !part to !corner",
    "PAD": "%pad = arith.constant 0.0 : f16",
    "TILE": "%s = memref.alloc() : !tile",
}

KERNEL = """
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
!shifted = memref<?x?xf16, strided<[32, 1], offset: ?>, #gpu.address_space<workgroup>>
!second = memref<?x?xf16, strided<[32, 1], offset: 1>, #gpu.address_space<workgroup>>
!sparse = memref<?x?xf16, strided<[32, 2]>, #gpu.address_space<workgroup>>
func.func @f(%a: memref<100x60xf16>, %b: memref<?x60xf16>, %x: !tile, %y: f16, %z: memref<?x?xf16, strided<[60, 1], offset: ?>>,
             %r: index, %c: index, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c17 = arith.constant 17 : index
  %c32 = arith.constant 32 : index
  %c60 = arith.constant 60 : index
  %c99 = arith.constant 99 : index
  %c100 = arith.constant 100 : index
  %one = arith.constant 1.0 : f16
  PAD
  TILE
  ROWS
  COLUMNS
  %window = WINDOW
  %part = CORNER
  FILL
  BETWEEN
  COPY
  return
}
"""


def replaced(**changes: str) -> tuple[int, list[str]]:
    """How many pairs became windows, and the operations of the kernel afterwards."""
    text = KERNEL
    for name, part in (PARTS | changes).items():
        text = text.replace(name, part)
    with mlir.context():
        module = ir.Module.parse(text)
        function = module.body.operations[0].operation
        count = normalize_windows(function)
        assert function.verify()
        return count, [str(operation) for operation in nested_operations(function)]


DYNAMIC = {"WINDOW": "memref.subview %b[%r, %c] [%rows, %columns] [1, 1] : memref<?x60xf16> to !part"}


def dynamic_rows(extent: str) -> dict[str, str]:
    return DYNAMIC | {"ROWS": f"{extent} %left = arith.subi %d, %r : index %rows = arith.minsi %c16, %left : index"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        # The smaller of two, in any order and by either operation.
        {"ROWS": "%rows = affine.min affine_map<(i) -> (-i + 100, 16)>(%r)"},
        {"ROWS": "%left = arith.subi %c100, %r : index %rows = arith.minsi %left, %c16 : index"},
        # All of the tile, in one dimension or both.
        {"ROWS": "%rows = arith.constant 16 : index"},
        {"ROWS": "%rows = arith.constant 16 : index", "COLUMNS": "%columns = arith.constant 32 : index"},
        # What the memory has is not constant.
        dynamic_rows("%d = memref.dim %b, %c0 : memref<?x60xf16>"),
        # Nothing between the two touches memory.
        {"BETWEEN": "%q = memref.dim %b, %c0 : memref<?x60xf16>"},
        {"PAD": "%pad = arith.constant 3.0 : f16"},
    ],
)
def test_a_window_is_copied_with_its_pad(changes: dict[str, str]) -> None:
    count, operations = replaced(**changes)
    assert count == 1
    assert not any("linalg.fill" in text or "memref.copy" in text for text in operations)
    (window,) = (text for text in operations if text.startswith('"tile.copy_in"'))
    assert ("pad = 3.0" if "PAD" in changes else "pad = 0.0") in window


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"COPY": ""}, id="nothing is copied"),
        pytest.param({"BETWEEN": "memref.copy %s, %x : !tile to !tile"}, id="it is read in between"),
        pytest.param({"BETWEEN": "memref.store %y, %x[%c0, %c0] : !tile"}, id="memory is written in between"),
        pytest.param({"BETWEEN": "%q = memref.load %s[%c0, %c0] : !tile"}, id="memory is read in between"),
        pytest.param({"BETWEEN": "%q = memref.alloc() : !tile"}, id="an allocation in between"),
        pytest.param({"BETWEEN": "scf.if %flag { }"}, id="a condition in between"),
        pytest.param({"PAD": "%pad = arith.addf %one, %one : f16"}, id="the pad is computed"),
        pytest.param({"FILL": "linalg.fill ins(%y : f16) outs(%s : !tile)"}, id="the pad is an argument"),
        pytest.param(
            {"FILL": "linalg.fill ins(%pad : f16) outs(%x : !tile)", "CORNER": PARTS["CORNER"].replace("%s", "%x")},
            id="the tile is an argument",
        ),
        pytest.param(
            {
                "TILE": "%t = memref.alloc() : memref<32x32xf16, #gpu.address_space<workgroup>> "
                "%s = memref.subview %t[0, 0] [16, 32] [1, 1] : memref<32x32xf16, #gpu.address_space<workgroup>> "
                "to memref<16x32xf16, strided<[32, 1]>, #gpu.address_space<workgroup>> "
                "%u = memref.cast %s : memref<16x32xf16, strided<[32, 1]>, #gpu.address_space<workgroup>> to "
                "memref<16x32xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>",
                "FILL": "linalg.fill ins(%pad : f16) "
                "outs(%s : memref<16x32xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>)",
                "CORNER": "memref.subview %s[0, 0] [%rows, %columns] [1, 1] "
                ": memref<16x32xf16, strided<[32, 1]>, #gpu.address_space<workgroup>> to !corner",
            },
            id="the tile is a view",
        ),
        pytest.param({"FILL": "%o = memref.alloc() : !tile linalg.fill ins(%pad : f16) outs(%o : !tile)"}, id="another tile"),
        pytest.param({"COPY": "memref.copy %z, %part : !part to !corner"}, id="the source is no window"),
        pytest.param(
            {
                "WINDOW": "memref.subview %a[%r, %c] [16, 32] [1, 1] : memref<100x60xf16> to "
                "memref<16x32xf16, strided<[60, 1], offset: ?>>",
                "COPY": "memref.copy %window, %s : memref<16x32xf16, strided<[60, 1], offset: ?>> to !tile",
            },
            id="all of the tile is copied",
        ),
        pytest.param(
            {
                "WINDOW": "memref.cast %z : !part to memref<16x?xf16, strided<[60, 1], offset: ?>>",
                "COPY": "%w = memref.cast %window : memref<16x?xf16, strided<[60, 1], offset: ?>> to !part "
                "memref.copy %w, %part : !part to !corner",
            },
            id="the source is a cast",
        ),
        pytest.param(
            {
                "CORNER": "memref.cast %s : !tile to memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>",
            },
            id="the destination is a cast",
        ),
        pytest.param(
            {
                "CORNER": "memref.cast %s : !tile to memref<?x32xf16, #gpu.address_space<workgroup>> "
                "%corner = memref.subview %part[0, 0] [%rows, %columns] [1, 1] "
                ": memref<?x32xf16, #gpu.address_space<workgroup>> to !corner",
                "COPY": "memref.copy %window, %corner : !part to !corner",
            },
            id="the corner is one of a view",
        ),
        pytest.param(
            {
                "WINDOW": PARTS["WINDOW"]
                .replace("[1, 1]", "[1, 2]")
                .replace("!part", "memref<?x?xf16, strided<[60, 2], offset: ?>>"),
                "COPY": "memref.copy %window, %part : memref<?x?xf16, strided<[60, 2], offset: ?>> to !corner",
            },
            id="the source has a step",
        ),
        pytest.param(
            {
                "CORNER": PARTS["CORNER"].replace("[1, 1]", "[1, 2]").replace("!corner", "!sparse"),
                "COPY": "memref.copy %window, %part : !part to !sparse",
            },
            id="the tile has a step",
        ),
        pytest.param(
            {
                "WINDOW": PARTS["WINDOW"]
                .replace("[1, 1]", "[1, %n]")
                .replace("!part", "memref<?x?xf16, strided<[60, ?], offset: ?>>"),
                "COPY": "memref.copy %window, %part : memref<?x?xf16, strided<[60, ?], offset: ?>> to !corner",
            },
            id="the source has a step that is not known",
        ),
        pytest.param(
            {
                "CORNER": PARTS["CORNER"].replace("[0, 0]", "[0, 1]").replace("!corner", "!second"),
                "COPY": "memref.copy %window, %part : !part to !second",
            },
            id="it begins at a constant in the tile",
        ),
        pytest.param(
            {
                "CORNER": PARTS["CORNER"].replace("[0, 0]", "[%n, 0]").replace("!corner", "!shifted"),
                "COPY": "memref.copy %window, %part : !part to !shifted",
            },
            id="it begins somewhere in the tile",
        ),
        pytest.param({"CORNER": PARTS["CORNER"].replace("%rows", "%n")}, id="the tile gets other rows than are copied"),
        pytest.param({"ROWS": "%rows = affine.min affine_map<(i) -> (15, -i + 100)>(%r)"}, id="the smaller tile"),
        pytest.param({"ROWS": "%rows = affine.min affine_map<(i) -> (17, -i + 100)>(%r)"}, id="the larger tile"),
        pytest.param({"ROWS": "%rows = affine.min affine_map<(i) -> (16, -i + 99)>(%r)"}, id="not what the memory has"),
        pytest.param({"ROWS": "%rows = affine.min affine_map<(i) -> (16, -i + 100)>(%c)"}, id="at another offset"),
        pytest.param({"ROWS": "%rows = affine.min affine_map<(i) -> (16, -i + 60)>(%r)"}, id="of another dimension"),
        pytest.param(
            {"ROWS": "%rows = affine.min affine_map<(i, j) -> (16, -i + 100, j)>(%r, %n)"}, id="the smallest of three"
        ),
        pytest.param({"ROWS": "%rows = affine.min affine_map<(i) -> (16, 16)>(%r)"}, id="the tile twice"),
        pytest.param({"ROWS": "%rows = affine.max affine_map<(i) -> (16, -i + 100)>(%r)"}, id="the larger of two"),
        pytest.param({"ROWS": "%left = arith.subi %c100, %r : index %rows = arith.maxsi %c16, %left : index"}, id="maxsi"),
        pytest.param({"ROWS": "%rows = affine.min affine_map<(i) -> (16, i mod 4)>(%r)"}, id="not linear"),
        pytest.param({"ROWS": "%rows = arith.constant 15 : index"}, id="a constant of another size"),
        pytest.param({"ROWS": "%rows = arith.addi %n, %c0 : index"}, id="an argument"),
        pytest.param({"ROWS": "%rows = arith.addi %n, %r : index"}, id="a sum of two"),
        pytest.param(
            {
                "ROWS": "%left = arith.subi %c100, %r : index %m = arith.minsi %c16, %left : index "
                "%rows = arith.addi %m, %c1 : index"
            },
            id="one more than the smaller",
        ),
        pytest.param(
            {
                "ROWS": "%left = arith.subi %c100, %r : index %m = arith.minsi %c16, %left : index "
                "%rows = arith.addi %m, %m : index"
            },
            id="twice the smaller",
        ),
        pytest.param(
            {
                "ROWS": "%left = arith.subi %c100, %r : index %m = arith.minsi %c16, %left : index "
                "%rows = arith.addi %m, %n : index"
            },
            id="more than the smaller",
        ),
        # What the memory has is not constant.
        pytest.param(dynamic_rows("%d = arith.addi %n, %c0 : index"), id="an argument for the rows"),
        pytest.param(dynamic_rows("%d = memref.dim %b, %c1 : memref<?x60xf16>"), id="the other dimension"),
        pytest.param(dynamic_rows("%d = memref.dim %z, %c0 : !part"), id="of other memory"),
        pytest.param(dynamic_rows("%d = memref.dim %b, %n : memref<?x60xf16>"), id="some dimension"),
        pytest.param(
            dynamic_rows("%e = memref.dim %b, %c0 : memref<?x60xf16> %d = arith.addi %e, %c1 : index"), id="one too many"
        ),
        pytest.param(
            dynamic_rows("%e = memref.dim %b, %c0 : memref<?x60xf16> %d = arith.addi %e, %e : index"), id="twice the rows"
        ),
        pytest.param(
            dynamic_rows("%e = memref.dim %b, %c0 : memref<?x60xf16> %d = arith.addi %e, %n : index"), id="rows and more"
        ),
        pytest.param(dynamic_rows("%d = arith.constant 100 : index"), id="a constant for what is not"),
    ],
)
def test_what_may_be_no_window_stays(changes: dict[str, str]) -> None:
    count, operations = replaced(**changes)
    assert count == 0
    assert any("linalg.fill" in text for text in operations)
    assert not any("tile.copy_in" in text for text in operations)


def test_a_window_keeps_its_offsets_and_constants_among_them() -> None:
    window = "memref.subview %a[4, %c] [%rows, %columns] [1, 1] : memref<100x60xf16> to !part"
    rows = "%rows = arith.constant 16 : index"
    count, operations = replaced(WINDOW=window, ROWS=rows)
    assert count == 1
    (copy,) = (text for text in operations if text.startswith('"tile.copy_in"'))
    (four,) = (text.partition(" =")[0] for text in operations if text.endswith("= arith.constant 4 : index"))
    assert copy.startswith(f'"tile.copy_in"(%arg0, {four}, %arg6, %alloc')


def test_every_pair_of_a_kernel_is_counted() -> None:
    again = "linalg.fill ins(%pad : f16) outs(%s : !tile) memref.copy %window, %part : !part to !corner"
    count, operations = replaced(COPY=f"{PARTS['COPY']} {again}")
    assert count == 2
    assert sum(text.startswith('"tile.copy_in"') for text in operations) == 2
