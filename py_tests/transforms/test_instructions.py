"""Which instruction a copy or a product gets, from plain facts: one at a time changed from what the first choice takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tilewright import mlir
from tilewright.machine.cuda import SM_80, SM_90A
from tilewright.mlir import ir
from tilewright.transforms.instructions import (
    CopyFacts,
    ProductFacts,
    choose_copy,
    choose_product,
    element_bytes,
    product_facts,
)

pytestmark = pytest.mark.l1a_compile_no_target_dialect

# A tile of rows of 128 bytes, out of a matrix with rows of 256 bytes.
COPY = CopyFacts("global", "shared", 128, (256,), 1, False, 0.0, True, False)
BULK = ("mbarrier", "none")
GROUP = ("group", "none")


@pytest.mark.parametrize(
    ("change", "instruction", "reason"),
    [
        ({}, "bulk", "the first choice of the machine"),
        ({"row_bytes": 112}, "bulk", "the first choice"),
        ({"row_bytes": 120}, "simt", "no bulk: the last dimension has 120 bytes, not a multiple of 16"),
        ({"inner_stride": 2}, "simt", "no bulk: the innermost stride is not 1"),
        ({"inner_stride": None}, "simt", "no bulk: the innermost stride is not 1"),
        ({"strides": (272,)}, "bulk", "the first choice"),
        ({"strides": (264,)}, "simt", "no bulk: a stride of 264 bytes is not a multiple of 16"),
        ({"strides": (256, 264)}, "simt", "no bulk: a stride of 264 bytes"),
        ({"strides": (1 << 40,)}, "simt", "or too large"),
        ({"strides": ((1 << 40) - 16,)}, "bulk", "the first choice"),
        ({"strides": (None,)}, "bulk", "the first choice"),
        ({"converts": True}, "simt", "no bulk: the element types differ"),
        ({"from_argument": False}, "simt", "no bulk: the base pointer is not a kernel argument"),
        ({"bulk_disabled": True}, "simt", "no bulk: tile.disable_bulk_copy is set"),
        ({"pad": 1.0}, "simt", "no bulk: it cannot pad with 1"),
        ({"source_space": "shared"}, "simt", "no bulk: it copies global to shared, not shared to shared"),
        ({"destination_space": "global"}, "simt", "no bulk: it copies global to shared, not global to global"),
        ({"source_space": "shared", "destination_space": "global"}, "simt", "not shared to global"),
    ],
)
def test_bulk_copies(change: dict[str, Any], instruction: str, reason: str) -> None:
    choice = choose_copy(replace(COPY, **change), SM_90A, BULK)
    assert choice.instruction == instruction
    assert reason in choice.reason


@pytest.mark.parametrize(
    ("change", "instruction", "reason"),
    [
        ({}, "cp_async", "the first choice of the machine"),
        ({"row_bytes": 124}, "cp_async", "the first choice"),
        ({"row_bytes": 126}, "simt", "no cp_async: the last dimension has 126 bytes, not a multiple of 4"),
        ({"strides": (260,)}, "cp_async", "the first choice"),
        ({"strides": (258,)}, "simt", "no cp_async: a stride of 258 bytes is not a multiple of 4"),
        ({"strides": (1 << 41,)}, "cp_async", "the first choice"),
        ({"converts": True}, "simt", "no cp_async: the element types differ"),
        ({"inner_stride": 2}, "simt", "no cp_async: the innermost stride is not 1"),
        ({"pad": -1.0}, "simt", "no cp_async: it cannot pad with -1"),
        # What holds back bulk copies only.
        ({"from_argument": False}, "cp_async", "the first choice"),
        ({"bulk_disabled": True}, "cp_async", "the first choice"),
    ],
)
def test_copies_in_groups(change: dict[str, Any], instruction: str, reason: str) -> None:
    choice = choose_copy(replace(COPY, **change), SM_80, GROUP)
    assert choice.instruction == instruction
    assert reason in choice.reason


def test_what_the_threads_copy_says_so() -> None:
    assert choose_copy(COPY, SM_80, ("none",)).reason == "no pipeline runs it ahead"
    assert choose_copy(COPY, SM_80, ()).reason == "no other instruction completes where it is needed"


def test_every_refusal_is_in_the_reason() -> None:
    choice = choose_copy(replace(COPY, row_bytes=2), SM_90A, ("mbarrier", "group", "none"))
    assert choice.instruction == "simt"
    assert choice.reason.count("the last dimension has 2 bytes") == 2


PRODUCT = ProductFacts((64, 64, 32), "f16", "f32", True, True, "shared", "shared", 128)


@pytest.mark.parametrize(
    ("change", "instruction", "reason"),
    [
        ({}, "wgmma", "the first choice of the machine"),
        ({"shape": (128, 8, 16)}, "wgmma", "the first choice"),
        ({"shape": (48, 64, 32)}, "mma", "no wgmma: 48x64x32 is no multiple of 64x8x16"),
        ({"shape": (64, 12, 32)}, "scalar", "no mma: 64x12x32 is no multiple of 16x8x16"),
        ({"shape": (64, 64, 24)}, "scalar", "no wgmma: 64x64x24 is no multiple of 64x8x16"),
        ({"shape": (64, 64, -1)}, "scalar", "is no multiple"),
        ({"threads": 96}, "mma", "no wgmma: 96 threads are no multiple of 128"),
        (
            {"threads": 0},
            "scalar",
            "no wgmma: the kernel has no known_block_size; no mma: the kernel has no known_block_size",
        ),
        ({"threads": 256}, "wgmma", "the first choice"),
        ({"threads": 16}, "scalar", "no mma: 16 threads are no multiple of 32"),
        ({"operand": "f32"}, "scalar", "no wgmma: it has no f32"),
        ({"operand": "bf16"}, "wgmma", "the first choice"),
        ({"operand": "bf16", "accumulator": "f16"}, "scalar", "it does not accumulate bf16 in f16"),
        ({"accumulator": "f16"}, "wgmma", "the first choice"),
        ({"a_space": "fragment"}, "wgmma", "the first choice"),
        ({"b_space": "fragment"}, "scalar", "no wgmma: its operands are in shared and fragment memory"),
        ({"a_space": "global"}, "scalar", "no wgmma: its operands are in global and shared memory"),
        # A contraction that is not innermost: f16 may, 8-bit types may not, on either side.
        ({"a_contraction_innermost": False}, "wgmma", "the first choice"),
        ({"b_contraction_innermost": False}, "wgmma", "the first choice"),
        ({"operand": "i8", "accumulator": "i32"}, "wgmma", "the first choice"),
        ({"operand": "i8", "accumulator": "i32", "a_contraction_innermost": False}, "scalar", "the contraction innermost"),
        ({"operand": "i8", "accumulator": "i32", "b_contraction_innermost": False}, "scalar", "the contraction innermost"),
        ({"operand": "i8", "accumulator": "i32", "shape": (64, 64, 16)}, "scalar", "is no multiple of 64x8x32"),
    ],
)  # fmt: skip
def test_products(change: dict[str, Any], instruction: str, reason: str) -> None:
    choice = choose_product(replace(PRODUCT, **change), SM_90A)
    assert choice.instruction == instruction
    assert reason in choice.reason


@pytest.mark.parametrize(
    ("element", "size"),
    [("f16", 2), ("f32", 4), ("i8", 1), ("i1", 1), ("i4", 1), ("f8E4M3FN", 1), ("index", 8), ("complex<f32>", 8), ("f64", 8)],
)
def test_bytes_of_an_element(element: str, size: int) -> None:
    with mlir.context():
        assert element_bytes(ir.Type.parse(f"memref<4x{element}>")) == size


def test_a_sparse_product_gets_a_sparse_instruction() -> None:
    assert choose_product(replace(PRODUCT, sparse=True), SM_90A).instruction == "wgmma_sp"
    choice = choose_product(replace(PRODUCT, sparse=True, shape=(64, 64, 16)), SM_90A)
    assert choice.instruction == "scalar" and "no wgmma_sp: 64x64x16 is no multiple of 64x8x32" in choice.reason


SHAPES = {"A": "64x32", "B": "64x32", "T": "32x64"}


def facts_of(text: str) -> ProductFacts | None:
    """The facts of the first product in a function over matrices in shared and fragment memory."""
    arguments = ", ".join(f"%{name}: memref<{shape}xf16, #gpu.address_space<workgroup>>" for name, shape in SHAPES.items())
    arguments += ", %C: memref<64x64xf32, #gpu.address_space<private>>"
    text = text.replace("%C:", "%C : memref<64x64xf32, #gpu.address_space<private>>")
    with mlir.context():
        module = ir.Module.parse(f"func.func @f({arguments}) {{ {text} return }}")
        operation = module.body.operations[0].regions[0].blocks[0].operations[0].operation
        return product_facts(operation, SM_90A, 128)


def contract(a: str, b: str, c: str) -> str:
    maps = ", ".join(f"affine_map<(m, n, k) -> ({results})>" for results in (a, b, c))
    return f"linalg.contract indexing_maps = [{maps}] "


@pytest.mark.parametrize(
    ("text", "a_innermost", "b_innermost"),
    [
        (contract("m, k", "n, k", "m, n") + "ins(%A:, %B:) outs(%C:)", True, True),
        (contract("m, k", "k, n", "m, n") + "ins(%A:, %T:) outs(%C:)", True, False),
        (contract("k, m", "n, k", "m, n") + "ins(%T:, %B:) outs(%C:)", False, True),
    ],
)
def test_facts_of_a_product(text: str, a_innermost: bool, b_innermost: bool) -> None:
    assert facts_of(typed(text)) == ProductFacts((64, 64, 32), "f16", "f32", a_innermost, b_innermost, "shared", "shared", 128)


def typed(text: str) -> str:
    """`ins(%A:, %B:)` as `ins(%A, %B : type, type)`."""
    first, second = (part.strip(": ") for part in text[text.index("ins(") + 4 : text.index(") outs")].split(","))
    types = ", ".join(f"memref<{SHAPES[name[1:]]}xf16, #gpu.address_space<workgroup>>" for name in (first, second))
    return text[: text.index("ins(")] + f"ins({first}, {second} : {types}) outs(%C:)"


@pytest.mark.parametrize(
    "text",
    [
        # The result is transposed; both matrices have its rows.
        contract("m, k", "n, k", "n, m") + "ins(%A:, %B:) outs(%C:)",
        contract("m, k", "m, k", "m, n") + "ins(%A:, %B:) outs(%C:)",
    ],
)
def test_other_contractions_are_no_products(text: str) -> None:
    assert facts_of(typed(text)) is None


@pytest.mark.parametrize(
    ("attribute", "transposed"), [("", False), (" {transpose_b = true}", True), (" {transpose_b = false}", False)]
)
def test_facts_of_a_sparse_product(attribute: str, transposed: bool) -> None:
    b, shape = ("%B", "64x32") if transposed else ("%T", "32x64")
    a = "memref<64x16xf16, #gpu.address_space<workgroup>>"
    with mlir.context():
        shared = f"memref<{shape}xf16, #gpu.address_space<workgroup>>"
        total = "memref<64x64xf32, #gpu.address_space<private>>"
        table = "memref<64x2xi16, #gpu.address_space<workgroup>>"
        module = ir.Module.parse(
            f"func.func @f(%A: {a}, %E: {table}, {b}: {shared}, %C: {total}) {{"
            f'"tile.gemm_sp"(%A, %E, {b}, %C){attribute} : ({a}, {table}, {shared}, {total}) -> () return }}'
        )
        operation = module.body.operations[0].regions[0].blocks[0].operations[0].operation
        expected = ProductFacts((64, 64, 32), "f16", "f32", True, transposed, "shared", "shared", 128, sparse=True)
        assert product_facts(operation, SM_90A, 128) == expected
