"""Rewriting after the plan: every statement of a planned loop goes into a `tile.statement`, guards inside it."""

from __future__ import annotations

from collections.abc import Iterator

from tilewright.analysis.accesses import defined_inside
from tilewright.analysis.statements import EXPLICIT_ATTRIBUTES, LoopBody, Statement, is_hoistable
from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import ops_schedule
from tilewright.mlir import ir, scf
from tilewright.transforms.cloning import Cloner
from tilewright.transforms.loop_plan import LoopPlan

REQUEST_ATTRIBUTES = ("tile.num_stages", "tile.strategy", "tile.reason", "tile.disable_warp_specialization")


def strip_request(loop: ir.Operation) -> None:
    """Take back what asked for a pipeline: the loop stays as it is."""
    for name in REQUEST_ATTRIBUTES:
        if name in loop.attributes:
            del loop.attributes[name]
    for operation in _operations(loop.regions[0].blocks[0]):
        _strip_explicit(operation)


def wrap_statements(body: LoopBody, plan: LoopPlan, outermost: ir.Operation) -> None:
    """Put each statement, under its guards, into a `tile.statement` with its schedule, and name the strategy on the loop.

    Allocations go before `outermost`, the outermost loop around this one, or itself, that gets a pipeline.
    """
    schedule = plan.schedule
    assert schedule is not None
    for allocation in body.allocations:
        allocation.move_before(body.loop if len(allocation.operands) else outermost)
    for guard in dict.fromkeys(guard for statement in body.statements for guard in statement.guards):
        _hoist_arithmetic(guard, body)
    guards: list[ir.Operation] = []
    for index, statement in enumerate(body.statements):
        place = statement.guards[0] if statement.guards else statement.operation
        with ir.InsertionPoint(place), statement.operation.location:
            wrapper = ops_schedule.StatementOp(
                integer_attribute(schedule.stages[index]),
                integer_attribute(schedule.orders[index]),
                integer_attribute(schedule.groups[index]),
            )
        _strip_explicit(statement.operation)
        _fill(wrapper.regions[0].blocks.append(), statement)
        # The guards inside an outermost guard go with it.
        guards += [guard for guard in statement.guards[:1] if guard not in guards]
    for guard in guards:
        guard.erase()
    _erase_moved_binds(body)
    loop = body.loop
    strip_request(loop)
    loop.attributes["tile.num_stages"] = integer_attribute(plan.num_stages)
    loop.attributes["tile.strategy"] = ir.StringAttr.get(plan.strategy)
    loop.attributes["tile.reason"] = ir.StringAttr.get(plan.reason)


def _erase_moved_binds(body: LoopBody) -> None:
    """Erase what every statement that needs it now computes itself."""
    for bind in reversed([bind for bind in body.binds if bind in body.dependents and bind.block == body.block]):
        if all(next(iter(result.uses), None) is None for result in bind.results):
            bind.erase()


def _hoist_arithmetic(guard: ir.Operation, body: LoopBody) -> None:
    """Move a guard's arithmetic in front of it, so that all statements split from it use the same values.

    Not what depends on memory that the loop writes: each statement computes that itself.
    """
    outermost = guard
    while outermost.parent is not None and outermost.parent.operation != body.loop:
        outermost = outermost.parent.operation
    for operation in _operations(guard.regions[0].blocks[0]):
        inner = any(not isinstance(o.owner, ir.Block) and defined_inside(o, outermost) for o in operation.operands)
        if is_hoistable(operation) and not inner and operation not in body.dependents:
            operation.move_before(outermost)


def _fill(block: ir.Block, statement: Statement) -> None:
    """Move the statement into `block`, under copies of its guards; what it needs of them, and its binds, are cloned."""
    cloner = Cloner()
    for bind in statement.binds:
        cloner.clone(bind, ir.InsertionPoint(block))
    for guard in statement.guards:
        with _end_of(block), guard.location:
            inner = scf.IfOp(cloner.mapping.get(guard.operands[0], guard.operands[0]))
        block = inner.regions[0].blocks[0]
        with ir.InsertionPoint(block), guard.location:
            scf.YieldOp([])
    guard_blocks = [guard.regions[0].blocks[0] for guard in statement.guards]
    operation = statement.operation
    cloner.bring(operation, _end_of(block), lambda needed: needed.block in guard_blocks)
    operation.detach_from_parent()
    _end_of(block).insert(operation)
    cloner.remap(operation)
    if operation.name == "scf.execute_region" and len(operation.regions[0].blocks) == 1 and not len(operation.results):
        _inline(operation)


def _end_of(block: ir.Block) -> ir.InsertionPoint:
    """The end of a statement's block, or of a guard's, which has a terminator."""
    operations = block.operations
    ends = len(operations) > 0 and operations[len(operations) - 1].operation.name == "scf.yield"
    return ir.InsertionPoint.at_block_terminator(block) if ends else ir.InsertionPoint(block)


def _inline(region: ir.Operation) -> None:
    """Put what stands in an `scf.execute_region` in its place."""
    for operation in _operations(region.regions[0].blocks[0]):
        if operation.name != "scf.yield":
            operation.move_before(region)
    region.erase()


def _operations(block: ir.Block) -> Iterator[ir.Operation]:
    for child in list(block.operations):
        yield child.operation


def _strip_explicit(operation: ir.Operation) -> None:
    for name in EXPLICIT_ATTRIBUTES:
        if name in operation.attributes:
            del operation.attributes[name]
