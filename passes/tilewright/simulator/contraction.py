"""Matrix products, and everything else that sums products of two operands: through BLAS, in the accumulator's type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tilewright.mlir import ir
from tilewright.simulator.dtypes import ElementType
from tilewright.simulator.linalg_structure import Structure

Product = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From the two factors and the accumulator to the accumulator's new values."""

_WIDENING = ("arith.extf", "arith.extsi")
_ONE_THREAD = 262144
"""Multiplications up to which OpenBLAS starts no threads."""
_FEWEST_ROWS = 4
"""Pieces of fewer rows are not worth it."""
_BLAS_INTEGER_BITS = 16
"""Products of integers of up to this width sum exactly in f64 for every extent that memory holds."""


def is_contraction(structure: Structure) -> bool:
    """Whether the body is acc + a * b, with casts of a and b that widen, over projections."""
    if len(structure.inputs) != 2 or len(structure.outputs) != 1 or not structure.reduction:
        return False
    if any(access.dims is None or None in access.dims for access in structure.accesses):
        return False
    a, b, acc = structure.block.arguments
    terminator = list(structure.block.operations)[-1].operation
    total = _defining(terminator.operands[0])
    if total is None or total.name not in ("arith.addf", "arith.addi"):
        return False
    left, right = total.operands
    product = _defining(right if left == acc else left)
    if acc not in (left, right) or product is None or product.name not in ("arith.mulf", "arith.muli"):
        return False
    factors = [_without_casts(operand) for operand in product.operands]
    return factors in ([a, b], [b, a])


def _defining(value: ir.Value) -> ir.Operation | None:
    owner = value.owner
    return None if isinstance(owner, ir.Block) else owner.operation


def _without_casts(value: ir.Value) -> ir.Value:
    op = _defining(value)
    while op is not None and op.name in _WIDENING:
        value = op.operands[0]
        op = _defining(value)
    return value


@dataclass(frozen=True)
class _Axes:
    """The loops by who follows them: all operands, a and the result, b and the result, both factors."""

    batch: list[int]
    rows: list[int]
    columns: list[int]
    contracted: list[int]


def _axes(structure: Structure) -> _Axes | None:
    a, b, c = structure.accesses
    roles: dict[tuple[bool, bool, bool], list[int]] = {}
    for loop in range(structure.rank):
        roles.setdefault((a.has(loop), b.has(loop), c.has(loop)), []).append(loop)
    batch, rows = roles.pop((True, True, True), []), roles.pop((True, False, True), [])
    columns, contracted = roles.pop((False, True, True), []), roles.pop((True, True, False), [])
    return None if roles else _Axes(batch, rows, columns, contracted)


def contraction(structure: Structure, factor: ElementType, accumulator: ElementType) -> Product | None:
    """The product of a contraction; None for loops that are no matrix product.

    f16, bf16 and f32 accumulate in f32, f64 in f64, integers exactly and modulo their type. Operands are made contiguous
    first: the result depends on the values and shapes only, never on the strides that a buffer happens to have.
    """
    axes = _axes(structure)
    if axes is None:
        return None
    compute, result = _types(factor, accumulator)
    first = _Matrix(structure, 0, (axes.batch, axes.rows, axes.contracted))
    second = _Matrix(structure, 1, (axes.batch, axes.contracted, axes.columns))
    third = _Matrix(structure, 2, (axes.batch, axes.rows, axes.columns))
    output_order = np.argsort(third.order)
    dtype = accumulator.dtype

    def product(a: np.ndarray, b: np.ndarray, acc: np.ndarray) -> np.ndarray:
        left, right = first(a, compute), second(b, compute)
        total = _multiply(left, right).astype(result, copy=False)
        old = np.asarray(acc, order="C").astype(result, copy=False).transpose(third.order)
        return (old + total.reshape(old.shape)).transpose(output_order).astype(dtype, copy=False)

    return product


def matrix_product(factor: ElementType, accumulator: ElementType) -> Product:
    """The product of two matrices as they are, added to a third, in the types of `contraction`."""
    compute, result = _types(factor, accumulator)
    dtype = accumulator.dtype

    def product(a: np.ndarray, b: np.ndarray, acc: np.ndarray) -> np.ndarray:
        left, right = (np.ascontiguousarray(array).astype(compute, copy=False)[None] for array in (a, b))
        total = _multiply(left, right)[0].astype(result, copy=False)
        return (acc.astype(result) + total).astype(dtype, copy=False)

    return product


def _multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The products of two stacks of matrices, in pieces of rows that BLAS does in one thread.

    Tiles are small: what threads would save, they lose many times over where tests share the cores.
    """
    batch, rows, contracted = left.shape
    columns = right.shape[2]
    piece = _ONE_THREAD // max(1, contracted * columns)
    if piece >= rows or piece < _FEWEST_ROWS or left.dtype.kind != "f":
        return np.matmul(left, right)
    total = np.empty((batch, rows, columns), left.dtype)
    for first in range(0, rows, piece):
        np.matmul(left[:, first : first + piece], right, out=total[:, first : first + piece])
    return total


def _types(factor: ElementType, accumulator: ElementType) -> tuple[np.dtype, np.dtype]:
    """The types to multiply in and to add in."""
    if accumulator.is_float:
        wide = np.dtype(np.float64 if accumulator.width == 64 else np.float32)
        return wide, wide
    exact = np.dtype(np.float64) if factor.width <= _BLAS_INTEGER_BITS else np.dtype(np.int64)
    return exact, np.dtype(np.int64)


class _Matrix:
    """Brings one operand into the order of `groups` of loops, each group one dimension."""

    def __init__(self, structure: Structure, operand: int, groups: tuple[list[int], list[int], list[int]]) -> None:
        dims = structure.accesses[operand].dims
        assert dims is not None
        self.order = [dims.index(loop) for group in groups for loop in group]
        self.sizes = [len(group) for group in groups]

    def __call__(self, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
        ordered = np.asarray(array, order="C").astype(dtype, copy=False).transpose(self.order)
        shape = ordered.shape
        first, second, _ = self.sizes
        extents = (shape[:first], shape[first : first + second], shape[first + second :])
        return ordered.reshape([int(np.prod(extent, dtype=np.int64)) for extent in extents])
