"""Fragments of matrix products against the formulas of the PTX ISA, written down element by element."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.analysis.ownership import replica_offsets
from tilewright.ir.layout import FragmentLayout, LayoutError
from tilewright.machine import ProductInstruction
from tilewright.transforms.product_layouts import a_operand_layout, accumulator_layout, b_operand_layout, why_not

pytestmark = pytest.mark.l0_backend_agnostic

MMA = ProductInstruction("mma", 32, 16, 8, {"f16": (("f32",), 16), "i8": (("i32",), 32)}, b_spaces=("shared", "fragment"))
WGMMA = ProductInstruction("wgmma", 128, 64, 8, {"f16": (("f32",), 16), "i8": (("i32",), 32)}, maximal_n=256)


def assert_keeps(layout: FragmentLayout, expected: dict[tuple[int, int], list[tuple[int, int]]]) -> None:
    """(thread, register) → every index that it keeps is the one that is documented, and nothing is missing."""
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for index in np.ndindex(*layout.shape):
        thread, register = layout.owner(index)
        for offset in replica_offsets(layout.replicas):
            found.setdefault((thread + int(offset), register), []).append((int(index[0]), int(index[1])))
    assert found == expected


def mma_accumulator(lane: int, i: int) -> tuple[int, int]:
    """PTX ISA, m16n8k16 and m16n8k32, C and D: row groupID for i < 2, else groupID + 8; col threadID * 2 + (i & 1)."""
    return lane // 4 + (8 if i >= 2 else 0), lane % 4 * 2 + (i & 1)


def mma_a_16(lane: int, i: int) -> tuple[int, int]:
    """m16n8k16, A of .f16 or .bf16, a0 to a7."""
    row = lane // 4 if i in (0, 1, 4, 5) else lane // 4 + 8
    return row, lane % 4 * 2 + (i & 1) + (8 if i >= 4 else 0)


def mma_a_8(lane: int, i: int) -> tuple[int, int]:
    """m16n8k32, A of 8 bits, a0 to a15."""
    row = lane // 4 if i < 4 or 8 <= i < 12 else lane // 4 + 8
    return row, lane % 4 * 4 + (i & 3) + (16 if i >= 8 else 0)


def mma_a_tf32(lane: int, i: int) -> tuple[int, int]:
    """m16n8k8, A of .tf32, a0 to a3."""
    return lane // 4 + (8 if i in (1, 3) else 0), lane % 4 + (4 if i >= 2 else 0)


def mma_b_16(lane: int, i: int) -> tuple[int, int]:
    """m16n8k16, B of .f16 or .bf16, b0 to b3, as (col, row)."""
    return lane // 4, lane % 4 * 2 + (i & 1) + (8 if i >= 2 else 0)


def mma_b_8(lane: int, i: int) -> tuple[int, int]:
    """m16n8k32, B of 8 bits, b0 to b7, as (col, row)."""
    return lane // 4, lane % 4 * 4 + (i & 3) + (16 if i >= 4 else 0)


def one_warp(formula, count: int) -> dict[tuple[int, int], list[tuple[int, int]]]:
    return {(lane, i): [formula(lane, i)] for lane in range(32) for i in range(count)}


def test_accumulator_of_one_mma() -> None:
    assert_keeps(accumulator_layout(MMA, 16, 8, 32), one_warp(mma_accumulator, 4))


@pytest.mark.parametrize(("size", "depth", "formula"), [(2, 16, mma_a_16), (1, 32, mma_a_8), (4, 8, mma_a_tf32)])
def test_operand_a_of_one_mma(size, depth, formula) -> None:
    layout = a_operand_layout(MMA, 16, depth, 8, 32, size)
    assert layout is not None
    assert_keeps(layout, one_warp(formula, 16 * depth // 32))


@pytest.mark.parametrize(("size", "depth", "formula"), [(2, 16, mma_b_16), (1, 32, mma_b_8)])
def test_operand_b_of_one_mma(size, depth, formula) -> None:
    layout = b_operand_layout(MMA, 16, depth, 8, 32, size)
    assert layout is not None
    assert_keeps(layout, one_warp(formula, 8 * depth // 32))


@pytest.mark.parametrize("columns", [8, 96, 112, 160, 256])
def test_accumulator_of_one_wgmma(columns) -> None:
    """PTX ISA, wgmma m64nNk16, D: row warp * 16 + lane / 4 (+ 8); col of d[i]: 8 * (i / 4) + lane % 4 * 2 + i % 2."""
    expected = {
        (thread, i): [(thread // 32 * 16 + thread % 32 // 4 + 8 * (i // 2 % 2), 8 * (i // 4) + thread % 4 * 2 + i % 2)]
        for thread in range(128)
        for i in range(columns // 2)
    }
    assert_keeps(accumulator_layout(WGMMA, 64, columns, 128), expected)


@pytest.mark.parametrize(("size", "depth", "formula"), [(2, 16, mma_a_16), (1, 32, mma_a_8)])
def test_operand_a_of_one_wgmma_is_that_of_mma_warp_by_warp(size, depth, formula) -> None:
    layout = a_operand_layout(WGMMA, 64, depth, 64, 128, size)
    assert layout is not None
    expected = {
        (thread, i): [(thread // 32 * 16 + formula(thread % 32, i)[0], formula(thread % 32, i)[1])]
        for thread in range(128)
        for i in range(16 * depth // 32)
    }
    assert_keeps(layout, expected)


@pytest.mark.parametrize(
    ("instruction", "rows", "columns", "threads"),
    [
        (WGMMA, 128, 64, 256),
        (WGMMA, 64, 64, 256),
        (WGMMA, 256, 64, 128),
        (WGMMA, 128, 128, 512),
        (MMA, 64, 64, 128),
        (MMA, 32, 64, 128),
        (MMA, 16, 64, 128),
        (MMA, 128, 16, 64),
        (MMA, 80, 40, 160),
        (MMA, 96, 16, 192),
        (MMA, 112, 8, 224),
    ],
)
def test_several_warps_keep_each_element_once_and_share_the_work(instruction, rows, columns, threads) -> None:
    layout = accumulator_layout(instruction, rows, columns, threads)
    assert layout.is_injective()
    assert layout.registers == rows * columns // threads
    row_stride = 16 if instruction.name == "mma" else 64
    for row in range(0, rows, row_stride):
        owners = {layout.owner((row + r, c))[0] // 32 for r in range(16) for c in range(8)}
        assert len(owners) == 1, "one instruction's rows are one warp's"


@pytest.mark.parametrize(("rows", "columns", "threads"), [(64, 64, 256), (128, 64, 256), (128, 128, 512)])
def test_operand_a_is_where_the_accumulators_rows_are(rows, columns, threads) -> None:
    """Every thread that keeps a row of the accumulator keeps elements of that row of A: no thread reads another's."""
    accumulator = accumulator_layout(WGMMA, rows, columns, threads)
    operand = a_operand_layout(WGMMA, rows, 64, columns, threads, 2)
    assert operand is not None
    for row in range(rows):
        mine = frozenset().union(*(accumulator.owners((row, column)) for column in range(columns)))
        theirs = frozenset().union(*(operand.owners((row, column)) for column in range(64)))
        assert mine == theirs


