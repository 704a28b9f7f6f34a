"""How often a loop runs, and which iteration a value of its induction variable is."""

from __future__ import annotations

from tilewright.analysis.linear import constant_value
from tilewright.mlir import ir


def constant_trips(loop: ir.Operation) -> int | None:
    """The number of iterations of an `scf.for`, or None where it is not constant."""
    low, high, step = (constant_value(operand) for operand in list(loop.operands)[:3])
    if low is None or high is None or step is None or step <= 0:
        return None
    return max(0, -(-(high - low) // step))
