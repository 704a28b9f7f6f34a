"""The body of a loop as a pipeline sees it: statements that touch memory, and binds that can be computed again.

A statement is an operation with effects; a guard (`scf.if` without results or else) is split over the statements in it.
A bind is a pure operation or a read. It takes no slot in a schedule: where the loop does not write what it reads, it is
replayed wherever it is needed; otherwise it belongs to each statement that uses it, which reads when it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from tilewright.analysis.accesses import Access, Effects, conjuncts, defined_inside, effects_of, is_pure, operands_inside
from tilewright.analysis.linear import Linear, constant_value
from tilewright.analysis.regions import ALLOCATIONS, CarriedBy, Interval, Region, may_overlap
from tilewright.mlir import ir

SCHEDULE_ATTRIBUTES = ("tile.num_stages", "tile.strategy")
EXPLICIT_ATTRIBUTES = ("tile.stage", "tile.order")


@dataclass(frozen=True)
class Statement:
    """One statement, with the `scf.if`s around it inside the loop, outermost first.

    `binds`: what it needs of the loop's block and must compute itself, in program order, since it depends on memory that the
    loop writes. `reads`: the reads of those binds, and of such binds under its guards.
    """

    operation: ir.Operation
    guards: tuple[ir.Operation, ...]
    effects: Effects
    binds: tuple[ir.Operation, ...] = ()
    reads: tuple[Access, ...] = ()

    @cached_property
    def accesses(self) -> tuple[Access, ...]:
        """All accesses: the reads of the binds first."""
        reads = (replace(read, region=self._seen_outside(read.region), scalar=True) for read in self.reads)
        return (*reads, *self.own_accesses)

    @cached_property
    def own_accesses(self) -> tuple[Access, ...]:
        """The operation's accesses, with the conditions of the guards first.

        What only a guard, or the statement itself, computes is not known outside of it.
        """
        conditions = tuple(condition for guard in self.guards for condition in self._known_conditions(guard))
        certain = all(self._known_conditions(guard) for guard in self.guards)
        return tuple(
            replace(
                access,
                certain=access.certain and certain,
                conditions=(*conditions, *access.conditions),
                region=self._seen_outside(access.region),
            )
            for access in self.effects.accesses
        )

    def _known_conditions(self, guard: ir.Operation) -> tuple[ir.Value, ...]:
        """The conditions of a guard that all statements can refer to; none where one is computed in the statement."""
        conditions = conjuncts(guard.operands[0])
        return () if any(self._computes(condition) for condition in conditions) else conditions

    def _computes(self, value: ir.Value) -> bool:
        return len(self.binds) > 0 and not isinstance(value.owner, ir.Block) and value.owner.operation in self.binds

    def _seen_outside(self, region: Region) -> Region:
        box = [Interval(Linear(), None) if self._is_hidden(interval) else interval for interval in region.box]
        return region if box == list(region.box) else Region(region.root, tuple(box), False)

    def _is_hidden(self, interval: Interval) -> bool:
        return any(
            self._computes(value)
            or any(defined_inside(value, guard) and not is_hoistable(value.owner.operation) for guard in self.guards)
            for value in interval.start.terms
        )


@dataclass(frozen=True)
class Refusal:
    """Why a loop cannot be pipelined, and the operation in the way."""

    reason: str
    operation: ir.Operation


@dataclass
class LoopBody:
    """A loop's parts. `refusal`: the first reason against pipelining it, or None.

    `volatile`: the binds that read memory that the loop writes. `stale`: those of them that some statement would compute
    after the loop has written what they read. `dependents`: the volatile binds and those computed from them.
    """

    loop: ir.Operation
    statements: list[Statement] = field(default_factory=list)
    binds: list[ir.Operation] = field(default_factory=list)
    allocations: list[ir.Operation] = field(default_factory=list)
    volatile: list[ir.Operation] = field(default_factory=list)
    stale: list[ir.Operation] = field(default_factory=list)
    dependents: set[ir.Operation] = field(default_factory=set)
    refusal: Refusal | None = None
    _siblings: dict[ir.Operation, LoopBody] = field(default_factory=dict)

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

    @cached_property
    def accesses_by_root(self) -> dict[ir.Value, list[tuple[int, Access]]]:
        """The accesses of every known root, each with the index of its statement, in program order."""
        found: dict[ir.Value, list[tuple[int, Access]]] = {}
        for index, statement in enumerate(self.statements):
            for access in statement.accesses:
                if access.region.root is not None:
                    found.setdefault(access.region.root, []).append((index, access))
        return found

    @cached_property
    def unknown_accesses(self) -> list[tuple[int, Access]]:
        """The accesses of memory that is not known, each with the index of its statement."""
        return [(i, a) for i, s in enumerate(self.statements) for a in s.accesses if a.region.root is None]

    def sibling(self, loop: ir.Operation) -> LoopBody:
        """The body of another loop, which is taken apart once."""
        if loop not in self._siblings:
            self._siblings[loop] = body_of(loop)
        return self._siblings[loop]

    def escaping_results(self) -> list[ir.Operation]:
        """The statements' operations whose results are used."""
        operations = (statement.operation for statement in self.statements)
        return [o for o in operations if any(next(iter(result.uses), None) is not None for result in o.results)]


