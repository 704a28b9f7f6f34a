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


def _attribute(op, name: str, kind: type, what: str) -> ir.Attribute:
    # Ours is called before the check that what the operation declares is there.
    require(name in op.attributes, f"has no {name}; it is {what}")
    attribute = op.attributes[name]
    require(isinstance(attribute, kind), f"has {name} = {attribute}; it is {what}")
    return attribute


def integer(op, name: str, minimum: int) -> int:
    """The integer attribute `name` of `op`, at least `minimum`."""
    value = ir.IntegerAttr(_attribute(op, name, ir.IntegerAttr, "an integer")).value
    require(value >= minimum, f"has {name} = {value}; it must be at least {minimum}")
    return value


def string(op, name: str) -> str:
    """The string attribute `name` of `op`."""
    return ir.StringAttr(_attribute(op, name, ir.StringAttr, "a string")).value


def boolean(op, name: str) -> bool:
    """The attribute `name` of `op`, true or false."""
    return ir.BoolAttr(_attribute(op, name, ir.BoolAttr, "true or false")).value


def require_operands(op, count: int) -> None:
    """Require at least `count` operands."""
    given = len(op.operands)
    require(given >= count, f"has too few operands: {given}; it needs {count}")


def memref_operand(op, position: int, role: str) -> ir.MemRefType:
    operand_type = op.operands[position].type
    require(isinstance(operand_type, ir.MemRefType), f"needs a memref as its {role}, not {operand_type}")
    return operand_type
