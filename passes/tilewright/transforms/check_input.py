"""What the input form may not hold, whatever is done with it."""

from __future__ import annotations

from tilewright.analysis.regions import ALLOCATIONS
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.attributes import ANNOTATIONS, PREFIX, read_integer
from tilewright.ir.kernel import Kernel
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.names import did_you_mean
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import instruction_of, space_name
from tilewright.transforms.layout_annotations import read_annotation
from tilewright.transforms.register_budget import read_hints

_ELEMENTS = (ir.FloatType, ir.IntegerType, ir.IndexType, ir.ComplexType)


def check_input(kernel: Kernel, machine: Machine) -> None:
    """Raise InputError for a tile buffer of dynamic shape or of something else than numbers, and for `gpu.thread_id`.

    Threads appear when a kernel is distributed, not before. Register hints must be ones that a thread can have; the threads
    of a kernel, and its warp groups where it is specialized by hand, must fit into a block; layouts must be layouts of their
    buffers, instructions those of the machine; blocks start in panels of one row or more. An attribute whose name begins like
    those of the passes is one of them.
    """
    read_hints(kernel)
    _ = kernel.panel
    _check_block(kernel, machine)
    _check_annotations(kernel.operation)
    for operation in nested_operations(kernel.operation):
        _check_annotations(operation)
        _check_instruction(operation, machine)
        if operation.name in ALLOCATIONS:
            buffer = ir.MemRefType(operation.results[0].type)
            if not isinstance(buffer.element_type, _ELEMENTS):
                message = f"'{operation.name}' has elements of type {buffer.element_type}; they are numbers"
                raise InputError(message, source_location(operation.location))
            if not buffer.has_static_shape and space_name(buffer, machine) != "global":
                message = f"'{operation.name}' has the dynamic shape {buffer}; a tile buffer is static"
                raise InputError(
                    f"{message}: allocate the largest, and use a memref.subview", source_location(operation.location)
                )
            if "tile.layout" in operation.attributes:
                read_annotation(operation.results[0], machine)
        elif operation.name == "tile.specialize":
            _check_warp_groups(operation, machine)
        elif operation.name == "gpu.thread_id":
            message = "'gpu.thread_id' stands in a tile kernel; threads appear when it is distributed"
            raise InputError(f"{message}: use scf.forall for what they do", source_location(operation.location))


def _check_block(kernel: Kernel, machine: Machine) -> None:
    threads = kernel.threads
    limit = machine.limits.threads_per_block
    if threads is not None and not 1 <= threads <= limit:
        message = f"kernel '{kernel.name}' has known_block_size with {threads} threads; a block has from 1 to {limit}"
        raise InputError(message, source_location(kernel.operation.location))


def _check_annotations(operation: ir.Operation) -> None:
    """A misspelt attribute would otherwise say nothing."""
    for name in operation.attributes:
        if name.startswith(PREFIX) and name not in ANNOTATIONS:
            message = f"'{operation.name}' has an attribute {name}, which no pass knows{did_you_mean(name, ANNOTATIONS)}"
            raise InputError(f"{message} (known: {', '.join(ANNOTATIONS)})", source_location(operation.location))


def _check_instruction(operation: ir.Operation, machine: Machine) -> None:
    """An instruction that the input gives is one of the machine's."""
    name = instruction_of(operation)
    products = (product.name for product in (*machine.products, *machine.sparse_products))
    known = sorted({*(copy.name for copy in machine.copies), *products, "scalar"})
    if name is not None and name not in known:
        message = f"tile.instruction = \"{name}\" on '{operation.name}': {machine.target} has no such instruction"
        hint = f"{did_you_mean(name, known)} (known: {', '.join(known)})"
        raise InputError(message + hint, source_location(operation.location))


def _check_warp_groups(specialize: ir.Operation, machine: Machine) -> None:
    """The warp groups run side by side: a block must have their threads, and the registers that they ask for."""
    limits = machine.limits
    groups = [child.operation for child in specialize.regions[0].blocks[0].operations]
    threads = [ir.IntegerAttr(group.attributes["warps"]).value * limits.warp_size for group in groups]
    if sum(threads) > limits.threads_per_block:
        message = f"'tile.specialize' has warp groups of {sum(threads)} threads; a block has at most {limits.threads_per_block}"
        raise InputError(message, source_location(specialize.location))
    budgets = [read_integer(group, "registers") if "registers" in group.attributes else 0 for group in groups]
    registers = sum(budget * count for budget, count in zip(budgets, threads, strict=True))
    if registers > limits.registers_per_block:
        message = f"'tile.specialize' asks for {registers} registers; a block has {limits.registers_per_block}"
        raise InputError(message, source_location(specialize.location))
