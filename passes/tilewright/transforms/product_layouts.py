"""The fragments of matrix products, as the instructions define them (PTX ISA, mma and wgmma fragment layouts).

Every fragment is made of 8 rows of 4 threads: lane / 4 is the row, and lane mod 4 has `pack` neighbours in it, as many as fit a
32-bit register: 2 of 16 bits, 4 of 8 bits, 1 of 32 bits; two in an accumulator. Accumulators and operand A go on with the
row eight below, then with the next block of columns; operand B, whose rows are the columns of the product, with the next
block. wgmma is four such warps, one below the other.
"""

from __future__ import annotations

from tilewright.ir.layout import FragmentLayout, LayoutError, Mode, rows_first_fragment
from tilewright.machine import ProductInstruction

_REGISTER_BYTES = 4
_ACCUMULATOR_PACK = 2
_ROW_LANES = Mode(8, 4, 0)
_WARP_ROWS = 16


def accumulator_layout(instruction: ProductInstruction, rows: int, columns: int, threads: int) -> FragmentLayout:
    """The layout of an accumulator of rows × columns over `threads`."""
    if instruction.threads == 1:
        return rows_first_fragment(rows, columns, threads)
    along_rows, along_columns = _split(instruction, rows, columns, threads)
    return _warp_tiles(rows, columns, along_rows, along_columns, threads, _ACCUMULATOR_PACK)


def a_operand_layout(
    instruction: ProductInstruction, rows: int, contraction: int, columns: int, threads: int, element_bytes: int
) -> FragmentLayout | None:
    """The layout of operand A, rows × contraction, from registers; None where it cannot be one."""
    if instruction.threads == 1 or element_bytes > _REGISTER_BYTES:
        return None
    along_rows, along_columns = _split(instruction, rows, columns, threads)
    layout = _warp_tiles(rows, contraction, along_rows, 1, threads, _REGISTER_BYTES // element_bytes)
    used = 32 * along_rows
    # The groups side by side along the columns all need A, and so do those that have nothing of their own to do.
    replicas = (Mode(along_columns, used),) if along_columns > 1 else ()
    return FragmentLayout(layout.shape, threads, layout.modes, replicas)


def b_operand_layout(
    instruction: ProductInstruction, rows: int, contraction: int, columns: int, threads: int, element_bytes: int
) -> FragmentLayout | None:
    """The layout of operand B, columns × contraction, from registers; None where the instruction takes none from there."""
    if instruction.threads == 1 or "fragment" not in instruction.b_spaces or element_bytes > _REGISTER_BYTES:
        return None
    along_rows, along_columns = _split(instruction, rows, columns, threads)
    pack = _REGISTER_BYTES // element_bytes
    blocks = contraction // (4 * pack)
    repeats = columns // 8 // along_columns
    contraction_modes = [Mode(pack, 0, 1), Mode(4, 1, 0), Mode(blocks, 0, pack)]
    column_modes = [_ROW_LANES, Mode(repeats, 0, pack * blocks), Mode(along_columns, 32 * along_rows)]
    # The warps below one another all need B.
    replicas = (Mode(along_rows, 32),) if along_rows > 1 else ()
    return _layout((columns, contraction), threads, [*contraction_modes, *column_modes], replicas)


def why_not(instruction: ProductInstruction, shape: tuple[int, int, int], operand: str, threads: int) -> str | None:
    """Why these threads cannot do a product of this shape with the instruction; None where they can."""
    if operand not in instruction.operands:
        return f"it has no {operand}"
    depth = instruction.operands[operand][1]
    if threads % instruction.threads:
        return f"it takes {instruction.threads} threads together, and {threads} run the product"
    if any(size <= 0 or size % unit for size, unit in zip(shape, (instruction.m, instruction.n, depth), strict=True)):
        return f"{shape[0]}x{shape[1]}x{shape[2]} is no multiple of {instruction.m}x{instruction.n}x{depth}"
    return None


def _split(instruction: ProductInstruction, rows: int, columns: int, threads: int) -> tuple[int, int]:
    """How many warps stand along the rows, and how many such stacks of warps along the columns."""
    groups = threads // instruction.threads
    counts = range(1, groups + 1)
    if rows % instruction.m or columns % instruction.n or not groups:
        raise LayoutError(f"{rows}x{columns} over {threads} threads is no multiple of {instruction.name}")
    along_rows = max(n for n in counts if groups % n == 0 and (rows // instruction.m) % n == 0)
    left = groups // along_rows
    along_columns = max(n for n in range(1, left + 1) if left % n == 0 and (columns // instruction.n) % n == 0)
    return along_rows * (instruction.m // _WARP_ROWS), along_columns


def _warp_tiles(
    rows: int, columns: int, warps_along_rows: int, groups_along_columns: int, threads: int, pack: int
) -> FragmentLayout:
    """16-row tiles: each warp takes whole rows of tiles, each group along the columns its share of them."""
    blocks = columns // (4 * pack) // groups_along_columns
    # Four warps of a warp group stand below one another; where there is no whole number of those, all of them do.
    within = warps_along_rows if warps_along_rows % 4 else 4
    outer = warps_along_rows // within
    repeats = rows // _WARP_ROWS // warps_along_rows
    column_modes = [
        Mode(pack, 0, 1),
        Mode(4, 1, 0),
        Mode(blocks, 0, 2 * pack),
        Mode(groups_along_columns, 32 * warps_along_rows),
    ]
    row_modes = [_ROW_LANES, Mode(2, 0, pack), Mode(within, 32), Mode(repeats, 0, 2 * pack * blocks), Mode(outer, 32 * within)]
    return _layout((rows, columns), threads, [*column_modes, *row_modes], ())


def _layout(shape: tuple[int, int], threads: int, modes: list[Mode], replicas: tuple[Mode, ...]) -> FragmentLayout:
    return FragmentLayout(shape, threads, tuple(mode for mode in modes if mode.extent > 1), replicas)
