# `dialects.ext` takes class keywords that a type checker cannot see.
# pyright: reportGeneralTypeIssues=false, reportCallIssue=false
"""Scans: running sums and the like along one dimension of a tile."""

from typing import Any

from tilewright.ir.dialect import Tile
from tilewright.ir.effects import ReadsFirstWritesLast
from tilewright.ir.verify import boolean, integer, memref_operand, require, require_operands, string, verified
from tilewright.mlir import ext, ir

KINDS = ("sum", "max", "min")


class ScanOp(Tile.Operation, name="scan", traits=[ReadsFirstWritesLast]):
    """Combine the elements of `source` along `dimension`, one after another, each result in its place in `destination`.

    An element takes part in its own result. `reverse` starts at the last one. Each step rounds to the element type. Source
    and destination are one buffer, or do not overlap.
    """

    source: ext.Operand[Any]
    destination: ext.Operand[Any]
    dimension: ir.IntegerAttr
    kind: ir.StringAttr
    reverse: ir.IntegerAttr

    @verified
    def verify_invariants(self):
        require_operands(self, 2)
        source, destination = memref_operand(self, 0, "source"), memref_operand(self, 1, "destination")
        shapes = (list(source.shape), list(destination.shape))
        require(shapes[0] == shapes[1], f"scans shape {shapes[0]} into {shapes[1]}; they must be the same")
        same = source.element_type == destination.element_type
        require(same, f"scans {source.element_type} into {destination.element_type}; it never converts")
        require(source.has_static_shape, f"scans the dynamic shape {source}; tile buffers are static")
        dimension = integer(self, "dimension", 0)
        require(dimension < source.rank, f"has dimension = {dimension}; a memref of rank {source.rank} has none")
        kind = string(self, "kind")
        require(kind in KINDS, f'has kind = "{kind}"; it is one of {", ".join(KINDS)}')
        boolean(self, "reverse")
        element = source.element_type
        numeric = isinstance(element, (ir.FloatType, ir.IndexType)) or (
            isinstance(element, ir.IntegerType) and element.width > 1
        )
        require(numeric, f"scans elements of type {element}; they must be numbers")
