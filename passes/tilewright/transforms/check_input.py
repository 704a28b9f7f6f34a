"""What the input form may not hold, whatever is done with it."""

from __future__ import annotations

from tilewright.analysis.regions import ALLOCATIONS
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.kernel import Kernel
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import space_name

_ELEMENTS = (ir.FloatType, ir.IntegerType, ir.IndexType, ir.ComplexType)


def check_input(kernel: Kernel, machine: Machine) -> None:
    """Raise InputError for a tile buffer of dynamic shape or of something else than numbers, and for `gpu.thread_id`.

    Threads appear when a kernel is distributed, not before.
    """
    for operation in nested_operations(kernel.operation):
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
        elif operation.name == "gpu.thread_id":
            message = "'gpu.thread_id' stands in a tile kernel; threads appear when it is distributed"
            raise InputError(f"{message}: use scf.forall for what they do", source_location(operation.location))
