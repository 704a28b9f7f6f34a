"""Decoding: a kernel is walked once, and every operation becomes a closure over integer slots of a frame.

Nothing of MLIR is touched while a kernel executes. An operation that may have to wait for another agent, or that holds
one, becomes a generator function, which yields what it waits for; every other becomes a plain function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tilewright.diagnostics import InputError, source_location
from tilewright.mlir import ir
from tilewright.simulator.dtypes import ElementType, element_type
from tilewright.simulator.scheduler import Wait
from tilewright.simulator.state import Frame

Run = Callable[[Frame], Any]
RunBlocking = Callable[[Frame], Iterator[Wait]]


@dataclass(frozen=True)
class Step:
    """A decoded operation; `blocking` ones are generator functions."""

    run: Run
    blocking: bool = False


class Body:
    """A decoded block: `run` executes it; where it is blocking, `generate` does, as a generator."""

    __slots__ = ("arguments", "blocking", "generate", "run", "steps", "terminator", "yields")

    def __init__(self, steps: Sequence[Step], arguments: list[int], terminator: ir.Operation | None, yields: list[int]) -> None:
        self.steps = len(steps) + 1
        self.arguments = arguments
        self.terminator = terminator
        self.yields = yields
        self.blocking = any(step.blocking for step in steps)
        self.generate = _generate(steps)
        self.run = _run(steps)


def _run(steps: Sequence[Step]) -> Run:
    functions = tuple(step.run for step in steps)

    def run(frame: Frame) -> None:
        for function in functions:
            function(frame)

    return functions[0] if len(functions) == 1 else run


def _generate(steps: Sequence[Step]) -> RunBlocking:
    pairs = tuple((step.run, step.blocking) for step in steps)

    def generate(frame: Frame) -> Iterator[Wait]:
        for function, blocking in pairs:
            if blocking:
                yield from function(frame)
            else:
                function(frame)

    return generate


def region_step(generate: RunBlocking, blocking: bool) -> Step:
    """The step of an operation with regions, written once as a generator: plain where nothing in it blocks."""
    if blocking:
        return Step(generate, True)

    def run(frame: Frame) -> None:
        for _ in generate(frame):
            raise AssertionError("an operation without blocking operations waited")

    return Step(run)


Decode = Callable[[ir.Operation, "Decoder"], Step | None]

_DECODERS: dict[str, Decode] = {}

TERMINATORS = frozenset(
    {
        "affine.yield",
        "gpu.return",
        "gpu.yield",
        "linalg.yield",
        "memref.alloca_scope.return",
        "memref.atomic_yield",
        "scf.condition",
        "scf.forall.in_parallel",
        "scf.reduce",
        "scf.reduce.return",
        "scf.yield",
    }
)


def decodes(*names: str) -> Callable[[Decode], Decode]:
    """Register a decoder for operations by name; ``dialect.*`` is every other operation of a dialect.

    It returns None where there is nothing to execute.
    """

    def register(decode: Decode) -> Decode:
        for name in names:
            _DECODERS[name] = decode
        return decode

    return register


class Decoder:
    """The state of decoding one kernel: slots of values, and the frame that a block starts with.

    `threads` is the number of threads of the agent that executes the operation at hand; `in_specialize` says whether it
    stands in a warp group; `loops` holds the slots of the loops of the linalg operations around it.
    """

    def __init__(self, threads: int) -> None:
        self.template: Frame = [None]
        self.threads = threads
        self.in_specialize = False
        self.loops: list[list[int]] = []
        self._slots: dict[ir.Value, int] = {}
        self._types: dict[ir.Type, ElementType] = {}

    def define(self, value: ir.Value, initial: Any = None) -> int:
        """A slot for a value; `initial` is there when a block starts, for constants."""
        slot = len(self.template)
        self.template.append(initial)
        self._slots[value] = slot
        return slot

    def temporary(self) -> int:
        """A slot that no value has."""
        self.template.append(None)
        return len(self.template) - 1

    def alias(self, value: ir.Value, slot: int) -> None:
        """Let a value share the slot of another."""
        self._slots[value] = slot

    def slot(self, value: ir.Value) -> int:
        return self._slots[value]

    def operands(self, op: ir.Operation) -> list[int]:
        return [self._slots[operand] for operand in op.operands]

    def results(self, op: ir.Operation) -> list[int]:
        return [self.define(result) for result in op.results]

    def type_of(self, value: ir.Value) -> ElementType:
        """The element type of a scalar, or of a memref's elements."""
        mlir_type = value.type
        found = self._types.get(mlir_type)
        if found is None:
            element = mlir_type.element_type if isinstance(mlir_type, ir.MemRefType) else mlir_type
            found = self._types[mlir_type] = element_type(element, source_location(value.location))
        return found

    def block(self, block: ir.Block) -> Body:
        """Decode a block; its terminator is left to the operation that holds it."""
        arguments = [self.define(argument) for argument in block.arguments]
        steps: list[Step] = []
        terminator: ir.Operation | None = None
        for view in block.operations:
            op = view.operation
            if op.name in TERMINATORS:
                terminator = op
                break
            step = self.operation(op)
            if step is not None:
                steps.append(step)
        yields = self.operands(terminator) if terminator is not None else []
        return Body(steps, arguments, terminator, yields)

    def region(self, op: ir.Operation, position: int = 0) -> Body:
        """Decode the only block of a region; an empty region is an empty body."""
        blocks = list(op.regions[position].blocks)
        if not blocks:
            return Body([], [], None, [])
        if len(blocks) > 1:
            raise unsupported(op, "with several blocks in a region")
        return self.block(blocks[0])

    def operation(self, op: ir.Operation) -> Step | None:
        name = op.name
        decode = _DECODERS.get(name) or _DECODERS.get(f"{name.split('.')[0]}.*")
        if decode is None:
            raise unsupported(op)
        return decode(op, self)


def unsupported(op: ir.Operation, what: str = "") -> InputError:
    """The error for an operation that the simulator cannot execute, or not in this form."""
    message = f"the simulator does not know op '{op.name}'"
    return InputError(f"{message} {what}" if what else message, source_location(op.location))


def integer_attribute(op: ir.Operation, name: str, default: int = 0) -> int:
    attributes = op.attributes
    return ir.IntegerAttr(attributes[name]).value if name in attributes else default


def segments(op: ir.Operation) -> list[list[ir.Value]]:
    """The operands of `op` by the segments that its attribute `operandSegmentSizes` gives."""
    operands = list(op.operands)
    found: list[list[ir.Value]] = []
    for size in ir.DenseI32ArrayAttr(op.attributes["operandSegmentSizes"]):
        found.append(operands[:size])
        operands = operands[size:]
    return found


def mixed(decoder: Decoder, static: ir.Attribute, dynamic: Sequence[ir.Value]) -> list[tuple[bool, int]]:
    """Values that are static or operands, as (True, number) or (False, slot)."""
    marker = ir.ShapedType.get_dynamic_size()
    remaining = iter(dynamic)
    values = ir.DenseI64ArrayAttr(static)
    return [(False, decoder.slot(next(remaining))) if value == marker else (True, value) for value in values]


def resolve(values: Sequence[tuple[bool, int]], frame: Frame) -> list[Any]:
    """The numbers of `mixed` values in a frame."""
    return [value if static else frame[value] for static, value in values]
