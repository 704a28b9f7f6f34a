"""Which instruction a copy or a matrix product gets, with the reason: asked of the machine, decided on plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.analysis.loop_space import SPARSE_PRODUCT
from tilewright.analysis.regions import VIEWS, root_of
from tilewright.ir.attributes import read_string
from tilewright.ir.layout import LayoutError
from tilewright.ir.layout_attributes import from_attribute
from tilewright.ir.shared_layout import SWIZZLES, VECTOR_BYTES, SharedLayout
from tilewright.machine import CopyInstruction, Machine, ProductInstruction
from tilewright.mlir import ir, linalg

COPIES = ("memref.copy", "linalg.copy", "tile.copy_in")
# What a shared buffer may be seen through with its layout unchanged.
_PLAIN_VIEWS = ("memref.subview", "memref.cast")


@dataclass(frozen=True)
class Choice:
    """An instruction's name and why it was chosen, which is also why those before it were not."""

    instruction: str
    reason: str


@dataclass(frozen=True)
class CopyFacts:
    """A copy as the machine sees it. Strides are in bytes, outermost first, None where they are not constant."""

    source_space: str
    destination_space: str
    row_bytes: int
    strides: tuple[int | None, ...]
    inner_stride: int | None
    converts: bool
    pad: float
    from_argument: bool
    bulk_disabled: bool
    layout_fits_bulk: bool = True


@dataclass(frozen=True)
class ProductFacts:
    """A matrix product: M, N, K; operand and accumulator types; whether a contraction is innermost; spaces; threads; is A
    given by two of each four neighbours; the operands, A or B, whose annotated layout no descriptor says; why others are
    not swizzled."""

    shape: tuple[int, int, int]
    operand: str
    accumulator: str
    a_contraction_innermost: bool
    b_contraction_innermost: bool
    a_space: str
    b_space: str
    threads: int
    sparse: bool = False
    undescribed: tuple[str, ...] = ()
    unswizzled: str | None = None


def instruction_of(operation: ir.Operation) -> str | None:
    """The instruction that plan-pipeline has given a copy or a product, or None."""
    if "tile.instruction" not in operation.attributes:
        return None
    return read_string(operation, "tile.instruction")


def space_name(memref_type: ir.Type, machine: Machine) -> str:
    """The machine's name of a memref's memory space; ``unknown`` where it has none."""
    attribute = ir.MemRefType(memref_type).memory_space
    space = machine.space_of("" if attribute is None else str(attribute))
    return "unknown" if space is None else space.name


