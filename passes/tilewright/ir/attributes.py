"""Small attributes that many places build."""

from __future__ import annotations

from tilewright.diagnostics import InputError, source_location
from tilewright.mlir import ir

PREFIX = "tile."
# What the passes read and write beside the operations' own attributes.
ANNOTATIONS = (
    "tile.block_swizzle",
    "tile.disable_bulk_copy",
    "tile.disable_register_budget",
    "tile.disable_warp_specialization",
    "tile.grid",
    "tile.instruction",
    "tile.layout",
    "tile.name",
    "tile.num_stages",
    "tile.order",
    "tile.pipeline_depth",
    "tile.reason",
    "tile.registers",
    "tile.stage",
    "tile.strategy",
)


def integer_attribute(value: int) -> ir.IntegerAttr:
    """`value` as an i32 attribute, the type of all counts in the tile dialect."""
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(32), value)


def read_integer(operation: ir.Operation, name: str) -> int:
    """The integer attribute `name`. Raises InputError, at the operation, where it is something else."""
    attribute = operation.attributes[name]
    if not isinstance(attribute, ir.IntegerAttr):
        raise InputError(f"{name} = {attribute} on '{operation.name}'; it is an integer", source_location(operation.location))
    return attribute.value


def read_string(operation: ir.Operation, name: str) -> str:
    """The string attribute `name`. Raises InputError, at the operation, where it is something else."""
    attribute = operation.attributes[name]
    if not isinstance(attribute, ir.StringAttr):
        raise InputError(f"{name} = {attribute} on '{operation.name}'; it is a string", source_location(operation.location))
    return attribute.value
