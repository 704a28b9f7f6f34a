"""Decoders of `linalg`: every structured operation, through its region and its indexing maps.

Parallel loops are evaluated as whole arrays. Contractions and reductions by one associative operation have forms of
their own; every other reduction loop runs point by point, in order.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from tilewright.mlir import ir
from tilewright.simulator.contraction import contraction, is_contraction
from tilewright.simulator.decode import Body, Decoder, Run, Step, decodes, unsupported
from tilewright.simulator.dtypes import ElementType
from tilewright.simulator.findings import Site
from tilewright.simulator.linalg_structure import Access, Structure, structure_of
from tilewright.simulator.memory import MemRef, check_read, check_write
from tilewright.simulator.state import STATE, BlockState, Frame


@decodes("linalg.index")
def _index(op: ir.Operation, decoder: Decoder) -> None:
    """The value of a loop: the operation that holds it keeps it in a slot."""
    dimension = ir.IntegerAttr(op.attributes["dim"]).value
    decoder.alias(op.results[0], decoder.loops[-1][dimension])


@decodes("linalg.*")
def _structured(op: ir.Operation, decoder: Decoder) -> Step:
    structure = structure_of(op)
    step = _decode(structure, decoder)
    values = [*structure.inputs, *structure.outputs]
    if all(ir.MemRefType(value.type).has_static_shape for value in values if isinstance(value.type, ir.MemRefType)):
        return step
    return _with_checked_extents(structure, [decoder.slot(value) for value in values], step)


def _with_checked_extents(structure: Structure, slots: list[int], step: Step) -> Step:
    """Check, where shapes are dynamic, that the operands agree on the extents of the loops."""
    site, execute, extents_of = Site(structure.operation), step.run, structure.extents()

    def run(frame: Frame) -> None:
        values = [frame[slot] for slot in slots]
        extents = extents_of([value.data if type(value) is MemRef else value for value in values])
        for value, access in zip(values, structure.accesses, strict=True):
            if type(value) is not MemRef or access.dims is None:
                continue
            wanted = [size if dim is None else extents[dim] for dim, size in zip(access.dims, value.data.shape, strict=True)]
            if list(value.data.shape) != wanted:
                message = f"takes shape {list(value.data.shape)} of {value.buffer.label} where its loops have {wanted}"
                frame[STATE].abort("out-of-bounds", site, message, value.buffer.note())
        execute(frame)

    return Step(run)


def _decode(structure: Structure, decoder: Decoder) -> Step:
    if is_contraction(structure):
        step = _contraction(structure, decoder)
        if step is not None:
            return step
    combiner = _combiner(structure, decoder) if structure.reduction else None
    if combiner is not None:
        operation, contribution = combiner
        return Step(_Plan(structure, decoder, operation).reduce(operation, contribution))
    plan = _Plan(structure, decoder)
    return Step(plan.in_order() if structure.reduction else plan.elementwise())


def _contraction(structure: Structure, decoder: Decoder) -> Step | None:
    factor, accumulator = decoder.type_of(structure.inputs[0]), decoder.type_of(structure.outputs[0])
    other = decoder.type_of(structure.inputs[1])
    widest = factor if factor.width >= other.width else other
    function = contraction(structure, widest, accumulator)
    if function is None or accumulator.kind == "bool":
        return None
    a, b = (decoder.slot(value) for value in structure.inputs)
    c = decoder.slot(structure.outputs[0])
    site = Site(structure.operation)

    def run(frame: Frame) -> None:
        state, left, right, acc = frame[STATE], frame[a], frame[b], frame[c]
        for memref in (left, right, acc):
            check_read(state, site, memref)
        value = function(left.data, right.data, acc.data)
        check_write(state, site, acc)
        acc.data[...] = value

    return Step(run)


_BOOLEAN_COMBINERS = ("arith.andi", "arith.ori", "arith.xori")
_COMBINERS: dict[str, np.ufunc] = {
    "arith.addf": np.add,
    "arith.addi": np.add,
    "arith.andi": np.bitwise_and,
    "arith.maximumf": np.maximum,
    "arith.maxnumf": np.fmax,
    "arith.maxsi": np.maximum,
    "arith.minimumf": np.minimum,
    "arith.minnumf": np.fmin,
    "arith.minsi": np.minimum,
    "arith.mulf": np.multiply,
    "arith.muli": np.multiply,
    "arith.ori": np.bitwise_or,
    "arith.xori": np.bitwise_xor,
}


def _combiner(structure: Structure, decoder: Decoder) -> tuple[ir.Operation, int] | None:
    """The operation that combines with the accumulator, and which of its operands does not come from it."""
    if len(structure.outputs) != 1:
        return None
    acc = structure.block.arguments[-1]
    uses = list(acc.uses)
    terminator = list(structure.block.operations)[-1].operation
    if len(uses) != 1:
        return None
    last = uses[0].owner.operation
    yielded = terminator.operands[0].owner
    if last.name not in _COMBINERS or isinstance(yielded, ir.Block) or yielded.operation != last:
        return None
    if decoder.type_of(acc).kind == "bool" and last.name not in _BOOLEAN_COMBINERS:
        return None
    return last, 1 - uses[0].operand_number


def _decode_body(structure: Structure, decoder: Decoder, without: ir.Operation | None) -> Body:
    """The body, or all of it but one operation and the terminator."""
    if without is None:
        return decoder.block(structure.block)
    arguments = [decoder.define(argument) for argument in structure.block.arguments]
    operations = [view.operation for view in list(structure.block.operations)[:-1]]
    steps = [decoder.operation(operation) for operation in operations if operation != without]
    return Body([step for step in steps if step is not None], arguments, None, [])


class _Plan:
    """A decoded body with the slots of its loops and operands; its methods give ways to execute it."""

    def __init__(self, structure: Structure, decoder: Decoder, without: ir.Operation | None = None) -> None:
        self.structure = structure
        self.site = Site(structure.operation)
        self.loops = [decoder.temporary() for _ in range(structure.rank)]
        decoder.loops.append(self.loops)
        self.body = _decode_body(structure, decoder, without)
        decoder.loops.pop()
        if self.body.blocking:
            raise unsupported(structure.operation, "around operations that wait for others")
        self.slots = [decoder.slot(value) for value in (*structure.inputs, *structure.outputs)]
        self.types: list[ElementType] = [decoder.type_of(value) for value in structure.outputs]
        self.decoder = decoder
        arguments = list(structure.block.arguments)
        count = len(structure.inputs)
        self.used = [any(True for _ in argument.uses) for argument in arguments]
        self.uses_loops = any(view.operation.name == "linalg.index" for view in structure.block.operations)
        if len(arguments) < len(self.slots):
            self.used += [False] * (len(self.slots) - len(arguments))
            self.arguments: list[int] = [*self.body.arguments, *(decoder.temporary() for _ in self.slots[len(arguments) :])]
        else:
            self.arguments = self.body.arguments
        self.inputs = range(count)
        self.outputs = range(count, len(self.slots))
        gathers = any(access.dims is None and not access.is_scalar for access in structure.accesses)
        self.needs_loops = self.uses_loops or gathers
        self.extents = structure.extents()

    def _check_reads(self, state: BlockState, values: list[Any]) -> None:
        for position, (value, used) in enumerate(zip(values, self.used, strict=True)):
            if used and type(value) is MemRef and self.structure.accesses[position].dims is not None:
                check_read(state, self.site, value)

    def _loop_arrays(self, extents: list[int]) -> list[Any]:
        rank = len(extents)
        return [np.arange(size).reshape([size if i == d else 1 for i in range(rank)]) for d, size in enumerate(extents)]

    def _operand(self, state: BlockState, position: int, value: Any, loops: list[Any]) -> Any:
        """The operand aligned with the loops; a number stays one."""
        if type(value) is not MemRef:
            return value
        access: Access = self.structure.accesses[position]
        if access.dims is not None:
            return access.align(value.data)
        if value.buffer.dirty and access.gather(value.shadow, loops).any():
            check_read(state, self.site, value)
        self._check_gather(state, access, value, loops)
        return access.gather(value.data, loops)

    def _check_gather(self, state: BlockState, access: Access, memref: MemRef, loops: list[Any]) -> None:
        for dimension, (function, size) in enumerate(zip(access.functions, memref.data.shape, strict=True)):
            index = np.asarray(function(loops))
            if index.size and not (index.min() >= 0 and index.max() < size):
                message = f"reads dimension {dimension} of {memref.buffer.label} outside of its {size} elements"
                state.abort("out-of-bounds", self.site, message, memref.buffer.note())

    def elementwise(self) -> Run:
        """All loops parallel: the body runs once on whole arrays, and every output is written after that."""
        slots, arguments, body, site = self.slots, self.arguments, self.body, self.site
        accesses, outputs, used = self.structure.accesses, list(self.outputs), self.used

        def run(frame: Frame) -> None:
            state = frame[STATE]
            values = [frame[slot] for slot in slots]
            self._check_reads(state, values)
            loops: list[Any] = []
            if self.needs_loops:
                loops = self._loop_arrays(self.extents([v.data if type(v) is MemRef else v for v in values]))
                for slot, loop in zip(self.loops, loops, strict=True):
                    frame[slot] = loop
            for position, (argument, value) in enumerate(zip(arguments, values, strict=True)):
                if used[position]:
                    frame[argument] = self._operand(state, position, value, loops)
            body.run(frame)
            results = [frame[slot] for slot in body.yields]
            if len(results) > 1:
                # A result may be a view of what an earlier one is written to.
                results = [np.array(result) for result in results]
            for position, result in zip(outputs, results, strict=True):
                target = values[position]
                check_write(state, site, target)
                np.copyto(accesses[position].align(target.data), result, casting="unsafe")

        return run

    def reduce(self, combiner: ir.Operation, contribution: int) -> Run:
        """One associative operation: the contributions as a whole array, then a reduction over their dimensions."""
        ufunc, element = _COMBINERS[combiner.name], self.types[0]
        compute = np.dtype(np.float32) if element.is_float and element.width < 32 else element.dtype
        slot = self.decoder.slot(combiner.operands[contribution])
        axes = tuple(self.structure.reduction)
        access = self.structure.accesses[-1]

        def run(frame: Frame) -> None:
            state = frame[STATE]
            values = [frame[operand] for operand in self.slots]
            self._check_reads(state, values)
            extents = self.extents([v.data if type(v) is MemRef else v for v in values])
            loops = self._loop_arrays(extents) if self.needs_loops else []
            for loop_slot, loop in zip(self.loops, loops, strict=False):
                frame[loop_slot] = loop
            for position in self.inputs:
                frame[self.arguments[position]] = self._operand(state, position, values[position], loops)
            self.body.run(frame)
            target: MemRef = values[-1]
            check_write(state, self.site, target)
            if 0 in extents:
                return
            # Contiguous, so that the order of a sum does not depend on the strides of a buffer.
            whole = np.ascontiguousarray(np.broadcast_to(np.asarray(frame[slot], element.dtype), extents))
            partial = ufunc.reduce(whole.astype(compute, copy=False), axis=axes, keepdims=True, dtype=compute)
            aligned = access.align(target.data)
            np.copyto(aligned, ufunc(partial, aligned.astype(compute)), casting="unsafe")

        return run

    def in_order(self) -> Run:
        """The reduction loops point by point in order, the parallel loops as whole arrays at each point."""
        structure, accesses = self.structure, self.structure.accesses
        reduction, site, body = structure.reduction, self.site, self.body

        def run(frame: Frame) -> None:
            state = frame[STATE]
            values = [frame[slot] for slot in self.slots]
            self._check_reads(state, values)
            extents = self.extents([v.data if type(v) is MemRef else v for v in values])
            loops = self._loop_arrays(extents)
            aligned = [
                access.align(value.data) if type(value) is MemRef and access.dims is not None else value
                for access, value in zip(accesses, values, strict=True)
            ]
            for position in self.outputs:
                check_write(state, site, values[position])
            for point in product(*(range(extents[loop]) for loop in reduction)):
                state.count_iteration(site, body.steps)
                here = list(loops)
                for loop, value in zip(reduction, point, strict=True):
                    here[loop] = value
                for slot, value in zip(self.loops, here, strict=True):
                    frame[slot] = value
                self._run_point(frame, aligned, dict(zip(reduction, point, strict=True)), here)

        return run

    def _run_point(self, frame: Frame, aligned: list[Any], point: dict[int, int], loops: list[Any]) -> None:
        state, accesses = frame[STATE], self.structure.accesses
        pieces: list[Any] = []
        for position, (value, access) in enumerate(zip(aligned, accesses, strict=True)):
            if type(value) is MemRef:
                pieces.append(self._operand(state, position, value, loops))
            elif isinstance(value, np.ndarray) and not access.is_scalar:
                index = tuple(
                    slice(point[d], point[d] + 1) if d in point and access.has(d) else slice(None) for d in range(value.ndim)
                )
                pieces.append(value[index])
            else:
                pieces.append(value)
        for argument, piece, used in zip(self.arguments, pieces, self.used, strict=True):
            if used:
                frame[argument] = piece.copy() if isinstance(piece, np.ndarray) else piece
        self.body.run(frame)
        for position, slot in zip(self.outputs, self.body.yields, strict=True):
            np.copyto(pieces[position], frame[slot], casting="unsafe")
