"""Kernels: their names, arguments, grid and block, read from a `gpu.func`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tilewright.diagnostics import InputError, source_location
from tilewright.ir.attributes import read_integer
from tilewright.mlir import ir

BLOCK_SWIZZLE = "tile.block_swizzle"
_IDENTIFIER = re.compile(r"%([A-Za-z_$.-][A-Za-z0-9_$.-]*)")


@dataclass(frozen=True)
class KernelArgument:
    """A kernel's argument: a memref, or a scalar of integer, index or floating-point type."""

    name: str
    type: ir.Type

    @property
    def is_memref(self) -> bool:
        return isinstance(self.type, ir.MemRefType)


@dataclass(frozen=True)
class Kernel:
    """One thread block's program. `operation` is its `gpu.func`; `threads` the computing threads, None if not given."""

    operation: ir.Operation
    name: str
    arguments: tuple[KernelArgument, ...]

    @property
    def body(self) -> ir.Block:
        return self.operation.regions[0].blocks[0]

    @property
    def threads(self) -> int | None:
        if "known_block_size" not in self.operation.attributes:
            return None
        x, y, z = ir.DenseI32ArrayAttr(self.operation.attributes["known_block_size"])
        return x * y * z

    @property
    def panel(self) -> int | None:
        """The rows of a panel, where blocks are started in panels. Raises InputError where the attribute is none."""
        if BLOCK_SWIZZLE not in self.operation.attributes:
            return None
        rows = read_integer(self.operation, BLOCK_SWIZZLE)
        if rows < 1:
            message = f"{BLOCK_SWIZZLE} = {rows} on '{self.operation.name}'; it is a positive number of rows of blocks"
            raise InputError(message, source_location(self.operation.location))
        return rows

    def grid(self, values: Sequence[object]) -> tuple[int, int, int]:
        """The grid for these argument values (arrays have a `shape`): `known_grid_size`, else the map `tile.grid`.

        The map's dimensions and symbols are, in order, the integer and index arguments, then every dynamic
        dimension of the memref arguments. Raises InputError where neither attribute is there, or the map does not fit.
        """
        attributes = self.operation.attributes
        if "known_grid_size" in attributes:
            x, y, z = ir.DenseI32ArrayAttr(attributes["known_grid_size"])
            return (x, y, z)
        location = source_location(self.operation.location)
        if "tile.grid" not in attributes:
            raise InputError(f"kernel '{self.name}' has no grid: give known_grid_size, or tile.grid as an affine map", location)
        inputs = _grid_inputs(self.arguments, values)
        if not isinstance(attributes["tile.grid"], ir.AffineMapAttr):
            message = f"tile.grid = {attributes['tile.grid']} on kernel '{self.name}'; it is an affine map"
            raise InputError(message, location)
        affine_map = attributes["tile.grid"].value
        expected = affine_map.n_dims + affine_map.n_symbols
        if expected != len(inputs) or not 1 <= len(affine_map.results) <= 3:
            raise InputError(
                f"tile.grid of kernel '{self.name}' takes {expected} inputs and has {len(affine_map.results)} results; "
                f"it needs {len(inputs)} inputs (integer arguments, then dynamic dimensions) and 1 to 3 results",
                location,
            )
        sizes = [evaluate_affine(result, inputs, affine_map.n_dims) for result in affine_map.results]
        x, y, z = [*sizes, 1, 1][:3]
        return (x, y, z)


def _grid_inputs(arguments: Sequence[KernelArgument], values: Sequence[object]) -> list[int]:
    scalars: list[int] = []
    dimensions: list[int] = []
    for argument, value in zip(arguments, values, strict=True):
        if isinstance(argument.type, ir.MemRefType):
            shape = value.shape  # type: ignore[attr-defined]
            dimensions += [shape[i] for i in range(argument.type.rank) if argument.type.is_dynamic_dim(i)]
        elif isinstance(argument.type, (ir.IntegerType, ir.IndexType)):
            scalars.append(int(value))  # type: ignore[call-overload]
    return scalars + dimensions


def evaluate_affine(expression: ir.AffineExpr, inputs: Sequence[int], dimensions: int) -> int:
    """The value of an affine expression for integer `inputs`: its dimensions, then its symbols."""
    if isinstance(expression, ir.AffineConstantExpr):
        return expression.value
    if isinstance(expression, ir.AffineDimExpr):
        return inputs[expression.position]
    if isinstance(expression, ir.AffineSymbolExpr):
        return inputs[dimensions + expression.position]
    left = evaluate_affine(expression.lhs, inputs, dimensions)  # type: ignore[attr-defined]
    right = evaluate_affine(expression.rhs, inputs, dimensions)  # type: ignore[attr-defined]
    if isinstance(expression, ir.AffineAddExpr):
        return left + right
    if isinstance(expression, ir.AffineMulExpr):
        return left * right
    if isinstance(expression, ir.AffineModExpr):
        return left % right
    if isinstance(expression, ir.AffineFloorDivExpr):
        return left // right
    return -(-left // right)


def kernels_in(operation: ir.Operation, source: str | None = None) -> list[Kernel]:
    """The kernels under `operation`, in order. `source` is the text it was parsed from: argument names are found in it."""
    return [_kernel(function, source) for function in _kernel_functions(operation)]


def _kernel_functions(operation: ir.Operation) -> Iterator[ir.Operation]:
    if operation.name == "gpu.func":
        if "kernel" in operation.attributes:
            yield operation
        return
    if operation.name not in ("builtin.module", "gpu.module"):
        return
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                yield from _kernel_functions(child.operation)


def _kernel(function: ir.Operation, source: str | None) -> Kernel:
    lines = source.split("\n") if source is not None else []
    block = function.regions[0].blocks[0]
    names: list[str] = []
    for position, argument in enumerate(block.arguments):
        name = _attribute_name(function, position) or _source_name(argument, lines) or f"arg{position}"
        names.append(name if name not in names else f"arg{position}")
    arguments = tuple(KernelArgument(name, arg.type) for name, arg in zip(names, block.arguments, strict=True))
    return Kernel(function, ir.StringAttr(function.attributes["sym_name"]).value, arguments)


def _attribute_name(function: ir.Operation, position: int) -> str | None:
    if "arg_attrs" not in function.attributes:
        return None
    attributes = ir.DictAttr(ir.ArrayAttr(function.attributes["arg_attrs"])[position])
    return ir.StringAttr(attributes["tile.name"]).value if "tile.name" in attributes else None


def _source_name(argument: ir.Value, lines: Sequence[str]) -> str | None:
    """The identifier that stands at the argument's location: MLIR itself forgets it."""
    place = source_location(argument.location)
    if not 1 <= place.line <= len(lines):
        return None
    found = _IDENTIFIER.match(lines[place.line - 1], place.column - 1)
    return found.group(1) if found else None
