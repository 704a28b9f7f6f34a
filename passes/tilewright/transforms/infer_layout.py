"""tile-infer-layout: say where every element of every buffer on chip is kept, and which thread runs which iteration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

from tilewright.analysis.loop_space import PRODUCTS, LoopSpace, loop_spaces
from tilewright.analysis.regions import ALLOCATIONS, VIEWS
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.ir.layout import FragmentLayout
from tilewright.ir.layout_attributes import to_attribute
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.assign_layouts import Assignment, Conflict, CostModel, Fragments, Seed, assign_layouts
from tilewright.transforms.base import Decision, Pass, PassContext
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import element_bytes, space_name
from tilewright.transforms.layout_annotations import check_threads, read_annotation, read_loop_annotations
from tilewright.transforms.layout_seeds import (
    REGISTER_BYTES,
    product_seeds,
    replicated_seeds,
    scopes_of,
    shared_by_groups,
    unserved_operands,
)
from tilewright.transforms.loop_plan import buffer_name
from tilewright.transforms.serial_accesses import (
    conflict_notes,
    held_by_products,
    refuse_serial_accesses,
    serial_access_error,
)
from tilewright.transforms.shared_layouts import shared_layout, shared_uses
from tilewright.transforms.view_types import strided_memref


@dataclass(frozen=True)
class InferLayout(Pass):
    """Give every shared and fragment buffer a layout, and every parallel loop a loop layout.

    Consumes any form. Produces the same program with `tile.layout` on each allocation on chip (`#tile.shared`, or
    `#tile.fragment` over the threads of the warp group that uses it) and on each parallel operation (`#tile.fragment` over
    its space).

    Rules:
    1. An annotated `tile.layout`, on an allocation or on a parallel operation, is kept; it must fit, and be injective.
    2. Strict: a product fixes its accumulator and its operands from registers as its instruction defines them. One element,
       and a fragment that scalar code accesses, is kept by every thread, if the threads have the registers.
    3. Common: breadth first, a parallel operation takes its layout from a fragment that all its dimensions index, one that it
       writes before one that it reads, and gives its other fragments theirs: a dimension that does not index them becomes
       replication, an index that is no dimension of the loop takes all of that dimension in registers.
    4. Free: in each component of operations connected by fragments without layout, operations are tried as the root, the first
       eight of different forms, with spreads over the dimensions, position → (position / v) mod threads, ragged ones that leave
       threads idle, and rows first. Kept is the one with the fewest accesses that are not served, then the cheapest:
       `cost=registers` counts registers before segments of 128 bytes in memory, `cost=io` the other way round. The earliest
       root wins ties.
    5. v is 16 bytes of the widest element, less where rows or strides are no multiple of it.
    6. A thread must keep what it reads, and all that keep an element must write it. Where two operations disagree, or where a
       product reads across its threads, the fragment moves to shared memory.
    7. A fragment is spread over the threads of the warp group that uses it. One that several scopes use is kept by
       every thread, where none writes it in a group; else it moves to shared memory.
    8. A shared operand of a matrix instruction is swizzled by the widest that divides its rows and that its products and its
       copies take; so it is where an instruction that reads by descriptors reads whole rows, and others parts of them.
       Where none does, or threads side by side access a column, rows are padded, unless a bulk copy writes
       them: by 16 bytes, or by 4 where no instruction moves vectors. Others are linear. Dimensions of stages in front
       expand the layout; stages that a bulk copy writes begin at multiples of 128 bytes.
    9. Where the layout of a loop has replicas, what it does beyond fragments is done by the first replica.
    10. A fragment is held by a product where the product's instruction fixes its layout, and where a parallel operation (all
        of whose dimensions index both) computes it element by element from such a one. An access of it outside of parallel
        loops is an error, which names the reduction to use; so is a read at the index of a serial loop, in a parallel loop
        or around it, that no thread can make in its own registers. Other fragments that scalar code accesses are kept by every
        thread (rule 2) or move to shared memory (rule 6): counters, tables, a scale that is read beside a product, what a
        reduction fills.

    Remarks: a fragment that moves to shared memory, with both operations and both layouts.
    Errors: an annotation that does not fit, is not injective, or does not serve every operation; a serial access of a
    fragment that a product holds (rule 10), or that an annotation spreads over threads; an instruction that the threads, the
    shape or the order of dimensions of its product do not fit, or that cannot read the annotated layout of an operand, or one
    that no swizzle fits.

    Before:  %acc = memref.alloc() : memref<128x256xf32, #gpu.address_space<private>>
    After:   %acc = memref.alloc() {tile.layout = #tile.fragment<{modes = [[2, 0, 1], [4, 1, 0], …], threads = 256}>} : …

    Source: layout inference of TileLang; fragment layouts of the PTX ISA.
    """

    argument: ClassVar[str] = "tile-infer-layout"

    cost: CostModel = "registers"

    def run(self, operation: ir.Operation, context: PassContext) -> None:
        for kernel in kernels_in(operation):
            with context.failing(self.argument):
                if self.cost not in get_args(CostModel):
                    raise InputError(f"cost = {self.cost}; it is one of {', '.join(get_args(CostModel))}")
                self._infer(kernel, context)

    def _infer(self, kernel: Kernel, context: PassContext) -> None:
        machine, threads = context.machine, kernel.threads or 1
        buffers = _buffers(kernel, machine)
        annotated = {
            value: read_annotation(value, machine) for value, _ in buffers if "tile.layout" in value.owner.operation.attributes
        }
        spaces = loop_spaces(kernel.operation, threads, machine.limits.warp_size)
        shapes = {value: tuple(ir.MemRefType(value.type).shape) for value, space in buffers if space == "fragment"}
        scopes = scopes_of(spaces, shapes, threads)
        check_threads(annotated, scopes)
        seeds = [Seed(v, layout, v.owner.operation) for v, layout in annotated.items() if isinstance(layout, FragmentLayout)]
        dictated = product_seeds(spaces, shapes, machine)
        seeds += dictated
        seeds += replicated_seeds(spaces, shapes, scopes, {seed.buffer for seed in seeds}, machine)
        others = [space for space in spaces if space.operation.name not in PRODUCTS]
        fragments = Fragments(
            shapes,
            {value: element_bytes(value.type) for value in shapes},
            {value: scopes[value].threads for value in shapes},
            machine.limits.registers_per_thread * REGISTER_BYTES,
        )
        unserved = [*unserved_operands(spaces, {seed.buffer for seed in seeds}, shapes), *shared_by_groups(scopes)]
        loops = read_loop_annotations(others)
        elsewhere = {*annotated, *(conflict.buffer for conflict in unserved)}
        held = held_by_products(others, dictated, [buffer for buffer in shapes if buffer not in elsewhere])
        refuse_serial_accesses(others, held)
        assignment = assign_layouts(others, seeds, loops, fragments, unserved, self.cost)
        for conflict in assignment.moved:
            serial = serial_access_error(conflict, held)
            if serial is not None:
                raise serial
            if conflict.buffer in annotated or conflict.second in loops:
                raise _annotation_conflict(conflict)
            _move_to_shared(conflict, context)
        _annotate(kernel, assignment, spaces, machine)
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


def _annotation_conflict(conflict: Conflict) -> InputError:
    """An annotated fragment stays where it is: what cannot use it is the error."""
    return InputError(
        f"the annotated layout of {buffer_name(conflict.buffer)} does not serve all: {conflict.reason}",
        source_location(conflict.buffer.owner.location),
        conflict_notes(conflict),
    )


def _move_to_shared(conflict: Conflict, context: PassContext) -> None:
    """Move a fragment to shared memory: its allocation and the views of it change their type."""
    buffer = conflict.buffer
    message = f"{buffer_name(buffer)} moves to shared memory: {conflict.reason}"
    context.sink.remark(buffer.owner.operation.location, message, conflict_notes(conflict))
    old = ir.MemRefType(buffer.type)
    space = next(space for space in context.machine.spaces if space.name == "shared")
    attribute = ir.Attribute.parse(space.attribute.split("|")[-1])
    buffer.set_type(ir.MemRefType.get(old.shape, old.element_type, memory_space=attribute))
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


def _annotate(kernel: Kernel, assignment: Assignment, spaces: list[LoopSpace], machine: Machine) -> None:
    for buffer, layout in assignment.layouts.items():
        buffer.owner.operation.attributes["tile.layout"] = to_attribute(layout)
    for operation, layout in assignment.loops.items():
        # A bulk copy is one thread's: it has no loop.
        if operation.name != "tile.bulk_copy":
            operation.attributes["tile.layout"] = to_attribute(layout)
    uses = shared_uses(kernel, spaces, machine)
    for buffer, _ in _buffers(kernel, machine):
        # Every fragment has its layout: what has none is in shared memory.
        if "tile.layout" not in buffer.owner.operation.attributes:
            layout = shared_layout(buffer, uses.get(buffer), machine)
            buffer.owner.operation.attributes["tile.layout"] = to_attribute(layout)


def _record(kernel: Kernel, assignment: Assignment, context: PassContext) -> None:
    location = context.sink.locate(source_location(kernel.operation.location))
    buffers = [buffer.owner.operation for buffer, _ in _buffers(kernel, context.machine)]
    phrase = f"{len(buffers)} buffers and {len(assignment.loops)} parallel operations laid out"
    if assignment.moved:
        phrase += f", {len(assignment.moved)} fragments moved to shared memory"
    details = {"buffers": [str(operation.attributes["tile.layout"]) for operation in buffers], "moved": len(assignment.moved)}
    context.decisions.append(Decision(InferLayout.argument, f"kernel {kernel.name}", location, phrase, details))