def element_bytes(memref_type: ir.Type) -> int:
    """The bytes of one element in memory; an index has 8."""
    element = ir.MemRefType(memref_type).element_type
    if isinstance(element, ir.ComplexType):
        return 2 * max(1, element.element_type.width // 8)
    return 8 if isinstance(element, ir.IndexType) else max(1, element.width // 8)


def copy_facts(operation: ir.Operation, machine: Machine) -> CopyFacts:
    operands = list(operation.operands)
    source, destination = ir.MemRefType(operands[0].type), ir.MemRefType(operands[-1].type)
    size = element_bytes(source)
    strides, _ = source.get_strides_and_offset()
    dynamic = ir.ShapedType.get_dynamic_stride_or_offset()
    known = [None if stride == dynamic else stride for stride in strides]
    root = root_of(operands[0])
    pad = operation.attributes["pad"].value if "pad" in operation.attributes else 0.0  # type: ignore[attr-defined]
    row = destination.shape[-1] if destination.rank else 1
    return CopyFacts(
        space_name(source, machine),
        space_name(destination, machine),
        row * size if row > 0 else 0,
        tuple(None if stride is None else stride * size for stride in known[:-1]),
        known[-1] if known else 1,
        source.element_type != destination.element_type,
        float(pad),
        root is not None and isinstance(root.owner, ir.Block),
        _disables_bulk_copies(operation),
        _layout_fits_bulk(operands[-1]),
    )


def _annotated_shared(tile: ir.Value) -> SharedLayout | None:
    """The layout that the input gives a tile in shared memory, if any."""
    root = root_of(tile)
    if root is None or isinstance(root.owner, ir.Block) or "tile.layout" not in root.owner.operation.attributes:
        return None
    try:
        layout = from_attribute(root.owner.operation.attributes["tile.layout"])
    except LayoutError:
        # It is no layout at all, and layout inference says so.
        return None
    return layout if isinstance(layout, SharedLayout) else None


def _layout_fits_bulk(destination: ir.Value) -> bool:
    """Whether the layout that the input gives the destination, if any, is one that a bulk copy can write."""
    layout = _annotated_shared(destination)
    return layout is None or layout.fits_bulk_copies


def undescribed_operands(operation: ir.Operation) -> dict[str, ir.Value]:
    """The operands of a product, A or B, whose annotated layout an instruction that reads by descriptors cannot read."""
    found: dict[str, ir.Value] = {}
    for name, operand in zip("AB", product_operands(operation)[:2], strict=True):
        layout = _annotated_shared(operand)
        if layout is not None and not layout.fits_descriptors:
            found[name] = operand
    return found


def _why_not_swizzled(operation: ir.Operation, machine: Machine) -> str | None:
    """Why layout inference swizzles an operand of a product, A or B, by no width; None where it does, or need not."""
    for name, operand in zip("AB", product_operands(operation)[:2], strict=True):
        root = root_of(operand)
        if root is None or isinstance(root.owner, ir.Block) or "tile.layout" in root.owner.operation.attributes:
            continue
        tile, buffer = ir.MemRefType(operand.type), ir.MemRefType(root.type)
        if space_name(buffer, machine) == "fragment" and list(tile.shape) == list(buffer.shape):
            continue
        if tile.get_strides_and_offset()[0][-2:] != [*buffer.shape[-1:], 1] or tile.shape[-1] != buffer.shape[-1]:
            # A fragment of which this is a part moves to shared memory.
            return f"{name} is not made of whole rows of its buffer"
        row_bytes = tile.shape[-1] * element_bytes(tile)
        if row_bytes == VECTOR_BYTES:
            continue
        if row_bytes % min(width for width in SWIZZLES if width):
            return f"the rows of {name} have {row_bytes} bytes, which no swizzle divides"
        if is_reshaped(root):
            return f"the buffer of {name} is seen as another shape, so it is linear"
    return None


def is_reshaped(buffer: ir.Value) -> bool:
    """Whether a buffer is seen through a view that needs it to be linear."""
    views = [use.owner.operation for use in buffer.uses if use.owner.operation.name in VIEWS]
    return any(view.name not in _PLAIN_VIEWS or is_reshaped(view.results[0]) for view in views)


def _disables_bulk_copies(operation: ir.Operation) -> bool:
    """Whether the copy, or anything around it in its kernel, says that it is no bulk copy."""
    while operation.parent is not None:
        if "tile.disable_bulk_copy" in operation.attributes:
            return True
        operation = operation.parent.operation
    return False


def choose_copy(facts: CopyFacts, machine: Machine, completions: Sequence[str]) -> Choice:
    """The first instruction of the machine that may do this copy, among those that complete in one of these ways."""
    refused: list[str] = []
    for instruction in machine.copies:
        if instruction.completion not in completions:
            continue
        why_not = _copy_refusal(facts, instruction)
        if why_not is None:
            return Choice(instruction.name, "; ".join(refused) or _copy_reason(instruction))
        refused.append(f"no {instruction.name}: {why_not}")
    return Choice("simt", "; ".join(refused) or "no other instruction completes where it is needed")


def _copy_reason(instruction: CopyInstruction) -> str:
    if not instruction.asynchronous:
        return "no pipeline runs it ahead"
    return "the first choice of the machine"


def annotate(operation: ir.Operation, choice: Choice) -> None:
    """Write a choice, with its reason, on the operation."""
    operation.attributes["tile.instruction"] = ir.StringAttr.get(choice.instruction)
    operation.attributes["tile.reason"] = ir.StringAttr.get(choice.reason)


def _copy_refusal(facts: CopyFacts, instruction: CopyInstruction) -> str | None:
    if instruction.source != "any" and (facts.source_space, facts.destination_space) != (
        instruction.source,
        instruction.destination,
    ):
        route = f"{facts.source_space} to {facts.destination_space}"
        return f"it copies {instruction.source} to {instruction.destination}, not {route}"
    if not instruction.asynchronous:
        return None
    if facts.converts:
        return "the element types differ"
    if instruction.name == "bulk" and facts.bulk_disabled:
        return "tile.disable_bulk_copy is set"
    if instruction.name == "bulk" and not facts.layout_fits_bulk:
        return "the layout of its tile is neither linear nor a swizzle of the hardware's"
    if facts.inner_stride != 1:
        return "the innermost stride is not 1"
    if facts.row_bytes % instruction.row_bytes:
        return f"the last dimension has {facts.row_bytes} bytes, not a multiple of {instruction.row_bytes}"
    for stride in facts.strides:
        if stride is not None and (stride % instruction.stride_bytes or stride >= instruction.maximal_stride):
            return f"a stride of {stride} bytes is not a multiple of {instruction.stride_bytes}, or too large"
    if instruction.pads is not None and facts.pad not in instruction.pads:
        return f"it cannot pad with {facts.pad:g}"
    if instruction.needs_kernel_argument and not facts.from_argument:
        return "the base pointer is not a kernel argument"
    return None


def product_operands(operation: ir.Operation) -> tuple[ir.Value, ir.Value, ir.Value]:
    """A, B and the accumulator of a product."""
    operands = list(operation.operands)
    return operands[0], operands[-2], operands[-1]


def product_facts(operation: ir.Operation, machine: Machine, threads: int) -> ProductFacts | None:
    """The facts of a product of two matrices into a third; None for another contraction."""
    if operation.name == SPARSE_PRODUCT:
        return _sparse_product_facts(operation, machine, threads)
    memrefs = [ir.MemRefType(operand.type) for operand in operation.operands]
    maps = linalg.get_indexing_maps(operation)
    if maps is None or len(memrefs) != 3 or any(memref.rank != 2 for memref in memrefs):
        return None
    positions = [[getattr(result, "position", -1) for result in m.results] for m in (entry.value for entry in maps)]
    row, column = positions[2]
    contraction = next((p for p in positions[0] if p not in (row, column)), None)
    if (
        contraction is None
        or sorted(positions[0]) != sorted((row, contraction))
        or sorted(positions[1]) != sorted((column, contraction))
    ):
        return None
    m, n = memrefs[2].shape
    k = memrefs[0].shape[positions[0].index(contraction)]
    return ProductFacts(
        (m, n, k),
        str(memrefs[0].element_type),
        str(memrefs[2].element_type),
        positions[0][-1] == contraction,
        positions[1][-1] == contraction,
        space_name(memrefs[0], machine),
        space_name(memrefs[1], machine),
        threads,
        undescribed=tuple(undescribed_operands(operation)),
        unswizzled=_why_not_swizzled(operation, machine),
    )


def _sparse_product_facts(operation: ir.Operation, machine: Machine, threads: int) -> ProductFacts:
    a, b, accumulator = (ir.MemRefType(operand.type) for operand in product_operands(operation))
    m, n = accumulator.shape
    transposed = "transpose_b" in operation.attributes and ir.BoolAttr(operation.attributes["transpose_b"]).value
    return ProductFacts(
        (m, n, 2 * a.shape[1]),
        str(a.element_type),
        str(accumulator.element_type),
        True,
        transposed,
        space_name(a, machine),
        space_name(b, machine),
        threads,
        sparse=True,
        undescribed=tuple(undescribed_operands(operation)),
        unswizzled=_why_not_swizzled(operation, machine),
    )


def choose_product(facts: ProductFacts, machine: Machine) -> Choice:
    """The first instruction of the machine that may do this product."""
    refused: list[str] = []
    for instruction in machine.sparse_products if facts.sparse else machine.products:
        why_not = _product_refusal(facts, instruction)
        if why_not is None:
            return Choice(instruction.name, "; ".join(refused) or "the first choice of the machine")
        refused.append(f"no {instruction.name}: {why_not}")
    return Choice("scalar", "; ".join(refused))


def _product_refusal(facts: ProductFacts, instruction: ProductInstruction) -> str | None:
    m, n, k = facts.shape
    if facts.operand not in instruction.operands:
        return f"it has no {facts.operand}"
    accumulators, depth = instruction.operands[facts.operand]
    if facts.accumulator not in accumulators:
        return f"it does not accumulate {facts.operand} in {facts.accumulator}"
    if not facts.threads and instruction.threads > 1:
        return "the kernel has no known_block_size"
    if facts.threads % instruction.threads:
        return f"{facts.threads} threads are no multiple of {instruction.threads}"
    if min(m, n, k) < 0 or m % instruction.m or n % instruction.n or k % depth:
        return f"{m}x{n}x{k} is no multiple of {instruction.m}x{instruction.n}x{depth}"
    if facts.a_space not in instruction.a_spaces or facts.b_space not in instruction.b_spaces:
        return f"its operands are in {facts.a_space} and {facts.b_space} memory"
    if instruction.by_descriptor and facts.undescribed:
        return f"it cannot read the annotated layout of {' and '.join(facts.undescribed)}"
    return why_not_read(facts, instruction)


def why_not_read(facts: ProductFacts, instruction: ProductInstruction) -> str | None:
    """Why an instruction cannot read operands without annotation as they are given; None where it can."""
    innermost = facts.a_contraction_innermost and facts.b_contraction_innermost
    if not innermost and facts.operand not in instruction.transposable:
        return f"{facts.operand} operands must have the contraction innermost"
    return facts.unswizzled if instruction.by_descriptor else None
