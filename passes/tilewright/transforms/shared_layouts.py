"""The layouts of shared buffers: each is chosen by who uses the buffer, and by what the machine's instructions take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import gcd, prod

from tilewright.analysis.loop_space import PRODUCTS, TILE_COPIES, LoopSpace, SpaceAccess
from tilewright.analysis.regions import root_of
from tilewright.ir.kernel import Kernel
from tilewright.ir.shared_layout import LINE_BYTES, VECTOR_BYTES, SharedLayout
from tilewright.machine import CopyInstruction, Machine
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import element_bytes, instruction_of, is_reshaped, product_operands, space_name

_BANK_BYTES = 4
# Copies that name no instruction: what they are.
_IMPLIED = {"tile.bulk_copy": "bulk", "tile.copy_async": "cp_async"}


@dataclass
class Uses:
    """How one shared buffer is used.

    `operand_shapes`: of the matrix instructions that read it, with the widths of swizzle that they take; `described_shapes`:
    those of instructions that read by descriptors. `copies`: the instructions that write it. `bulk_rank`: the dimensions of
    what a bulk copy writes at once. `by_column`: threads side by side access elements in a column.
    """

    operand_shapes: list[tuple[int, ...]] = field(default_factory=list)
    described_shapes: list[tuple[int, ...]] = field(default_factory=list)
    swizzles: set[int] | None = None
    copies: set[str] = field(default_factory=set)
    bulk_rank: int = 0
    by_column: bool = False


def shared_uses(kernel: Kernel, spaces: Iterable[LoopSpace], machine: Machine) -> dict[ir.Value, Uses]:
    """What each shared buffer of a kernel is used for."""
    found: dict[ir.Value, Uses] = {}

    def uses_of(value: ir.Value) -> Uses | None:
        root = root_of(value)
        if root is None or space_name(root.type, machine) != "shared":
            return None
        return found.setdefault(root, Uses())

    for operation in nested_operations(kernel.operation):
        if operation.name in PRODUCTS:
            for operand in product_operands(operation)[:2]:
                uses = uses_of(operand)
                if uses is not None:
                    _note_product(uses, operation, operand, machine)
    for space in spaces:
        for access in space.accesses:
            uses = uses_of(access.buffer)
            if uses is not None:
                _note_access(uses, space, access)
    return found


def _note_product(uses: Uses, operation: ir.Operation, operand: ir.Value, machine: Machine) -> None:
    name = instruction_of(operation)
    instruction = machine.product_instruction(name) if name is not None else None
    if instruction is None:
        return
    if instruction.threads == 1:
        # One thread a row of A, one a column of B: where the contraction is innermost, neighbours read a column.
        uses.by_column = uses.by_column or _contraction_innermost(operation, operand)
        return
    shape = tuple(ir.MemRefType(operand.type).shape)
    uses.operand_shapes.append(shape)
    if instruction.by_descriptor:
        uses.described_shapes.append(shape)
    taken = set(instruction.swizzles)
    uses.swizzles = taken if uses.swizzles is None else uses.swizzles & taken


def _contraction_innermost(operation: ir.Operation, operand: ir.Value) -> bool:
    a, b, accumulator = (list(ir.MemRefType(value.type).shape) for value in product_operands(operation))
    if operation.name not in ("linalg.matmul", "linalg.contract"):
        return operand == product_operands(operation)[0]
    maps = [entry.value for entry in operation.attributes["indexing_maps"]] if "indexing_maps" in operation.attributes else []
    positions = [[getattr(result, "position", -1) for result in m.results] for m in maps]
    if len(positions) != 3 or len(a) != 2 or len(b) != 2 or len(accumulator) != 2:
        return False
    mine = positions[0] if operand == product_operands(operation)[0] else positions[1]
    return mine[-1] not in positions[2]


def _note_access(uses: Uses, space: LoopSpace, access: SpaceAccess) -> None:
    name = space.operation.name
    if access.writes and name in TILE_COPIES:
        uses.copies.add(instruction_of(space.operation) or _IMPLIED.get(name, "simt"))
    if access.writes and name == "tile.bulk_copy":
        uses.bulk_rank = len(space.extents or ())
    inner = len(space.extents or ()) - 1
    if name not in PRODUCTS and inner > 0 and len(access.steps) == inner + 1:
        step = access.steps[inner]
        uses.by_column = uses.by_column or step is None or step > 1


def shared_layout(buffer: ir.Value, uses: Uses | None, machine: Machine) -> SharedLayout:
    """Swizzled for a matrix instruction, padded for accesses by column where no bulk copy writes it, else linear."""
    shape = tuple(ir.MemRefType(buffer.type).shape)
    size = element_bytes(buffer.type)
    if uses is None or is_reshaped(buffer):
        return SharedLayout(shape, size)
    copies = [copy for copy in machine.copies if copy.name in uses.copies]
    swizzled = _swizzled(shape, size, uses, copies)
    if swizzled is not None:
        return swizzled
    # Eight rows whose pitch is 16 bytes, or an odd multiple of that, beyond lines of 128 fall on different banks.
    crowded = bool(shape) and gcd(shape[-1] * size, LINE_BYTES) > VECTOR_BYTES and len(shape) > 1
    if crowded and (uses.by_column or uses.operand_shapes) and all(copy.pads_rows for copy in copies):
        vectors = bool(uses.operand_shapes) or any(copy.asynchronous for copy in copies)
        padding = (VECTOR_BYTES if vectors else _BANK_BYTES) // size
        return SharedLayout(shape, size, 0, padding)
    return _with_aligned_stages(shape, size, uses)


def _swizzled(shape: tuple[int, ...], size: int, uses: Uses, copies: Sequence[CopyInstruction]) -> SharedLayout | None:
    """The widest swizzle that the rows, all instructions and all copies take; None where there is none."""
    if not uses.operand_shapes:
        return None
    # Descriptors say nothing but swizzles; threads that compute their addresses can read a part of any rows.
    operands = uses.described_shapes or uses.operand_shapes
    rank = len(operands[0])
    if any(operand[-1] != shape[-1] or len(operand) != rank for operand in operands):
        return None
    widths = set(uses.swizzles or ()).intersection(*(copy.swizzles for copy in copies))
    swizzle = max((width for width in widths if shape[-1] * size % width == 0), default=0)
    if not swizzle:
        return None
    layout = SharedLayout(shape[len(shape) - rank :], size, swizzle)
    for stages in reversed(shape[: len(shape) - rank]):
        layout = layout.expand(stages)
    return layout


def _with_aligned_stages(shape: tuple[int, ...], size: int, uses: Uses) -> SharedLayout:
    """Linear; where bulk copies write the stages, each begins at a multiple of 128 bytes."""
    leading = len(shape) - uses.bulk_rank if uses.bulk_rank else 0
    layout = SharedLayout(shape[leading:], size)
    stage_bytes = prod(layout.shape) * size
    if leading and stage_bytes % LINE_BYTES:
        layout = replace(layout, pitch=-(-stage_bytes // LINE_BYTES) * LINE_BYTES // size)
    for stages in reversed(shape[:leading]):
        layout = layout.expand(stages)
    return layout