def body_of(loop: ir.Operation) -> LoopBody:
    """Take the body of an `scf.for` apart."""
    body = LoopBody(loop)
    if len(loop.results):
        body.refusal = Refusal("it carries values from one iteration to the next", loop)
        return body
    if "unsignedCmp" in loop.attributes:
        body.refusal = Refusal("it compares its bounds as unsigned integers", loop)
        return body
    step = constant_value(list(loop.operands)[2])
    if step is not None and step <= 0:
        body.refusal = Refusal(f"its step is {step}; it must be 1 or more", loop)
        return body
    _BodyReader(body).read()
    return body


class _BodyReader:
    """Takes a loop's block apart, then gives to each statement the binds that cannot be replayed elsewhere."""

    def __init__(self, body: LoopBody) -> None:
        self._body = body
        # Program order of statements and binds alike.
        self._places: dict[ir.Operation, int] = {}

    def read(self) -> None:
        body = self._body
        self._take_apart(body.block, ())
        body.statements = _with_landings(body.statements)
        volatile = _volatile_binds(body)
        if volatile:
            body.volatile = list(volatile)
            self._assign(volatile)
        if body.refusal is None and body.stale:
            body.refusal = Refusal("it reads a scalar from memory that it writes before the scalar is used", body.stale[0])
        if body.refusal is None and (escaping := body.escaping_results()):
            body.refusal = Refusal("a result of a statement that writes memory is used", escaping[0])

    def _take_apart(self, block: ir.Block, guards: tuple[ir.Operation, ...]) -> None:
        body = self._body
        for child in block.operations:
            operation = child.operation
            if operation.name == "scf.yield":
                continue
            if operation.name in ALLOCATIONS:
                body.allocations.append(operation)
                continue
            effects = effects_of(operation, orders_barriers=True)
            if effects.opaque is not None:
                body.refusal = body.refusal or Refusal(
                    f"the effects of {effects.opaque.name} are not known to it", effects.opaque
                )
            elif not any(access.writes for access in effects.accesses):
                self._places[operation] = len(self._places)
                body.binds.append(operation)
            elif _is_guard(operation, guards, body.loop):
                self._take_apart(operation.regions[0].blocks[0], (*guards, operation))
            else:
                self._places[operation] = len(self._places)
                body.statements.append(Statement(operation, guards, effects))

    def _assign(self, volatile: dict[ir.Operation, tuple[Access, ...]]) -> None:
        """Give every statement the volatile binds that it needs, and find the reads that this makes too late."""
        body = self._body
        dependent = body.dependents = _dependents(body.binds, volatile)
        for index, statement in enumerate(body.statements):
            needed = _needed(statement, dependent)
            binds = [bind for bind in body.binds if bind in needed]
            own = tuple(bind for bind in binds if bind.block == body.block)
            reads = tuple(read for bind in binds for read in volatile.get(bind, ()))
            body.statements[index] = replace(statement, binds=own, reads=reads)
            for bind in binds:
                if bind not in body.stale and any(self._is_overwritten(bind, r, statement) for r in volatile.get(bind, ())):
                    body.stale.append(bind)

    def _is_overwritten(self, bind: ir.Operation, read: Access, user: Statement) -> bool:
        first, last = self._places[bind], self._places[user.operation]
        between = (s for s in self._body.statements if first < self._places[s.operation] < last)
        return any(a.writes and may_overlap(a.region, read.region) for s in between for a in s.effects.accesses)


def _with_landings(statements: list[Statement]) -> list[Statement]:
    """A wait for an mbarrier is what brings the tiles whose bulk copies signal it: it updates them."""
    accesses = [access for statement in statements for access in statement.effects.accesses]
    copies = [access for access in accesses if access.operation.name == "tile.bulk_copy" and access.kind == "write"]
    found: list[Statement] = []
    for statement in statements:
        landings = [
            replace(wait, region=copy.region)
            for wait in statement.effects.accesses
            for copy in copies
            if wait.operation.name == "tile.mbarrier_wait" and _lands(copy.operation, wait.operation)
        ]
        effects = replace(statement.effects, accesses=(*statement.effects.accesses, *landings))
        found.append(replace(statement, effects=effects))
    return found


def _lands(copy: ir.Operation, wait: ir.Operation) -> bool:
    """Whether a wait may be for the stage of the mbarrier that a bulk copy signals."""
    *_, signalled, signalled_stage = copy.operands
    barrier, stage, _ = wait.operands
    stages = constant_value(signalled_stage), constant_value(stage)
    return barrier == signalled and (None in stages or stages[0] == stages[1])


