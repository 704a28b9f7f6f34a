"""The structure of a linalg operation, worked out once while decoding: its loops, and how operands follow them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilewright.mlir import ir, linalg
from tilewright.simulator.affine import Evaluate, compile_map, projection
from tilewright.simulator.decode import unsupported

LoopValue = Any
"""A loop's value: a number, or an array over the loop's dimension."""


class Access:
    """How an operand follows the loops: `dims` gives the loop of each of its dimensions, None for a constant 0.

    `dims` as a whole is None for an operand with index arithmetic, which gathers through `functions` instead.
    """

    __slots__ = ("dims", "functions", "is_scalar", "order", "rank")

    def __init__(self, affine_map: ir.AffineMap, is_scalar: bool) -> None:
        self.dims = projection(affine_map)
        self.functions: list[Evaluate] = compile_map(affine_map)
        self.is_scalar = is_scalar
        self.rank = affine_map.n_dims
        loops = [dim for dim in self.dims or [] if dim is not None]
        self.order = [loops.index(dim) for dim in sorted(loops)]

    def has(self, dim: int) -> bool:
        return self.dims is not None and dim in self.dims

    def align(self, array: np.ndarray) -> np.ndarray:
        """A view of `array` with one dimension for each loop, of extent 1 where the operand does not follow it."""
        assert self.dims is not None
        kept = array[(*(0 if dim is None else slice(None) for dim in self.dims), ...)]
        index: list[Any] = [None] * self.rank
        for dim in self.dims:
            if dim is not None:
                index[dim] = slice(None)
        # The ellipsis keeps an array without dimensions an array: writes go through it.
        return kept.transpose(self.order)[(*index, ...)]

    def gather(self, array: np.ndarray, loops: list[LoopValue]) -> np.ndarray:
        """The elements of `array` for these values of the loops."""
        return array[tuple(np.asarray(function(loops)) for function in self.functions)]


@dataclass(frozen=True)
class Structure:
    """Inputs first, then outputs, in `accesses`; `parallel` and `reduction` are the loops by kind, in order."""

    operation: ir.Operation
    inputs: list[ir.Value]
    outputs: list[ir.Value]
    accesses: list[Access]
    parallel: list[int]
    reduction: list[int]

    @property
    def rank(self) -> int:
        return len(self.parallel) + len(self.reduction)

    @property
    def block(self) -> ir.Block:
        return self.operation.regions[0].blocks[0]

    def extents(self) -> Callable[[list[Any]], list[int]]:
        """A function from the operands' arrays to the extent of each loop; an operation that leaves one open is refused."""
        sources: list[tuple[int, int]] = []
        for loop in range(self.rank):
            found = next(
                ((i, access.dims.index(loop)) for i, access in enumerate(self.accesses) if access.dims and loop in access.dims),
                None,
            )
            if found is None:
                raise unsupported(self.operation, f"with a loop (d{loop}) that no operand gives an extent")
            sources.append(found)
        return lambda arrays: [arrays[operand].shape[dimension] for operand, dimension in sources]


def structure_of(op: ir.Operation) -> Structure:
    """Analyse a structured operation over memrefs; others raise InputError."""
    maps = linalg.get_indexing_maps(op)
    if maps is None or not op.regions or not op.regions[0].blocks:
        raise unsupported(op)
    if op.results:
        raise unsupported(op, "on tensors")
    operands = list(op.operands)
    inputs = operands[: _input_count(op, len(operands))]
    outputs = operands[len(inputs) :]
    accesses = [
        Access(ir.AffineMapAttr(attribute).value, not isinstance(value.type, ir.MemRefType))
        for attribute, value in zip(maps, operands, strict=True)
    ]
    rank = accesses[0].rank if accesses else 0
    for access in accesses[len(inputs) :]:
        if access.dims is None:
            raise unsupported(op, "with index arithmetic in the map of an output")
    reduction = [loop for loop in range(rank) if not all(access.has(loop) for access in accesses[len(inputs) :])]
    parallel = [loop for loop in range(rank) if loop not in reduction]
    return Structure(op, inputs, outputs, accesses, parallel, reduction)


def _input_count(op: ir.Operation, operands: int) -> int:
    if "operandSegmentSizes" in op.attributes:
        return ir.DenseI32ArrayAttr(op.attributes["operandSegmentSizes"])[0]
    return operands // 2 if op.name == "linalg.reduce" else operands - 1
