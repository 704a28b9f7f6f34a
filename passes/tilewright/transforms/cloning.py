"""Cloning operations under a mapping of values, with the pure operations that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tilewright.analysis.regions import FOLLOWING_VIEWS, VIEWS, root_of
from tilewright.mlir import ir
from tilewright.transforms.view_types import view_type


def nested_operations(operation: ir.Operation) -> Iterator[ir.Operation]:
    """`operation` and all that is nested in it, outer ones first."""
    yield operation
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                yield from nested_operations(child.operation)


class Cloner:
    """Clones operations and replaces the values in `mapping`; views of a replaced buffer get a new type."""

    def __init__(self, mapping: dict[ir.Value, ir.Value] | None = None) -> None:
        self.mapping: dict[ir.Value, ir.Value] = dict(mapping or {})

    def clone(self, operation: ir.Operation, point: ir.InsertionPoint) -> ir.Operation:
        """Clone `operation` at `point`; its results are mapped to those of the clone."""
        copy = operation.clone(point).operation
        self.remap(copy)
        for old, new in zip(operation.results, copy.results, strict=True):
            self.mapping[old] = new
        return copy

    def remap(self, operation: ir.Operation) -> None:
        """Replace mapped operands in `operation` and in what is nested in it."""
        for inner in nested_operations(operation):
            before = inner.operands[0].type if inner.name in FOLLOWING_VIEWS else None
            for position, operand in enumerate(inner.operands):
                new = self.mapping.get(operand)
                if new is not None:
                    inner.operands[position] = new
            # A view inside may have been given another source type by a view before it, so compare with its own result.
            if before is not None and (before != inner.operands[0].type or inner != operation):
                result_type = view_type(inner)
                if result_type != inner.results[0].type:
                    inner.results[0].set_type(result_type)

    def bring(self, operation: ir.Operation, point: ir.InsertionPoint, inside: Callable[[ir.Operation], bool]) -> None:
        """Clone, at `point`, whatever `operation` needs of the operations that are `inside`, or of views of mapped buffers."""
        for needed in self.needs(operation, inside):
            if needed.results[0] not in self.mapping:
                self.clone(needed, point)

    def needs(self, operation: ir.Operation, inside: Callable[[ir.Operation], bool]) -> list[ir.Operation]:
        """The operations whose results `operation` uses and that are `inside`, or views of mapped buffers; in order."""
        found: list[ir.Operation] = []
        for inner in nested_operations(operation):
            for operand in inner.operands:
                owner = operand.owner
                if operand in self.mapping or isinstance(owner, ir.Block):
                    continue
                source = owner.operation
                if source not in found and (inside(source) or self._views_mapped(source)):
                    found += [need for need in self.needs(source, inside) if need not in found]
                    found.append(source)
        return found

    def _views_mapped(self, operation: ir.Operation) -> bool:
        return operation.name in VIEWS and root_of(operation.results[0]) in self.mapping
