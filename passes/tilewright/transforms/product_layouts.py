"""The fragments of matrix products, as the instructions define them (PTX ISA, wgmma and mma fragment layouts).

In both instructions a thread has two neighbouring columns of row lane / 4, and the same of the row eight below, in every block
of 8 columns; warps follow one another along the rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.ir.layout import FragmentLayout, Mode, rows_first_fragment
from tilewright.machine import ProductInstruction

_COLUMN_PAIR = Mode(2, 0, 1)
_COLUMN_LANES = Mode(4, 1, 0)
_ROW_LANES = Mode(8, 4, 0)


def accumulator_layout(instruction: ProductInstruction, rows: int, columns: int, threads: int) -> FragmentLayout:
    """The layout of an accumulator of rows × columns over `threads`."""
    if instruction.name == "scalar":
        return rows_first_fragment(rows, columns, threads)
    return _warp_tiles(rows, columns, *_split(instruction, rows, columns, threads), threads)


def a_operand_layout(
    instruction: ProductInstruction, rows: int, contraction: int, columns: int, threads: int
) -> FragmentLayout | None:
    """The layout of operand A from registers, next to an accumulator of rows × columns; None where it cannot be one."""
    if instruction.name == "scalar":
        return None
    along_rows, along_columns = _split(instruction, rows, columns, threads)
    layout = _warp_tiles(rows, contraction, along_rows, 1, threads)
    used = 32 * along_rows
    # The groups side by side along the columns all need A, and so do those that have nothing of their own to do.
    replicas = (Mode(along_columns, used),) if along_columns > 1 else ()
    return FragmentLayout(layout.shape, threads, layout.modes, replicas)


def _warps_in_rows(instruction: ProductInstruction) -> int:
    return instruction.m // 16


def _split(instruction: ProductInstruction, rows: int, columns: int, threads: int) -> tuple[int, int]:
    """How many warps stand along the rows, and how many such stacks of warps along the columns."""
    groups = threads // instruction.threads
    along_rows = max(n for n in range(1, groups + 1) if groups % n == 0 and (rows // instruction.m) % n == 0)
    left = groups // along_rows
    along_columns = max(n for n in range(1, left + 1) if left % n == 0 and (columns // instruction.n) % n == 0)
    return along_rows * _warps_in_rows(instruction), along_columns


def _warp_tiles(rows: int, columns: int, warps_along_rows: int, groups_along_columns: int, threads: int) -> FragmentLayout:
    """16-row tiles: each warp takes whole rows of tiles, each group along the columns its share of them."""
    blocks = columns // 8 // groups_along_columns
    within = min(4, warps_along_rows)
    outer = warps_along_rows // within
    repeats = rows // 16 // warps_along_rows
    column_modes = [_COLUMN_PAIR, _COLUMN_LANES, Mode(blocks, 0, 4), Mode(groups_along_columns, 32 * warps_along_rows)]
    row_modes = [_ROW_LANES, Mode(2, 0, 2), Mode(within, 32), Mode(repeats, 0, 4 * blocks), Mode(outer, 32 * within)]
    modes: Sequence[Mode] = [*column_modes, *row_modes]
    return FragmentLayout((rows, columns), threads, tuple(mode for mode in modes if mode.extent > 1))
