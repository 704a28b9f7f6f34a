"""Counters that live through loops and guards: how often something nested in them has been done so far.

A counter starts at the top of the kernel, is carried by each enclosing `scf.for` and `scf.while`, through both regions of that,
and handed out of each enclosing `scf.if`, which leaves it alone where its guard does not hold. It is right whatever the bounds
and conditions are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.mlir import ir, scf
from tilewright.transforms.index_math import Index, IndexMath


@dataclass(frozen=True)
class _Level:
    """A loop or guard that carries a counter: the region that leads to what is counted, and which result it is.

    `yielded`: which operand of that region's terminator hands it on.
    """

    operation: ir.Operation
    region: int
    position: int
    yielded: int


class Counters:
    """A counter for each of some operations, kept in the block that it stands in.

    `starts` are their values at the beginning of those blocks; `finish` says what they are at the end. The loops and guards
    around the operations are replaced by ones with more results.
    """

    def __init__(self, counted: Sequence[ir.Operation], initial: Sequence[int], math: IndexMath) -> None:
        self._math = math
        self.starts: list[Index] = list(initial)
        paths = [_path_to(operation) for operation in counted]
        self._levels: list[list[_Level]] = [[] for _ in counted]
        for depth in range(max((len(path) for path in paths), default=0)):
            # All of one depth are told apart before the first of them is replaced, and its handle dies.
            together: dict[ir.Operation, list[tuple[int, ir.Operation]]] = {}
            for index, (path, operation) in enumerate(zip(paths, counted, strict=True)):
                if depth < len(path):
                    together.setdefault(path[depth], []).append((index, [*path, operation][depth + 1]))
            for holder, inside in list(together.items()):
                self._carry(holder, inside)

    def _carry(self, holder: ir.Operation, inside: Sequence[tuple[int, ir.Operation]]) -> None:
        """Let `holder` carry counters, each given by its number with what leads to its operation in `holder`."""
        values = [self._math.value(self.starts[index]) for index, _ in inside]
        first = len(holder.results)
        new = _while_with_counters(holder, values) if holder.name == "scf.while" else _with_counters(holder, values)
        for position, (index, child) in enumerate(inside):
            # Blocks are asked for anew: their handles die with the operation that they have left.
            region = next(n for n, candidate in enumerate(new.regions) if child.block in list(candidate.blocks))
            # Counters are the last of whatever a terminator hands on.
            block = new.regions[region].blocks[0]
            yielded = len(block.operations[len(block.operations) - 1].operands) - len(values) + position
            self._levels[index].append(_Level(new, region, first + position, yielded))
            if new.name != "scf.if":
                self.starts[index] = block.arguments[len(block.arguments) - len(values) + position]

    @property
    def nested(self) -> bool:
        """Whether any operation has been replaced."""
        return any(self._levels)

    def finish(self, ends: Sequence[Index]) -> None:
        """Let the counters be `ends` at the end of their blocks."""
        for levels, end in zip(self._levels, ends, strict=True):
            value = self._math.value(end)
            for level in reversed(levels):
                block = level.operation.regions[level.region].blocks[0]
                block.operations[len(block.operations) - 1].operands[level.yielded] = value
                value = level.operation.results[level.position]


def _path_to(operation: ir.Operation) -> list[ir.Operation]:
    """The operations around an operation, outermost first, without the function."""
    path: list[ir.Operation] = []
    while operation.parent is not None and operation.parent.operation.name != "gpu.func":
        operation = operation.parent.operation
        path.insert(0, operation)
    return path


def _with_counters(operation: ir.Operation, values: Sequence[ir.Value]) -> ir.Operation:
    """Replace a loop or a guard by one with more results; what it yields for them is `values`, for now."""
    index = ir.IndexType.get()
    carries = operation.name == "scf.for"
    attributes = {name: operation.attributes[name] for name in operation.attributes}
    new = ir.Operation.create(
        operation.name,
        [*(result.type for result in operation.results), *(index for _ in values)],
        [*operation.operands, *(values if carries else ())],
        attributes,
        regions=len(operation.regions),
        loc=operation.location,
        ip=ir.InsertionPoint(operation),
    )
    for old_region, region in zip(operation.regions, new.regions, strict=True):
        for block in list(old_region.blocks):
            block.append_to(region)
        if not len(region.blocks):
            _yield(region.blocks.append(), [], operation.location)
        block = region.blocks[0]
        inner = [block.add_argument(index, operation.location) for _ in values] if carries else values
        terminator = block.operations[len(block.operations) - 1].operation
        yielded = [*terminator.operands, *inner]
        terminator.erase()
        _yield(block, yielded, operation.location)
    for old, result in zip(operation.results, new.results, strict=False):
        old.replace_all_uses_with(result)
    operation.erase()
    return new


def _while_with_counters(operation: ir.Operation, values: Sequence[ir.Value]) -> ir.Operation:
    """Replace an `scf.while` by one whose regions hand counters on to one another, unchanged for now."""
    index = ir.IndexType.get()
    new = ir.Operation.create(
        operation.name,
        [*(result.type for result in operation.results), *(index for _ in values)],
        [*operation.operands, *values],
        {name: operation.attributes[name] for name in operation.attributes},
        regions=2,
        loc=operation.location,
        ip=ir.InsertionPoint(operation),
    )
    for old_region, region in zip(operation.regions, new.regions, strict=True):
        old_region.blocks[0].append_to(region)
        block = region.blocks[0]
        counters = [block.add_argument(index, operation.location) for _ in values]
        terminator = block.operations[len(block.operations) - 1].operation
        operands = [*terminator.operands, *counters]
        ir.Operation.create(terminator.name, operands=operands, loc=terminator.location, ip=ir.InsertionPoint(terminator))
        terminator.erase()
    for old, result in zip(operation.results, new.results, strict=False):
        old.replace_all_uses_with(result)
    operation.erase()
    return new


def _yield(block: ir.Block, values: Sequence[ir.Value], location: ir.Location) -> None:
    with ir.InsertionPoint(block), location:
        scf.YieldOp(list(values))
