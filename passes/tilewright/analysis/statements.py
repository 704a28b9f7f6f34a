"""The body of a loop as a pipeline sees it: statements that touch memory, and binds that can be computed again.

A statement is an operation with effects; a guard (`scf.if` without results or else) is split over the statements in it.
A bind is a pure operation, or a read of memory that the loop does not write: it takes no slot in a schedule, and is
replayed where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from tilewright.analysis.accesses import Access, Effects, conjuncts, defined_inside, effects_of, is_pure
from tilewright.analysis.linear import Linear, constant_value
from tilewright.analysis.regions import ALLOCATIONS, CarriedBy, Interval, Region, may_overlap
from tilewright.mlir import ir

SCHEDULE_ATTRIBUTES = ("tile.num_stages", "tile.strategy")


@dataclass(frozen=True)
class Statement:
    """One statement, with the `scf.if`s around it inside the loop, outermost first."""

    operation: ir.Operation
    guards: tuple[ir.Operation, ...]
    effects: Effects

    @cached_property
    def accesses(self) -> tuple[Access, ...]:
        """The accesses, with the conditions of the guards first. What only a guard computes is not known outside of it."""
        conditions = tuple(condition for guard in self.guards for condition in conjuncts(guard.operands[0]))
        return tuple(
            replace(access, conditions=(*conditions, *access.conditions), region=self._seen_outside(access.region))
            for access in self.effects.accesses
        )

    def _seen_outside(self, region: Region) -> Region:
        box = [Interval(Linear(), None) if self._is_hidden(interval) else interval for interval in region.box]
        return region if box == list(region.box) else Region(region.root, tuple(box), False)

    def _is_hidden(self, interval: Interval) -> bool:
        return any(
            defined_inside(value, guard) and not is_hoistable(value.owner.operation)
            for value in interval.start.terms
            for guard in self.guards
        )


@dataclass(frozen=True)
class Refusal:
    """Why a loop cannot be pipelined, and the operation in the way."""

    reason: str
    operation: ir.Operation


@dataclass
class LoopBody:
    """A loop's parts. `refusal`: the first reason against pipelining it, or None."""

    loop: ir.Operation
    statements: list[Statement] = field(default_factory=list)
    binds: list[ir.Operation] = field(default_factory=list)
    allocations: list[ir.Operation] = field(default_factory=list)
    refusal: Refusal | None = None

    @property
    def block(self) -> ir.Block:
        return self.loop.regions[0].blocks[0]

    @cached_property
    def carried(self) -> CarriedBy:
        step = constant_value(list(self.loop.operands)[2])
        return CarriedBy(self.block.arguments[0], step, self.block)

    def accesses(self) -> Iterator[Access]:
        for statement in self.statements:
            yield from statement.accesses


def body_of(loop: ir.Operation) -> LoopBody:
    """Take the body of an `scf.for` apart."""
    body = LoopBody(loop)
    if len(loop.results):
        body.refusal = Refusal("it carries values from one iteration to the next", loop)
        return body
    if "unsignedCmp" in loop.attributes:
        body.refusal = Refusal("it compares its bounds as unsigned integers", loop)
        return body
    _take_apart(body, body.block, ())
    if body.refusal is None:
        body.refusal = _unreplayable_bind(body) or _escaping_result(body)
    return body


def _take_apart(body: LoopBody, block: ir.Block, guards: tuple[ir.Operation, ...]) -> None:
    for child in block.operations:
        operation = child.operation
        if operation.name == "scf.yield":
            continue
        if operation.name in ALLOCATIONS:
            body.allocations.append(operation)
            continue
        effects = effects_of(operation)
        if effects.opaque is not None:
            body.refusal = body.refusal or Refusal(f"the effects of {effects.opaque.name} are not known to it", effects.opaque)
        elif not any(access.writes for access in effects.accesses):
            body.binds.append(operation)
        elif _is_guard(operation, guards):
            _take_apart(body, operation.regions[0].blocks[0], (*guards, operation))
        else:
            nested = scheduled_loop_in(operation)
            if nested is not None:
                body.refusal = body.refusal or Refusal("it holds another pipelined loop", nested)
            body.statements.append(Statement(operation, guards, effects))


_DIVISIONS = ("divsi", "divui", "remsi", "remui", "ceildivsi", "ceildivui", "floordivsi")


def is_hoistable(operation: ir.Operation) -> bool:
    """Whether an operation may run where its guard does not hold: arithmetic that cannot fail."""
    dialect, _, name = operation.name.partition(".")
    if dialect not in ("arith", "affine", "index") or len(operation.regions) or not is_pure(operation):
        return False
    return name not in _DIVISIONS or bool(constant_value(operation.operands[1]))


def _is_guard(operation: ir.Operation, guards: tuple[ir.Operation, ...]) -> bool:
    """Whether the operation splits: a plain `scf.if` whose condition each statement in it can use as it stands."""
    if operation.name != "scf.if" or len(operation.results) or _has_else(operation):
        return False
    return not any(defined_inside(operation.operands[0], guard) for guard in guards)


def _has_else(operation: ir.Operation) -> bool:
    blocks = list(operation.regions[1].blocks)
    return len(blocks) > 0 and any(child.operation.name != "scf.yield" for child in blocks[0].operations)


def asks_for_pipeline(operation: ir.Operation) -> bool:
    """Whether an operation is a loop with stages, a strategy, or an explicit schedule on its statements."""
    if operation.name != "scf.for":
        return False
    if any(name in operation.attributes for name in SCHEDULE_ATTRIBUTES):
        return True
    return _schedules(operation.regions[0].blocks[0])


def _schedules(block: ir.Block) -> bool:
    """Whether a statement of the block, or one under a guard in it, has a place in an explicit schedule."""
    for child in block.operations:
        operation = child.operation
        if "tile.stage" in operation.attributes or "tile.order" in operation.attributes:
            return True
        if operation.name == "scf.if" and any(_schedules(inner) for region in operation.regions for inner in region.blocks):
            return True
    return False


def scheduled_loop_in(operation: ir.Operation) -> ir.Operation | None:
    """The first loop in `operation`, itself included, that asks for a pipeline."""
    found: list[ir.Operation] = []

    def visit(candidate: ir.Operation) -> ir.WalkResult:
        if asks_for_pipeline(candidate):
            found.append(candidate)
            return ir.WalkResult.INTERRUPT
        return ir.WalkResult.ADVANCE

    operation.walk(visit, ir.WalkOrder.PRE_ORDER)
    return found[0] if found else None


def _unreplayable_bind(body: LoopBody) -> Refusal | None:
    written = [access.region for access in body.accesses() if access.writes]
    for bind in body.binds:
        for access in effects_of(bind).accesses:
            if any(_clash(access.region, region, body.carried) for region in written):
                return Refusal("it reads a scalar from memory that the loop writes", bind)
    return None


def _clash(first: Region, second: Region, carried: CarriedBy) -> bool:
    return may_overlap(first, second) or may_overlap(first, second, carried)


def _escaping_result(body: LoopBody) -> Refusal | None:
    for statement in body.statements:
        for result in statement.operation.results:
            if next(iter(result.uses), None) is not None:
                return Refusal("a result of a statement that writes memory is used", statement.operation)
    return None