def test_operand_b_is_kept_by_all_warps_that_share_its_columns() -> None:
    accumulator = accumulator_layout(MMA, 64, 16, 128)
    operand = b_operand_layout(MMA, 64, 32, 16, 128, 2)
    assert operand is not None and operand.replication == 4
    for column in range(16):
        warps = {thread // 32 for row in range(64) for thread in accumulator.owners((row, column))}
        theirs = {thread // 32 for depth in range(32) for thread in operand.owners((column, depth))}
        assert warps == theirs


def test_wgmma_takes_no_b_from_registers() -> None:
    assert b_operand_layout(WGMMA, 64, 16, 8, 128, 2) is None


@pytest.mark.parametrize(
    ("shape", "operand", "threads", "message"),
    [
        ((64, 8, 16), "f16", 64, "it takes 128 threads together, and 64 run the product"),
        ((48, 8, 16), "f16", 128, "48x8x16 is no multiple of 64x8x16"),
        ((64, 8, 16), "i8", 128, "64x8x16 is no multiple of 64x8x32"),
        ((64, 8, 16), "f64", 128, "it has no f64"),
        ((64, 8, 16), "f16", 128, None),
    ],
)
def test_why_an_instruction_does_not_fit(shape, operand, threads, message) -> None:
    assert why_not(WGMMA, shape, operand, threads) == message


@pytest.mark.parametrize(
    ("rows", "columns", "along_rows", "along_columns"), [(16, 32, 1, 4), (16, 64, 1, 4), (32, 32, 2, 2), (64, 16, 4, 1)]
)
def test_operand_b_of_four_warps_is_that_of_one_for_the_columns_of_each(rows, columns, along_rows, along_columns) -> None:
    """Warps below one another keep the same columns; a warp's columns come in blocks of eight, four registers each."""
    layout = b_operand_layout(MMA, rows, 16, columns, 128, 2)
    assert layout is not None
    expected: dict[tuple[int, int], list[tuple[int, int]]] = {}
    share = columns // along_columns
    for column in range(columns):
        for k in range(16):
            lane, register = column % 8 * 4 + k % 8 // 2, k % 2 + k // 8 * 2 + column % share // 8 * 4
            for below in range(along_rows):
                warp = column // share * along_rows + below
                expected.setdefault((32 * warp + lane, register), []).append((column, k))
    assert_keeps(layout, expected)
    assert len(layout.replicas) == (along_rows > 1)


@pytest.mark.parametrize(("rows", "columns", "threads"), [(16, 8, 32), (128, 16, 256), (64, 16, 128), (32, 64, 128)])
def test_digits_are_for_the_elements_that_there_are(rows, columns, threads) -> None:
    """None is beyond the tile, and none moves nothing."""
    layouts = [
        accumulator_layout(MMA, rows, columns, threads),
        a_operand_layout(MMA, rows, 16, columns, threads, 2),
        b_operand_layout(MMA, rows, 16, columns, threads, 2),
    ]
    for layout in layouts:
        assert layout is not None
        assert np.prod([mode.extent for mode in layout.modes]) == np.prod(layout.shape)
        assert all(mode.extent > 1 for mode in (*layout.modes, *layout.replicas))


def test_elements_wider_than_a_register_are_no_operands_from_registers() -> None:
    assert a_operand_layout(MMA, 16, 16, 8, 32, 8) is None
    assert b_operand_layout(MMA, 16, 16, 8, 32, 8) is None


@pytest.mark.parametrize(("rows", "columns", "threads"), [(24, 8, 32), (16, 12, 32), (16, 8, 16)])
def test_tiles_that_no_whole_instructions_make(rows, columns, threads) -> None:
    with pytest.raises(LayoutError, match=f"{rows}x{columns} over {threads} threads is no multiple of mma"):
        accumulator_layout(MMA, rows, columns, threads)


@pytest.mark.parametrize("shape", [(0, 8, 16), (64, 0, 16), (64, 8, 0), (-64, 8, 16)])
def test_nothing_is_no_product(shape) -> None:
    assert "is no multiple of 64x8x16" in (why_not(WGMMA, shape, "f16", 128) or "")


@pytest.mark.parametrize(
    ("rows", "columns", "threads", "warps"),
    [
        # Three tiles below one another, or side by side, are no work for four warps, nor for three of them: one does it.
        (48, 8, 128, 1),
        (16, 24, 128, 1),
        # Six tiles are parted in two: along the rows, and then along the columns what is left.
        (96, 24, 128, 2),
        (16, 48, 128, 2),
        (32, 48, 256, 4),
        (64, 64, 128, 4),
    ],
)
def test_as_many_warps_take_part_as_divide_both_the_warps_and_the_tiles(rows, columns, threads, warps) -> None:
    layout = accumulator_layout(MMA, rows, columns, threads)
    found = {thread // 32 for index in np.ndindex(rows, columns) for thread in layout.owners(index)}
    assert found == set(range(warps)) and layout.registers == rows * columns // (32 * warps)