def _volatile_binds(body: LoopBody) -> dict[ir.Operation, tuple[Access, ...]]:
    """The binds that read what the loop writes, in this iteration or another, with those reads."""
    written: dict[ir.Value | None, list[Region]] = {}
    for access in body.accesses():
        if access.writes:
            written.setdefault(access.region.root, []).append(access.region)
    found: dict[ir.Operation, tuple[Access, ...]] = {}
    for bind in body.binds:
        if is_pure(bind):
            continue
        accesses = effects_of(bind).accesses
        if any(_clash(access.region, written, body.carried) for access in accesses):
            found[bind] = accesses
    return found


def _clash(read: Region, written: dict[ir.Value | None, list[Region]], carried: CarriedBy) -> bool:
    if None in written or (read.root is None and written):
        return True
    regions = written.get(read.root, [])
    return any(may_overlap(read, region) or may_overlap(read, region, carried) for region in regions)


def _dependents(binds: list[ir.Operation], volatile: dict[ir.Operation, tuple[Access, ...]]) -> set[ir.Operation]:
    """The volatile binds, and those computed from them. A bind's operands come before it."""
    found: set[ir.Operation] = set()
    for bind in binds:
        if bind in volatile or any(owner in found for owner in _owners(bind)):
            found.add(bind)
    return found


def _needed(statement: Statement, dependent: set[ir.Operation]) -> set[ir.Operation]:
    """The dependent binds whose values reach the statement or a guard of it."""
    found: set[ir.Operation] = set()
    work = [owner for owner in _owners(statement.operation) if owner in dependent]
    for guard in statement.guards:
        condition = guard.operands[0].owner
        if not isinstance(condition, ir.Block) and condition.operation in dependent:
            work.append(condition.operation)
    while work:
        bind = work.pop()
        if bind not in found:
            found.add(bind)
            work += [owner for owner in _owners(bind) if owner in dependent]
    return found


def _owners(operation: ir.Operation) -> Iterator[ir.Operation]:
    """The operations that define what `operation`, or what is nested in it, uses."""
    for operand in operands_inside(operation):
        if not isinstance(operand.owner, ir.Block):
            yield operand.owner.operation


_DIVISIONS = (
    *(f"arith.{name}" for name in ("divsi", "divui", "remsi", "remui", "ceildivsi", "ceildivui", "floordivsi")),
    *(f"index.{name}" for name in ("divs", "divu", "rems", "remu", "ceildivs", "ceildivu", "floordivs")),
)


def is_hoistable(operation: ir.Operation) -> bool:
    """Whether an operation may run where its guard does not hold: arithmetic that cannot fail."""
    if operation.name.partition(".")[0] not in ("arith", "affine", "index") or not is_pure(operation):
        return False
    return operation.name not in _DIVISIONS or bool(constant_value(operation.operands[1]))


def _is_guard(operation: ir.Operation, guards: tuple[ir.Operation, ...], loop: ir.Operation) -> bool:
    """Whether the operation splits: a plain `scf.if` whose condition each statement in it can use.

    A condition that a guard around it computes must be arithmetic that can move in front of that guard.
    """
    if operation.name != "scf.if" or len(operation.results) or _has_else(operation):
        return False
    condition = operation.operands[0]
    return not any(defined_inside(condition, guard) for guard in guards) or _is_arithmetic(condition, loop)


def _is_arithmetic(value: ir.Value, loop: ir.Operation) -> bool:
    """Whether a value is computed in `loop` from nothing but its induction variable and what comes from outside."""
    if isinstance(value.owner, ir.Block):
        return True
    operation = value.owner.operation
    if not defined_inside(value, loop):
        return True
    return is_hoistable(operation) and all(_is_arithmetic(operand, loop) for operand in operation.operands)


def _has_else(operation: ir.Operation) -> bool:
    blocks = list(operation.regions[1].blocks)
    return len(blocks) > 0 and any(child.operation.name != "scf.yield" for child in blocks[0].operations)


def asks_for_pipeline(operation: ir.Operation) -> bool:
    """Whether an operation is a loop with stages, a strategy, or an explicit schedule on its statements."""
    if operation.name != "scf.for":
        return False
    if any(name in operation.attributes for name in SCHEDULE_ATTRIBUTES):
        return True
    return schedules_explicitly(operation.regions[0].blocks[0])


def schedules_explicitly(block: ir.Block) -> bool:
    """Whether a statement of the block, or one under a guard in it, has a place in an explicit schedule."""
    for child in block.operations:
        operation = child.operation
        if any(name in operation.attributes for name in EXPLICIT_ATTRIBUTES):
            return True
        if operation.name == "scf.if" and any(
            schedules_explicitly(inner) for region in operation.regions for inner in region.blocks
        ):
            return True
    return False
