"""What is read of a copy or a product in the IR, before an instruction is chosen: one row a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tilewright import mlir
from tilewright.machine.cuda import SM_90A
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import (
    COPIES,
    Choice,
    CopyFacts,
    annotate,
    choose_product,
    copy_facts,
    instruction_of,
    product_facts,
    product_operands,
    space_name,
    undescribed_operands,
)

pytestmark = pytest.mark.l1a_compile_no_target_dialect


@contextmanager
def kernel(text: str, attributes: str = "", around: str = "") -> Iterator[ir.Operation]:
    """A kernel with `text`; X is 64 x 128 in global memory, S a tile of 16 x 32 in shared memory, F one in registers."""
    with mlir.context():
        module = ir.Module.parse(f"""
!x = memref<64x128xf16>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!registers = memref<16x32xf16, #gpu.address_space<private>>
!window = memref<16x32xf16, strided<[128, 1], offset: ?>>
gpu.module @m {around} {{
  gpu.func @f(%X: !x, %W: !window, %n: index) kernel {attributes} {{
    %c0 = arith.constant 0 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !registers
    {text}
    gpu.return
  }}
}}""")
        yield module.body.operations[0].regions[0].blocks[0].operations[0].operation


def first(function: ir.Operation, *names: str) -> ir.Operation:
    return next(operation for operation in nested_operations(function) if operation.name in names)


# 32 elements of 2 bytes in a row, rows 128 elements apart.
WINDOW = CopyFacts("global", "shared", 64, (256,), 1, False, 0.0, True, False, True)
ARGUMENT = "memref.copy %W, %S : !window to !tile"


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (ARGUMENT, {}),
        ("linalg.copy ins(%W : !window) outs(%S : !tile)", {}),
        ('"tile.copy_in"(%X, %c0, %n, %S) {pad = 0.0 : f16} : (!x, index, index, !tile) -> ()', {}),
        ('"tile.copy_in"(%X, %c0, %n, %S) {pad = 2.5 : f16} : (!x, index, index, !tile) -> ()', {"pad": 2.5}),
        # A view of an argument is one of it; an allocation is none, and what a condition chooses is neither.
        (
            "%v = memref.subview %X[%n, 0] [16, 32] [1, 1] : !x to !window memref.copy %v, %S : !window to !tile",
            {},
        ),
        (
            "%a = memref.alloc() : memref<16x32xf16> memref.copy %a, %S : memref<16x32xf16> to !tile",
            {"strides": (64,), "from_argument": False},
        ),
        (
            "%flag = arith.cmpi eq, %n, %c0 : index %a = arith.select %flag, %W, %W : !window "
            "memref.copy %a, %S : !window to !tile",
            {"from_argument": False},
        ),
        ("memref.copy %S, %F : !tile to !registers", {
            "source_space": "shared", "destination_space": "fragment", "strides": (64,), "from_argument": False}),
        (
            "%flag = arith.cmpi eq, %n, %c0 : index %a = arith.select %flag, %S, %S : !tile "
            "memref.copy %W, %a : !window to !tile",
            {},
        ),
        # A step in the last dimension, and strides that are not known.
        (
            "%v = memref.subview %X[0, 0] [16, 32] [1, 2] : !x to memref<16x32xf16, strided<[128, 2]>> "
            "memref.copy %v, %S : memref<16x32xf16, strided<[128, 2]>> to !tile",
            {"inner_stride": 2},
        ),
        (
            "%v = memref.cast %W : !window to memref<16x32xf16, strided<[?, 1], offset: ?>> "
            "memref.copy %v, %S : memref<16x32xf16, strided<[?, 1], offset: ?>> to !tile",
            {"strides": (None,)},
        ),
        (
            "%v = memref.cast %W : !window to memref<16x32xf16, strided<[128, ?], offset: ?>> "
            "memref.copy %v, %S : memref<16x32xf16, strided<[128, ?], offset: ?>> to !tile",
            {"inner_stride": None},
        ),
        # A part whose width is not known has no number of bytes.
        (
            "%v = memref.subview %W[0, 0] [16, %n] [1, 1] : !window to memref<16x?xf16, strided<[128, 1], offset: ?>> "
            "%t = memref.subview %S[0, 0] [16, %n] [1, 1] : !tile to "
            "memref<16x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>> "
            "memref.copy %v, %t : memref<16x?xf16, strided<[128, 1], offset: ?>> to "
            "memref<16x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>",
            {"row_bytes": 0},
        ),
        # One element has no dimension: a row of one element, and no stride.
        (
            "%a = memref.alloc() : memref<f16> %b = memref.alloc() : memref<f16, #gpu.address_space<workgroup>> "
            "memref.copy %a, %b : memref<f16> to memref<f16, #gpu.address_space<workgroup>>",
            {"row_bytes": 2, "strides": (), "from_argument": False},
        ),
        # Only `linalg.copy` may convert.
        (
            "%a = memref.alloc() : memref<16x32xf32, #gpu.address_space<workgroup>> "
            "linalg.copy ins(%W : !window) outs(%a : memref<16x32xf32, #gpu.address_space<workgroup>>)",
            {"converts": True},
        ),
        # A memory that the machine does not have.
        (
            "%a = memref.alloc() : memref<16x32xf16, 77> memref.copy %W, %a : !window to memref<16x32xf16, 77>",
            {"destination_space": "unknown"},
        ),
        (f"{ARGUMENT.partition(' :')[0]} {{tile.disable_bulk_copy}} : !window to !tile", {"bulk_disabled": True}),
        (f"scf.for %i = %c0 to %n step %n {{ {ARGUMENT} }} {{tile.disable_bulk_copy}}", {"bulk_disabled": True}),
    ],
)  # fmt: skip
def test_facts_of_a_copy(text: str, change: dict[str, Any]) -> None:
    with kernel(text) as function:
        assert copy_facts(first(function, *COPIES), SM_90A) == replace(WINDOW, **change)


@pytest.mark.parametrize(
    ("attributes", "around", "disabled"),
    [
        ("", "", False),
        ("attributes {tile.disable_bulk_copy}", "", True),
        ("", "attributes {tile.disable_bulk_copy}", True),
        ("attributes {tile.disable_bulk_copies}", "", False),
    ],
)
def test_what_is_around_a_copy_disables_bulk_copies(attributes: str, around: str, disabled: bool) -> None:
    with kernel(ARGUMENT, attributes, around) as function:
        assert copy_facts(first(function, "memref.copy"), SM_90A).bulk_disabled is disabled


LINEAR = "#tile.shared<{element_bytes = 2 : i32, shape = [16, 32]}>"
SWIZZLED = "#tile.shared<{element_bytes = 2 : i32, shape = [16, 32], swizzle = 64 : i32}>"
PADDED = "#tile.shared<{element_bytes = 2 : i32, shape = [16, 32], padding = 8 : i32}>"
NO_LAYOUT = "#tile.shared<{element_bytes = 2 : i32}>"
FRAGMENT = "#tile.fragment<{modes = [[32, 1, 0], [16, 0, 1]], shape = [16, 32], threads = 32 : i32}>"


@pytest.mark.parametrize(
    ("layout", "fits"), [(LINEAR, True), (SWIZZLED, True), (PADDED, False), (NO_LAYOUT, True), ("1 : i32", True)]
)
def test_an_annotated_layout_may_not_fit_a_bulk_copy(layout: str, fits: bool) -> None:
    text = f"%T = memref.alloc() {{tile.layout = {layout}}} : !tile memref.copy %W, %T : !window to !tile"
    with kernel(text) as function:
        assert copy_facts(first(function, "memref.copy"), SM_90A).layout_fits_bulk is fits


def test_the_layout_is_that_of_the_allocation_under_a_view() -> None:
    text = f"""%T = memref.alloc() {{tile.layout = {PADDED}}} : !tile
      %v = memref.cast %T : !tile to memref<16x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
      %w = memref.cast %W : !window to memref<16x?xf16, strided<[128, 1], offset: ?>>
      memref.copy %w, %v : memref<16x?xf16, strided<[128, 1], offset: ?>> to
        memref<16x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>"""
    with kernel(text) as function:
        assert not copy_facts(first(function, "memref.copy"), SM_90A).layout_fits_bulk


MATRIX = "memref<64x64xf16, #gpu.address_space<workgroup>>"
SQUARE = "element_bytes = 2 : i32, shape = [64, 64]"


@pytest.mark.parametrize(
    ("a", "b", "undescribed"),
    [
        ("", "", ()),
        (f"#tile.shared<{{{SQUARE}, swizzle = 128 : i32}}>", "", ()),
        (f"#tile.shared<{{{SQUARE}}}>", "", ("A",)),
        ("", f"#tile.shared<{{{SQUARE}}}>", ("B",)),
        (f"#tile.shared<{{{SQUARE}, padding = 8 : i32}}>", f"#tile.shared<{{{SQUARE}}}>", ("A", "B")),
    ],
)
def test_operands_whose_layout_no_descriptor_says(a: str, b: str, undescribed: tuple[str, ...]) -> None:
    annotations = [f"{{tile.layout = {layout}}}" if layout else "" for layout in (a, b)]
    text = f"""%A = memref.alloc() {annotations[0]} : {MATRIX}
      %B = memref.alloc() {annotations[1]} : {MATRIX}
      %C = memref.alloc() : memref<64x64xf32, #gpu.address_space<private>>
      linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
        affine_map<(m, n, k) -> (m, n)>] ins(%A, %B : {MATRIX}, {MATRIX})
        outs(%C : memref<64x64xf32, #gpu.address_space<private>>)"""
    with kernel(text) as function:
        product = first(function, "linalg.contract")
        found = undescribed_operands(product)
        assert tuple(found) == undescribed
        assert all(found[name] == product.operands["AB".index(name)] for name in undescribed)
        facts = product_facts(product, SM_90A, 128)
        assert facts is not None and facts.undescribed == undescribed
        choice = choose_product(facts, SM_90A)
        assert choice.instruction == ("mma" if undescribed else "wgmma")
        if undescribed:
            assert f"no wgmma: it cannot read the annotated layout of {' and '.join(undescribed)}" in choice.reason


def contraction(types: str, maps: str) -> str:
    ranks = [part.count("x") for part in types.split()]
    assert len(ranks) == 3
    a, b, c = (f"memref<{part}>" for part in types.split())
    return f"""%A = memref.alloc() : {a} %B = memref.alloc() : {b} %C = memref.alloc() : {c}
      linalg.contract indexing_maps = [{maps}] ins(%A, %B : {a}, {b}) outs(%C : {c})"""


def maps(inputs: str, *results: str) -> str:
    return ", ".join(f"affine_map<({inputs}) -> ({result})>" for result in results)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            contraction("4x8x16xf16 4x8x16xf16 4x8x8xf32", maps("b, m, n, k", "b, m, k", "b, n, k", "b, m, n")), id="batched"
        ),
        pytest.param(contraction("8x16xf16 16xf16 8xf32", maps("m, k", "m, k", "k", "m")), id="a matrix and a vector"),
        pytest.param(contraction("16xf16 16x8xf16 8xf32", maps("n, k", "k", "k, n", "n")), id="a vector and a matrix"),
        pytest.param(
            contraction("8x16x4xf16 8x16x4xf16 8x8xf32", maps("m, n, k, l", "m, k, l", "n, k, l", "m, n")),
            id="two contractions",
        ),
        pytest.param(contraction("8x16xf16 16x4xf16 4x8xf32", maps("m, n, k", "m, k", "k, n", "n, m")), id="transposed"),
    ],
)
def test_contractions_that_are_no_products_of_matrices(text: str) -> None:
    with kernel(text) as function:
        assert product_facts(first(function, "linalg.contract"), SM_90A, 128) is None


