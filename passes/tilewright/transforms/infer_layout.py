"""tile-infer-layout: say where every element of every buffer on chip is kept, and which thread runs which iteration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.analysis.loop_space import PRODUCTS, LoopSpace, loop_spaces
from tilewright.analysis.regions import ALLOCATIONS, VIEWS, root_of
from tilewright.diagnostics import InputError, Note, source_location
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.ir.layout import VECTOR_BYTES, FragmentLayout, SharedLayout
from tilewright.ir.layout_attributes import to_attribute
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.assign_layouts import Assignment, Conflict, Fragments, Seed, assign_layouts
from tilewright.transforms.base import Decision, Pass, PassContext
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import element_bytes, instruction_of, product_facts, product_operands, space_name
from tilewright.transforms.layout_annotations import read_annotation
from tilewright.transforms.loop_plan import buffer_name
from tilewright.transforms.product_layouts import a_operand_layout, accumulator_layout
from tilewright.transforms.view_types import strided_memref


@dataclass(frozen=True)
class InferLayout(Pass):
    """Give every shared and fragment buffer a layout, and every parallel loop a loop layout.

    Consumes any form. Produces the same program with `tile.layout` on each allocation on chip (`#tile.shared`, or
    `#tile.fragment` over the threads of the warp group that uses it) and on each parallel operation (`#tile.fragment` over
    its space).

    Rules:
    1. An annotated `tile.layout` on an allocation is kept; it must fit the buffer, and be injective.
    2. A product fixes its accumulator, and operand A where that is a fragment, as its instruction defines them.
    3. A parallel operation takes its layout from a fragment that all its dimensions index, one that it writes before one that
       it reads; its other fragments follow by projection: a dimension that does not index them becomes replication.
    4. What is left starts from the largest fragment: spread innermost dimension first, in vectors of 16 bytes, or of another
       width where only that agrees with what is known. Ties go to the first.
    5. A fragment that only scalar code uses is kept by every thread.
    6. A thread must keep what it reads, and all that keep an element must write it. Where two operations disagree, where
       indices are not the loop's own, or where a product reads across its threads, the fragment moves to shared memory.
    7. A shared operand of a matrix instruction is swizzled by 128, 64 or 32 bytes, whichever divides its rows; others are
       linear. A dimension of stages in front expands the layout.

    Remarks: a fragment that moves to shared memory, with both operations.
    Errors: an annotation that does not fit, is not injective, or does not serve every operation.

    Before:  %acc = memref.alloc() : memref<128x256xf32, #gpu.address_space<private>>
    After:   %acc = memref.alloc() {tile.layout = #tile.fragment<{modes = [[2, 0, 1], [4, 1, 0], …], threads = 256}>} : …

    Source: layout inference of TileLang; fragment layouts of the PTX ISA.
    """

    argument: ClassVar[str] = "tile-infer-layout"

    def run(self, operation: ir.Operation, context: PassContext) -> None:
        for kernel in kernels_in(operation):
            with context.failing(self.argument):
                self._infer(kernel, context)

    def _infer(self, kernel: Kernel, context: PassContext) -> None:
        machine = context.machine
        buffers = _buffers(kernel, machine)
        annotated = {
            value: read_annotation(value, machine) for value, _ in buffers if "tile.layout" in value.owner.operation.attributes
        }
        fragments = [value for value, space in buffers if space == "fragment"]
        table = Fragments(
            {value: tuple(ir.MemRefType(value.type).shape) for value in fragments},
            {value: max(1, VECTOR_BYTES // element_bytes(value.type)) for value in fragments},
            kernel.threads or 1,
        )
        spaces = loop_spaces(kernel.operation, kernel.threads or 1, machine.limits.warp_size)
        seeds = [Seed(v, layout, v.owner.operation) for v, layout in annotated.items() if isinstance(layout, FragmentLayout)]
        seeds += _product_seeds(kernel, spaces, set(fragments), machine)
        products = {operation for operation in nested_operations(kernel.operation) if operation.name in PRODUCTS}
        others = [space for space in spaces if space.operation not in products]
        unserved = _unserved_operands(products, {seed.buffer for seed in seeds}, fragments)
        assignment = assign_layouts(others, seeds, table, unserved)
        for conflict in assignment.moved:
            if conflict.buffer in annotated:
                raise _annotation_conflict(conflict)
            _move_to_shared(conflict, context)
        _annotate(kernel, assignment, machine)
        _record(kernel, assignment, context)


def _buffers(kernel: Kernel, machine: Machine) -> list[tuple[ir.Value, str]]:
    """The allocations on chip, with the machine's name of their space."""
    found: list[tuple[ir.Value, str]] = []
    for operation in nested_operations(kernel.operation):
        if operation.name in ALLOCATIONS:
            space = space_name(operation.results[0].type, machine)
            shape = list(ir.MemRefType(operation.results[0].type).shape)
            if space in ("shared", "fragment") and all(extent > 0 for extent in shape):
                found.append((operation.results[0], space))
    return found


def _product_seeds(kernel: Kernel, spaces: list[LoopSpace], fragments: set[ir.Value], machine: Machine) -> list[Seed]:
    threads = {space.operation: space.threads for space in spaces}
    seeds: list[Seed] = []
    for operation in nested_operations(kernel.operation):
        name = instruction_of(operation)
        if operation.name not in PRODUCTS or name is None:
            continue
        instruction = machine.product_instruction(name)
        facts = product_facts(operation, machine, threads[operation])
        if instruction is None or facts is None:
            continue
        a, _, accumulator = (root_of(operand) for operand in product_operands(operation))
        m, n, k = facts.shape
        if accumulator in fragments and accumulator is not None:
            seeds.append(Seed(accumulator, accumulator_layout(instruction, m, n, threads[operation]), operation))
        if a in fragments and a is not None:
            kept = k // 2 if facts.sparse else k
            layout = a_operand_layout(instruction, m, kept, n, threads[operation])
            if layout is not None:
                seeds.append(Seed(a, layout, operation))
    return seeds


def _unserved_operands(products: set[ir.Operation], seeded: set[ir.Value], fragments: list[ir.Value]) -> list[Conflict]:
    """Fragments in a product for which its instruction defines no layout: its threads read what others keep."""
    found: list[Conflict] = []
    for operation in products:
        for operand in operation.operands:
            root = root_of(operand) if isinstance(operand.type, ir.MemRefType) else None
            if root is not None and root in fragments and root not in seeded:
                found.append(Conflict(root, "a product reads it across its threads", None, operation))
    return found


def _annotation_conflict(conflict: Conflict) -> InputError:
    """An annotated fragment stays where it is: what cannot use it is the error."""
    places = [operation for operation in (conflict.first, conflict.second) if operation is not None]
    return InputError(
        f"the annotated layout of {buffer_name(conflict.buffer)} does not serve all: {conflict.reason}",
        source_location(conflict.buffer.owner.location),
        tuple(Note(f"'{operation.name}' accesses it", source_location(operation.location)) for operation in places),
    )


def _move_to_shared(conflict: Conflict, context: PassContext) -> None:
    """Move a fragment to shared memory: its allocation and the views of it change their type."""
    buffer = conflict.buffer
    places = [operation for operation in (conflict.first, conflict.second) if operation is not None]
    notes = tuple(Note(f"'{operation.name}' accesses it", source_location(operation.location)) for operation in places)
    context.sink.remark(
        buffer.owner.operation.location, f"{buffer_name(buffer)} moves to shared memory: {conflict.reason}", notes
    )
    old = ir.MemRefType(buffer.type)
    space = next(space for space in context.machine.spaces if space.name == "shared")
    attribute = ir.Attribute.parse(space.attribute.split("|")[-1])
    buffer.set_type(ir.MemRefType.get(old.shape, old.element_type, memory_space=attribute))
    if "tile.layout" in buffer.owner.operation.attributes:
        del buffer.owner.operation.attributes["tile.layout"]
    _retype_views(buffer, attribute)


def _retype_views(value: ir.Value, space: ir.Attribute) -> None:
    for use in list(value.uses):
        operation = use.owner.operation
        if operation.name in VIEWS:
            result = operation.results[0]
            old = ir.MemRefType(result.type)
            strides, offset = old.get_strides_and_offset()
            result.set_type(strided_memref(list(old.shape), old.element_type, strides, offset, space))
            _retype_views(result, space)


def _annotate(kernel: Kernel, assignment: Assignment, machine: Machine) -> None:
    for buffer, layout in assignment.layouts.items():
        buffer.owner.operation.attributes["tile.layout"] = to_attribute(layout)
    for operation, layout in assignment.loops.items():
        # A bulk copy is one thread's: it has no loop.
        if operation.name != "tile.bulk_copy":
            operation.attributes["tile.layout"] = to_attribute(layout)
    swizzles = _operand_swizzles(kernel, machine)
    for buffer, space in _buffers(kernel, machine):
        if space == "shared" and "tile.layout" not in buffer.owner.operation.attributes:
            layout = _shared_layout(buffer, swizzles.get(buffer))
            buffer.owner.operation.attributes["tile.layout"] = to_attribute(layout)


def _operand_swizzles(kernel: Kernel, machine: Machine) -> dict[ir.Value, tuple[int, ...]]:
    """The shared operands of matrix instructions: buffer -> the shape in which the product uses it."""
    found: dict[ir.Value, tuple[int, ...]] = {}
    for operation in nested_operations(kernel.operation):
        if operation.name in PRODUCTS and instruction_of(operation) not in (None, "scalar"):
            for operand in product_operands(operation)[:2]:
                root = root_of(operand)
                if root is not None and space_name(root.type, machine) == "shared":
                    found[root] = tuple(ir.MemRefType(operand.type).shape)
    return found


def _shared_layout(buffer: ir.Value, operand_shape: tuple[int, ...] | None) -> SharedLayout:
    shape = tuple(ir.MemRefType(buffer.type).shape)
    size = element_bytes(buffer.type)
    if operand_shape is None or shape[len(shape) - len(operand_shape) :] != operand_shape:
        return SharedLayout(shape, size)
    row = operand_shape[-1] * size
    swizzle = next((width for width in (128, 64, 32) if row % width == 0), 0)
    layout = SharedLayout(operand_shape, size, swizzle)
    for stages in reversed(shape[: len(shape) - len(operand_shape)]):
        layout = layout.expand(stages)
    return layout


def _record(kernel: Kernel, assignment: Assignment, context: PassContext) -> None:
    location = context.sink.locate(source_location(kernel.operation.location))
    buffers = [buffer.owner.operation for buffer, _ in _buffers(kernel, context.machine)]
    phrase = f"{len(buffers)} buffers and {len(assignment.loops)} parallel operations laid out"
    if assignment.moved:
        phrase += f", {len(assignment.moved)} fragments moved to shared memory"
    details = {"buffers": [str(operation.attributes["tile.layout"]) for operation in buffers], "moved": len(assignment.moved)}
    context.decisions.append(Decision(InferLayout.argument, f"kernel {kernel.name}", location, phrase, details))
