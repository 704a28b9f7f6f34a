"""Scalars that a loop hands on get a place in memory, so that a schedule can move the statements around them.

Three things cannot be had again later: a value carried from one iteration to the next, the result of a statement that writes,
and a read whose memory has changed when it is used. Each is kept in a buffer of one element, private to the threads.
"""

from __future__ import annotations

from tilewright.analysis.statements import EXPLICIT_ATTRIBUTES, body_of, schedules_explicitly
from tilewright.machine import Machine
from tilewright.mlir import ir, memref, scf
from tilewright.transforms.index_math import IndexMath

_SCALARS = (ir.IndexType, ir.IntegerType, ir.FloatType)


def keep_scalars(loop: ir.Operation, machine: Machine, math: IndexMath) -> ir.Operation:
    """Rewrite a loop that asks for a pipeline; the loop in its place, which is another one where it carried values.

    In an explicit schedule a read is kept where it has a place in the schedule, and carried values are not: nothing says where
    their place would be.
    """
    keeper = _ScalarKeeper(machine, math)
    explicit = schedules_explicitly(loop.regions[0].blocks[0])
    if len(loop.results) and not explicit and _are_scalars(loop.results):
        loop = keeper.without_carried_values(loop)
    body = body_of(loop)
    for operation in body.escaping_results():
        if _are_scalars(operation.results):
            keeper.keep_results(operation, loop)
    for bind in body.volatile:
        scheduled = any(name in bind.attributes for name in EXPLICIT_ATTRIBUTES)
        if (scheduled if explicit else bind in body.stale) and _are_scalars(bind.results):
            keeper.keep_bind(bind, loop)
    return loop


def _are_scalars(values: ir.OpResultList) -> bool:
    return all(isinstance(value.type, _SCALARS) for value in values)


class _ScalarKeeper:
    def __init__(self, machine: Machine, math: IndexMath) -> None:
        self._math = math
        self._space = ir.Attribute.parse(next(space.attribute for space in machine.spaces if space.name == "fragment"))

    def without_carried_values(self, loop: ir.Operation) -> ir.Operation:
        """A loop in place of `loop` that loads what the last iteration has stored, first of all, and stores at its end."""
        low, high, step, *initial = loop.operands
        old = loop.regions[0].blocks[0]
        places = [self._place(value.type, loop) for value in initial]
        with ir.InsertionPoint(loop), loop.location:
            for value, place in zip(initial, places, strict=True):
                self._store(value, place)
            new = scf.ForOp(low, high, step)
            with ir.InsertionPoint(new.body):
                loaded = [self._load(place) for place in places]
        for value, replacement in zip(old.arguments, (new.induction_variable, *loaded), strict=True):
            value.replace_all_uses_with(replacement)
        *body, end = (child.operation for child in old.operations)
        for operation in body:
            new.body.append(operation)
        with ir.InsertionPoint(new.body), end.location:
            for value, place in zip(end.operands, places, strict=True):
                self._store(value, place)
            scf.YieldOp([])
        with ir.InsertionPoint(loop), loop.location:
            for result, place in zip(loop.results, places, strict=True):
                result.replace_all_uses_with(self._load(place))
        for name in loop.attributes:
            new.operation.attributes[name] = loop.attributes[name]
        loop.erase()
        return new.operation

    def keep_results(self, operation: ir.Operation, loop: ir.Operation) -> None:
        """Store the results in the same statement, and let their users load them."""
        with ir.InsertionPoint(operation), operation.location:
            statement = scf.ExecuteRegionOp([])
            block = statement.operation.regions[0].blocks.append()
            after = ir.InsertionPoint(operation)
            for result in operation.results:
                place = self._place(result.type, loop)
                with after:
                    result.replace_all_uses_with(self._load(place))
                with ir.InsertionPoint(block):
                    self._store(result, place)
            with ir.InsertionPoint(block):
                scf.YieldOp([])
        operation.move_before(block.operations[0].operation)
        _move_schedule(operation, statement.operation)

    def keep_bind(self, bind: ir.Operation, loop: ir.Operation) -> None:
        """Store the values of a bind where it stands, a statement of its own, and let its users load them."""
        operations = [child.operation for child in bind.block.operations]
        point = ir.InsertionPoint(operations[operations.index(bind) + 1])
        for result in bind.results:
            place = self._place(result.type, loop)
            with point, bind.location:
                loaded = self._load(place)
            result.replace_all_uses_with(loaded)
            with ir.InsertionPoint(loaded.owner), bind.location:
                store = self._store(result, place)
            _move_schedule(bind, store)

    def _place(self, element: ir.Type, loop: ir.Operation) -> ir.Value:
        buffer = ir.MemRefType.get([1], element, memory_space=self._space)
        with ir.InsertionPoint(loop), loop.location:
            return memref.AllocOp(buffer, [], []).result

    def _store(self, value: ir.Value, place: ir.Value) -> ir.Operation:
        return memref.StoreOp(value, place, [self._math.value(0)]).operation

    def _load(self, place: ir.Value) -> ir.Value:
        return memref.LoadOp(place, [self._math.value(0)]).result


def _move_schedule(source: ir.Operation, target: ir.Operation) -> None:
    for name in EXPLICIT_ATTRIBUTES:
        if name in source.attributes:
            target.attributes[name] = source.attributes[name]
            del source.attributes[name]
