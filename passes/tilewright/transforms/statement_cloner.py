"""Clones the statements of a planned loop for one iteration: the induction variable, the versions and the binds that they
need."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.analysis.user_barriers import barrier_position
from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import ops_copy
from tilewright.mlir import ir
from tilewright.transforms.cloning import Cloner
from tilewright.transforms.index_math import Index, IndexMath
from tilewright.transforms.planned_loop import PlannedLoop, copies_in, roots_used
from tilewright.transforms.replicated_barriers import ReplicatedBarrier
from tilewright.transforms.versions import VersionedBuffer

ASYNCHRONOUS = ("cp_async", "bulk")


class IterationCloner:
    """Clones statements as iteration `iteration` runs them, where the induction variable is `induction`.

    Binds and versions are built once and shared by the statements that are cloned with the same object, so the first use
    must dominate the others.
    """

    def __init__(
        self,
        planned: PlannedLoop,
        buffers: Sequence[VersionedBuffer],
        math: IndexMath,
        iteration: Index,
        induction: ir.Value,
        barriers: Sequence[ReplicatedBarrier] = (),
    ) -> None:
        self._planned = planned
        self._buffers = {buffer.old: buffer for buffer in buffers if planned.loop in buffer.loops}
        self._barriers = barriers
        self._math = math
        self._iteration = iteration
        self._numbers: dict[Index, Index] = {}
        self._versions: dict[tuple[Index, int], Index] = {}
        self._cloner = Cloner({planned.body.block.arguments[0]: induction})

    def clone(self, index: int, point: ir.InsertionPoint) -> None:
        """Clone the body of statement `index` at `point`; the copies of an asynchronous group become asynchronous."""
        statement = self._planned.statements[index]
        body = self._planned.body.block
        binds = self._cloner.needs(statement, lambda operation: operation.block == body)
        used = dict.fromkeys(root for operation in (statement, *binds) for root in roots_used(operation))
        for root in used:
            if root in self._buffers and root not in self._cloner.mapping:
                self._cloner.mapping[root] = self._buffers[root].view(self._version(self._buffers[root], point), point)
        self._cloner.bring(statement, point, lambda operation: operation.block == body)
        group = self._planned.schedule.groups[index]
        for child in statement.regions[0].blocks[0].operations:
            copy = self._cloner.clone(child.operation, point)
            self._replicate(copy)
            if group >= 0:
                for found in copies_in(copy, ASYNCHRONOUS):
                    make_asynchronous(found, group)

    def _replicate(self, operation: ir.Operation) -> None:
        """Let what uses a replicated mbarrier use the one of this iteration."""
        for barrier in self._barriers:
            position = barrier_position(operation)
            if position is not None and operation.operands[position] == barrier.old:
                point = ir.InsertionPoint(operation)
                with operation.location:
                    barrier.retarget(operation, position, self.number(barrier.before, point), self._math, point)

    def number(self, before: Index, point: ir.InsertionPoint) -> Index:
        """The number of this iteration where `before` of them are counted before the loop."""
        if before not in self._numbers:
            self._numbers[before] = self._math.add(self._iteration, before, point)
        return self._numbers[before]

    def _version(self, buffer: VersionedBuffer, point: ir.InsertionPoint) -> Index:
        key = (buffer.start_of(self._planned.loop), buffer.versions)
        if key not in self._versions:
            self._versions[key] = self._math.version(self.number(key[0], point), buffer.versions, point)
        return self._versions[key]


def make_asynchronous(copy: ir.Operation, group: int) -> None:
    """Replace a copy by the asynchronous copy of the same window."""
    attributes: dict[str, ir.Attribute] = {"group": integer_attribute(group)}
    for name in ("tile.instruction", "pad"):
        if name in copy.attributes:
            attributes[name] = copy.attributes[name]
    with copy.location:
        ir.Operation.create(
            ops_copy.CopyAsyncOp.OPERATION_NAME, [], list(copy.operands), attributes, ip=ir.InsertionPoint(copy)
        )
    copy.erase()


def trip_count(planned: PlannedLoop, math: IndexMath) -> Index:
    """The number of iterations of the loop, which may come out negative for a loop that does not run."""
    point = ir.InsertionPoint(planned.loop)
    low, high, step = (math.to_index(bound, point) for bound in list(planned.loop.operands)[:3])
    return math.ceil_divide(math.subtract(high, low, point), step, point)


def induction_value(planned: PlannedLoop, iteration: Index, math: IndexMath, point: ir.InsertionPoint) -> ir.Value:
    """The induction variable's value in `iteration`, of the type that the loop has."""
    low, _, step = (math.to_index(bound, point) for bound in list(planned.loop.operands)[:3])
    value = math.add(math.scale(iteration, step, point), low, point)
    return math.from_index(value, planned.body.block.arguments[0].type, point)
