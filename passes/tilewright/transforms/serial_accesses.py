"""Serial accesses of fragments that products spread over threads: the elements are in registers of different threads.

A fragment is *held by a product* where the product's instruction fixes its layout, or where a parallel operation computes it
element by element from such a fragment: then the threads that keep an element of the one write that element of the other. A
fragment that is only read beside it (a scale, a bias), one that a reduction fills, and one that no product reaches are not:
every thread may keep those, or they move to shared memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tilewright.analysis.linear import linear
from tilewright.analysis.loop_space import LoopSpace
from tilewright.analysis.ownership import contains_all
from tilewright.analysis.regions import buffer_name
from tilewright.diagnostics import InputError, Note, source_location
from tilewright.ir.layout_attributes import to_attribute
from tilewright.mlir import ir
from tilewright.transforms.assign_layouts import Conflict, Seed


@dataclass(frozen=True)
class Held:
    """Why a fragment is spread over threads: the product, and `by`, the operation that computes it, perhaps the product."""

    product: ir.Operation
    by: ir.Operation


def held_by_products(spaces: Iterable[LoopSpace], seeds: Iterable[Seed], fragments: Sequence[ir.Value]) -> dict[ir.Value, Held]:
    """The `fragments` that are held by products; `seeds` are what the products' instructions fix."""
    held: dict[ir.Value, Held] = {}
    for seed in seeds:
        if seed.buffer in fragments and not contains_all(seed.layout):
            held.setdefault(seed.buffer, Held(seed.operation, seed.operation))
    # With each the number of its dimensions.
    readers: dict[ir.Value, list[tuple[LoopSpace, int]]] = {}
    for space in spaces:
        for access in space.accesses:
            if not access.writes and space.extents is not None and len(access.dimensions) == len(space.extents):
                readers.setdefault(access.buffer, []).append((space, len(space.extents)))
    waiting = [*held]
    while waiting:
        source = waiting.pop()
        for space, rank in readers.get(source, ()):
            for access in space.accesses:
                elementwise = access.writes and len(access.dimensions) == rank
                if elementwise and access.buffer in fragments and access.buffer not in held:
                    held[access.buffer] = Held(held[source].product, space.operation)
                    waiting.append(access.buffer)
    return held


def refuse_serial_accesses(spaces: Iterable[LoopSpace], held: Mapping[ir.Value, Held]) -> None:
    """Raise InputError, at the access, where code outside of parallel loops accesses a fragment that a product holds."""
    for space in spaces:
        for access in space.accesses:
            if access.serial and access.buffer in held:
                raise _every_thread(access.buffer, access.operation, _notes(held[access.buffer]))


def serial_access_error(conflict: Conflict, held: Mapping[ir.Value, Held]) -> InputError | None:
    """The error for a fragment that would move to shared memory because of a serial access; None where it may move.

    That is code outside of parallel loops, where an instruction or an annotation fixes the layout; in a parallel loop, a read
    at the index of a serial loop of a fragment that a product holds.
    """
    if conflict.serial:
        return _every_thread(conflict.buffer, conflict.second, conflict_notes(conflict))
    if conflict.buffer not in held or not _reads_at_serial_index(conflict.second):
        return None
    return InputError(
        f"'{conflict.second.name}' accesses {buffer_name(conflict.buffer)}, a thread-distributed fragment, one element after "
        "another in a serial loop, and no thread keeps all of them: combine its elements with linalg.reduce (tl.reduce), or "
        "copy it to shared memory first",
        source_location(conflict.second.location),
        _notes(held[conflict.buffer]),
    )


def _every_thread(buffer: ir.Value, operation: ir.Operation, notes: tuple[Note, ...]) -> InputError:
    """Code outside of parallel loops is every thread's, and a thread cannot reach the registers of another."""
    return InputError(
        f"'{operation.name}' accesses {buffer_name(buffer)}, a thread-distributed fragment, outside of parallel loops, where "
        "every thread makes the access and only some keep the element: combine its elements with linalg.reduce (tl.reduce), or "
        "access it in a parallel loop, or copy it to shared memory first",
        source_location(operation.location),
        notes,
    )


def _notes(held: Held) -> tuple[Note, ...]:
    product = Note(f"this '{held.product.name}' spreads it over threads", source_location(held.product.location))
    if held.by == held.product:
        return (product,)
    chain = Note(f"this '{held.by.name}' computes it element by element", source_location(held.by.location))
    return (chain, Note(f"from what this '{held.product.name}' spreads over threads", product.location))


def conflict_notes(conflict: Conflict) -> tuple[Note, ...]:
    """Both operations, each with the layout that it wants, where it has one to want."""
    sides = ((conflict.first, conflict.first_layout), (conflict.second, conflict.second_layout))
    notes: list[Note] = []
    for operation, layout in sides:
        if operation is not None:
            wanted = f"'{operation.name}' accesses it" + (f" as {to_attribute(layout)}" if layout is not None else "")
            notes.append(Note(wanted, source_location(operation.location)))
    return tuple(notes)


def _reads_at_serial_index(operation: ir.Operation) -> bool:
    """Whether a load has an index that nothing but the counters of serial loops moves."""
    if operation.name != "memref.load":
        return False
    forms = (linear(index) for index in list(operation.operands)[1:])
    return any(form.terms and all(_counts(value) for value in form.terms) for form in forms)


def _counts(value: ir.Value) -> bool:
    owner = value.owner
    return isinstance(owner, ir.Block) and owner.owner.operation.name == "scf.for" and value == owner.arguments[0]
