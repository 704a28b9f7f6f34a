"""What the input form may not hold, whatever is done with it."""

from __future__ import annotations

from tilewright.analysis.regions import ALLOCATIONS
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.kernel import Kernel
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.instructions import space_name


def check_input(kernel: Kernel, machine: Machine) -> None:
    """Raise InputError for a tile buffer of dynamic shape, and for `gpu.thread_id`, which distribution alone brings in."""
    for operation in nested_operations(kernel.operation):
        if operation.name in ALLOCATIONS:
            buffer = ir.MemRefType(operation.results[0].type)
            if not buffer.has_static_shape and space_name(buffer, machine) != "global":
                message = f"'{operation.name}' has the dynamic shape {buffer}; a tile buffer is static"
                raise InputError(
                    f"{message}: allocate the largest, and use a memref.subview", source_location(operation.location)
                )
        elif operation.name == "gpu.thread_id":
            message = "'gpu.thread_id' stands in a tile kernel; threads appear when it is distributed"
            raise InputError(f"{message}: use scf.forall for what they do", source_location(operation.location))
