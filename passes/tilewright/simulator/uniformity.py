"""Which parallel loops can be evaluated as whole arrays: decided before they are decoded.

A loop whose lanes make their own views of memory, or that holds an operation on tiles, runs point by point instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from tilewright.mlir import ir

_WHOLE_ARRAY_DIALECTS = ("arith", "math")
_WHOLE_ARRAY_OPS = frozenset(
    {
        "affine.apply",
        "affine.load",
        "affine.max",
        "affine.min",
        "affine.store",
        "affine.yield",
        "memref.atomic_rmw",
        "memref.atomic_yield",
        "memref.cast",
        "memref.collapse_shape",
        "memref.dim",
        "memref.expand_shape",
        "memref.generic_atomic_rmw",
        "memref.load",
        "memref.memory_space_cast",
        "memref.reinterpret_cast",
        "memref.store",
        "memref.subview",
        "memref.transpose",
        "scf.condition",
        "scf.for",
        "scf.forall",
        "scf.forall.in_parallel",
        "scf.if",
        "scf.parallel",
        "scf.reduce",
        "scf.while",
        "scf.yield",
        "tile.phase",
        "tile.stage_index",
    }
)


def evaluates_as_arrays(loop: ir.Operation) -> bool:
    """Whether every operation in the loop has a whole-array form, views of memory being the same in all lanes."""
    block = loop.regions[0].blocks[0]
    varying: set[ir.Value] = set(block.arguments)
    return all(_supported(op, varying) for op in _inner(loop))


def _inner(op: ir.Operation) -> Iterator[ir.Operation]:
    for region in op.regions:
        for block in region.blocks:
            for child in block.operations:
                yield child.operation
                yield from _inner(child.operation)


def _supported(op: ir.Operation, varying: set[ir.Value]) -> bool:
    """Whether `op` has a whole-array form; what depends on the lanes is added to `varying`."""
    depends = any(operand in varying for operand in op.operands)
    if op.regions:
        # What a loop or a branch carries may differ between lanes wherever anything in it does.
        depends = depends or any(operand in varying for inner in _inner(op) for operand in inner.operands)
        for region in op.regions:
            for block in region.blocks:
                if depends:
                    varying.update(block.arguments)
    if depends:
        varying.update(op.results)
    if depends and any(isinstance(result.type, ir.MemRefType) for result in op.results):
        return False
    return op.name in _WHOLE_ARRAY_OPS or op.name.split(".")[0] in _WHOLE_ARRAY_DIALECTS
