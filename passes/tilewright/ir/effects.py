"""Memory effects of tile operations, as traits that `dialects.ext` attaches by operation name.

Copies read their source and write their destination; a product reads its accumulator as well. Synchronisation declares
nothing: MLIR then assumes the worst, so it is never moved and never removed; a wait that declared a read would be deleted
as dead.
"""

from tilewright.mlir import ir


class _ReadsFirstWritesLast(ir.MemoryEffectsOpInterface):
    @staticmethod
    def get_effects(op, effects) -> None:
        operands = list(op.op_operands)
        effects.append(ir.MemoryEffect.Read, operands[0])
        effects.append(ir.MemoryEffect.Write, operands[-1])


class _ReadsFirstWritesSecond(ir.MemoryEffectsOpInterface):
    @staticmethod
    def get_effects(op, effects) -> None:
        operands = list(op.op_operands)
        effects.append(ir.MemoryEffect.Read, operands[0])
        effects.append(ir.MemoryEffect.Write, operands[1])


class ReadsFirstWritesLast:
    """The first operand is read, the last is written."""

    @staticmethod
    def attach(op_name: str) -> None:
        _ReadsFirstWritesLast.attach(op_name)


class ReadsFirstWritesSecond:
    """The first operand is read, the second is written."""

    @staticmethod
    def attach(op_name: str) -> None:
        _ReadsFirstWritesSecond.attach(op_name)


class _ReadsAllWritesLast(ir.MemoryEffectsOpInterface):
    @staticmethod
    def get_effects(op, effects) -> None:
        operands = list(op.op_operands)
        for operand in operands:
            effects.append(ir.MemoryEffect.Read, operand)
        effects.append(ir.MemoryEffect.Write, operands[-1])


class ReadsAllWritesLast:
    """Every operand is read, the last is written as well."""

    @staticmethod
    def attach(op_name: str) -> None:
        _ReadsAllWritesLast.attach(op_name)
