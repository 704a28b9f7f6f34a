"""Whether the iterations of a loop can be numbered through the whole kernel, over whatever the loop is nested in."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.analysis.program_slice import Obstacle
from tilewright.mlir import ir

# The loops and guards over which the number of an iteration can be carried.
COUNTED = ("scf.for", "scf.if", "scf.while")


def why_not_counted(loop: ir.Operation, others: Sequence[ir.Operation]) -> Obstacle | None:
    """Why the iterations of a loop cannot be counted over what it is nested in.

    `others`: the pipelined loops of which a nested statement comes in several places, so that nothing can be counted there.
    """
    operation = loop.block.owner.operation
    while operation.name != "gpu.func":
        if operation in others:
            return Obstacle("the loop is nested in another pipelined loop", operation)
        if operation.name not in COUNTED or "unsignedCmp" in operation.attributes:
            return Obstacle(f"the loop is nested in {operation.name}, over which its iterations cannot be counted", operation)
        operation = operation.block.owner.operation
    return None


def is_nested_in(operation: ir.Operation, holder: ir.Operation) -> bool:
    """Whether an operation stands in another one, at any depth."""
    parent = operation.parent
    return parent is not None and (parent.operation == holder or is_nested_in(parent.operation, holder))
