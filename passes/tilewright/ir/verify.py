"""Helpers of the operation verifiers: an error is emitted at the operation, and verification fails."""

from tilewright.mlir import ir


class VerificationError(Exception):
    """Raised inside a verifier; `verified` turns it into a located error."""


def require(condition: bool, message: str) -> None:
    if not condition:
        raise VerificationError(message)


def verified(check):
    """Wrap a verifier that raises VerificationError into one that emits the error and returns False."""

    def verify_invariants(self) -> bool:
        try:
            check(self)
        except VerificationError as failure:
            self.location.emit_error(f"'{self.operation.name}' op {failure}")
            return False
        return True

    return verify_invariants


def integer(op, name: str, minimum: int) -> int:
    """The integer attribute `name` of `op`, at least `minimum`."""
    value = ir.IntegerAttr(op.attributes[name]).value
    require(value >= minimum, f"has {name} = {value}; it must be at least {minimum}")
    return value


def memref_operand(op, position: int, role: str) -> ir.MemRefType:
    operand_type = op.operands[position].type
    require(isinstance(operand_type, ir.MemRefType), f"needs a memref as its {role}, not {operand_type}")
    return operand_type
