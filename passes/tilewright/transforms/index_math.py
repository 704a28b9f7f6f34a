"""Index arithmetic that folds as it is built: an index is a Python integer where it is known, else a value."""

from __future__ import annotations

from tilewright.analysis.linear import constant_value
from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import ops_schedule
from tilewright.mlir import affine, arith, ir

Index = int | ir.Value


class IndexMath:
    """Builds index arithmetic at the insertion points that it is given; constants stand at the kernel's entry."""

    def __init__(self, function: ir.Operation) -> None:
        self._entry = function.regions[0].blocks[0]
        self._constants: dict[int, ir.Value] = {}
        for operation in self._entry.operations:
            if operation.operation.name != "arith.constant":
                break
            if isinstance(operation.operation.results[0].type, ir.IndexType):
                self._constants[ir.IntegerAttr(operation.operation.attributes["value"]).value] = operation.operation.results[0]

    def value(self, index: Index) -> ir.Value:
        """`index` as an SSA value."""
        if not isinstance(index, int):
            return index
        if index not in self._constants:
            with ir.InsertionPoint.at_block_begin(self._entry), ir.Location.unknown():
                self._constants[index] = arith.ConstantOp(ir.IndexType.get(), index).result
        return self._constants[index]

    @staticmethod
    def known(value: ir.Value) -> Index:
        """The integer that a value is, where that is known."""
        constant = constant_value(value)
        return value if constant is None else constant

    def add(self, left: Index, right: Index, point: ir.InsertionPoint) -> Index:
        if isinstance(left, int) and isinstance(right, int):
            return left + right
        if isinstance(left, int):
            left, right = right, left
        if right == 0 and isinstance(right, int):
            return left
        if isinstance(right, int):
            return self._apply(left, 1, right, point)
        with point:
            return arith.AddIOp(left, right).result

    def subtract(self, left: Index, right: Index, point: ir.InsertionPoint) -> Index:
        if isinstance(right, int):
            return self.add(left, -right, point)
        with point:
            return arith.SubIOp(self.value(left), right).result

    def scale(self, left: Index, factor: Index, point: ir.InsertionPoint) -> Index:
        if isinstance(left, int) and isinstance(factor, int):
            return left * factor
        if isinstance(factor, int):
            return left if factor == 1 else self._apply(left, factor, 0, point)
        if isinstance(left, int):
            return self.scale(factor, left, point)
        with point:
            return arith.MulIOp(left, factor).result

    def ceil_divide(self, left: Index, right: Index, point: ir.InsertionPoint) -> Index:
        if isinstance(right, int) and right == 1:
            return left
        if isinstance(left, int) and isinstance(right, int):
            return -(-left // right)
        with point:
            return arith.CeilDivSIOp(self.value(left), self.value(right)).result

    def divide_exactly(self, left: Index, right: Index, point: ir.InsertionPoint) -> Index:
        """left / right for a left that is a multiple of right, and not negative."""
        if isinstance(right, int) and right == 1:
            return left
        if isinstance(left, int) and isinstance(right, int):
            return left // right
        with point:
            return arith.DivSIOp(self.value(left), self.value(right)).result

    def maximum(self, left: Index, right: Index, point: ir.InsertionPoint) -> Index:
        if isinstance(left, int) and isinstance(right, int):
            return max(left, right)
        with point:
            return arith.MaxSIOp(self.value(left), self.value(right)).result

    def less(self, left: Index, right: Index, point: ir.InsertionPoint) -> ir.Value:
        with point:
            return arith.CmpIOp(arith.CmpIPredicate.slt, self.value(left), self.value(right)).result

    def version(self, iteration: Index, versions: int, point: ir.InsertionPoint) -> Index:
        """The version of a buffer that an iteration uses."""
        if isinstance(iteration, int):
            return iteration % versions
        with point:
            count = integer_attribute(versions)
            return ops_schedule.StageIndexOp(iteration, count, ir.IndexType.get()).results[0]

    def phase(self, iteration: Index, stages: int, point: ir.InsertionPoint) -> Index:
        """The parity that an iteration waits for on a ring of mbarriers."""
        if isinstance(iteration, int):
            return iteration // stages % 2
        with point:
            count, initial = integer_attribute(stages), integer_attribute(0)
            return ops_schedule.PhaseOp(iteration, count, initial, ir.IndexType.get()).results[0]

    def to_index(self, value: ir.Value, point: ir.InsertionPoint) -> Index:
        """A loop bound as an index: loops may run over integers."""
        known = self.known(value)
        if isinstance(known, int) or isinstance(value.type, ir.IndexType):
            return known
        with point:
            return arith.IndexCastOp(ir.IndexType.get(), value).result

    def from_index(self, index: Index, wanted: ir.Type, point: ir.InsertionPoint) -> ir.Value:
        """An index as a value of the type of a loop's induction variable."""
        value = self.value(index)
        if value.type == wanted:
            return value
        with point:
            return arith.IndexCastOp(wanted, value).result

    def _apply(self, value: ir.Value, factor: int, constant: int, point: ir.InsertionPoint) -> ir.Value:
        with point:
            expression = ir.AffineExpr.get_dim(0) * factor + constant
            return affine.AffineApplyOp(ir.AffineMap.get(1, 0, [expression]), [value]).result
