# `dialects.ext` takes class keywords that a type checker cannot see.
# pyright: reportGeneralTypeIssues=false, reportCallIssue=false
"""Matrix products that upstream has no operation for."""

from typing import Any

from tilewright.ir.dialect import Tile
from tilewright.ir.effects import ReadsAllWritesLast
from tilewright.ir.verify import boolean, memref_operand, require, require_operands, verified
from tilewright.mlir import ext, ir

_METADATA_WIDTHS = (8, 16, 32)
_GROUP = 4
"""Of so many neighbours along the contraction, two are kept."""


class GemmSpOp(Tile.Operation, name="gemm_sp", traits=[ReadsAllWritesLast]):
    """accumulator += A B, where of every four neighbours in a row of A two are kept, and `metadata` says which.

    `a` holds the kept elements: M x K/2 of them. `metadata` has four bits for each group of four, from the lowest bits of a
    word up: the position of the first kept element, then that of the second, which is greater. `b` is K x N, or N x K with
    `transpose_b = true`.
    """

    a: ext.Operand[Any]
    metadata: ext.Operand[Any]
    b: ext.Operand[Any]
    accumulator: ext.Operand[Any]

    @verified
    def verify_invariants(self):
        require_operands(self, 4)
        roles = ("a", "metadata", "b", "accumulator")
        types = [memref_operand(self, position, role) for position, role in enumerate(roles)]
        for role, memref in zip(roles, types, strict=True):
            require(memref.rank == 2 and memref.has_static_shape, f"has {role} {memref}; it must be a matrix of static shape")
        a, metadata, b, accumulator = types
        require(a.element_type == b.element_type, f"multiplies {a.element_type} with {b.element_type}; they must be the same")
        integers = [isinstance(memref.element_type, ir.IntegerType) for memref in (a, accumulator)]
        both = f"{a.element_type} in {accumulator.element_type}"
        require(integers[0] == integers[1], f"accumulates {both}; both must be integers, or both floats")
        word = metadata.element_type
        is_word = isinstance(word, ir.IntegerType) and word.width in _METADATA_WIDTHS
        require(is_word, f"has metadata of {word}; it must be i8, i16 or i32")
        self._verify_shapes([list(memref.shape) for memref in types], word.width)

    def _verify_shapes(self, shapes: list[list[int]], width: int) -> None:
        a, metadata, b, accumulator = shapes
        rows, depth = a[0], 2 * a[1]
        if "transpose_b" in self.attributes and boolean(self, "transpose_b"):
            b = b[::-1]
        require(depth % _GROUP == 0, f"has a with {a[1]} columns; it keeps two of each four, so their number must be even")
        words = depth / width
        needed = f"{rows}x{words:g} words of {width} bits describe a {rows}x{depth} matrix"
        require(metadata == [rows, words], f"has metadata of shape {metadata}; {needed}")
        require(b[0] == depth, f"contracts {depth} columns with {b[0]} rows of b")
        expected = [rows, b[1]]
        require(accumulator == expected, f"has an accumulator of shape {accumulator}; the product has {expected}")