def test_an_operation_of_two_operands_is_no_product() -> None:
    text = """linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]} ins(%S : !tile) outs(%F : !registers) {
      ^bb0(%s: f16, %f: f16): linalg.yield %s : f16 }"""
    with kernel(text) as function:
        assert product_facts(first(function, "linalg.generic"), SM_90A, 128) is None


def test_the_extents_of_a_product_that_is_not_square() -> None:
    text = contraction("48x80xf16 24x80xf16 48x24xf32", maps("m, n, k", "m, k", "n, k", "m, n"))
    with kernel(text) as function:
        product = first(function, "linalg.contract")
        facts = product_facts(product, SM_90A, 96)
        assert facts is not None and facts.shape == (48, 24, 80) and facts.threads == 96
        assert facts.a_space == facts.b_space == "global" and not facts.sparse
        assert list(product_operands(product)) == list(product.operands)


@pytest.mark.parametrize(
    ("space", "name"),
    [
        ("", "global"),
        (", #gpu.address_space<global>", "global"),
        (", #gpu.address_space<workgroup>", "shared"),
        (", #gpu.address_space<private>", "fragment"),
        (", 3", "unknown"),
    ],
)
def test_the_machine_names_a_memory(space: str, name: str) -> None:
    with mlir.context():
        assert space_name(ir.Type.parse(f"memref<4xf16{space}>"), SM_90A) == name


def test_a_choice_is_written_on_its_operation_with_its_reason() -> None:
    with kernel(ARGUMENT) as function:
        copy = first(function, "memref.copy")
        assert instruction_of(copy) is None
        with copy.location:
            annotate(copy, Choice("bulk", "it fits"))
        assert instruction_of(copy) == "bulk"
        assert ir.StringAttr(copy.attributes["tile.reason"]).value == "it fits"
