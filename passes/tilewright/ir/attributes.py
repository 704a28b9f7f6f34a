"""Small attributes that many places build."""

from __future__ import annotations

from tilewright.mlir import ir


def integer_attribute(value: int) -> ir.IntegerAttr:
    """`value` as an i32 attribute, the type of all counts in the tile dialect."""
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(32), value)
