"""What dictates layouts before any is chosen: products, scalar code, and who uses a fragment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod

from tilewright.analysis.loop_space import PRODUCTS, LoopSpace
from tilewright.analysis.regions import buffer_name, root_of
from tilewright.diagnostics import InputError, Note, source_location
from tilewright.ir.layout import FragmentLayout, replicated_fragment
from tilewright.machine import Machine, ProductInstruction
from tilewright.mlir import ir
from tilewright.transforms.assign_layouts import Conflict, Seed
from tilewright.transforms.instructions import (
    ProductFacts,
    element_bytes,
    instruction_of,
    product_facts,
    product_operands,
    undescribed_operands,
    why_not_read,
)
from tilewright.transforms.product_layouts import a_operand_layout, accumulator_layout, b_operand_layout, why_not

Shapes = Mapping[ir.Value, tuple[int, ...]]
REGISTER_BYTES = 4


@dataclass
class Scope:
    """Who uses a fragment: the threads of its scope, and its uses outside of warp groups and in each."""

    threads: int
    groups: dict[ir.Operation | None, ir.Operation] = field(default_factory=dict)
    written_in_group: bool = False
    serial: bool = False

    @property
    def is_shared(self) -> bool:
        return len(self.groups) > 1


def scopes_of(spaces: Iterable[LoopSpace], shapes: Shapes, threads: int) -> dict[ir.Value, Scope]:
    """The scope of each fragment; one that several use has the threads of the block."""
    found = {buffer: Scope(threads) for buffer in shapes}
    for space in spaces:
        for access in space.accesses:
            scope = found.get(access.buffer)
            if scope is not None:
                scope.groups.setdefault(space.group, access.operation)
                scope.threads = threads if scope.is_shared else space.threads
                scope.written_in_group |= access.writes and space.group is not None
                scope.serial |= access.serial
    return found


def shared_by_groups(scopes: Mapping[ir.Value, Scope]) -> list[Conflict]:
    """Fragments that several warp groups use, and that one of them writes: none has the registers of another."""
    found: list[Conflict] = []
    for buffer, scope in scopes.items():
        if scope.is_shared and scope.written_in_group:
            first, second = list(scope.groups.values())[:2]
            found.append(Conflict(buffer, "two groups of threads use it, each with registers of its own", first, second))
    return found


def replicated_seeds(
    spaces: Iterable[LoopSpace], shapes: Shapes, scopes: Mapping[ir.Value, Scope], seeded: set[ir.Value], machine: Machine
) -> list[Seed]:
    """What every thread keeps: one element; what scalar code accesses, or several warp groups read, if registers suffice."""
    seeds: dict[ir.Value, Seed] = {}
    for space in spaces:
        for access in space.accesses:
            buffer = access.buffer
            if buffer not in shapes or buffer in seeded or buffer in seeds:
                continue
            scope, size = scopes[buffer], prod(shapes[buffer])
            registers = -(-size * element_bytes(buffer.type) // REGISTER_BYTES)
            everywhere = (scope.serial or scope.is_shared) and registers <= machine.limits.registers_per_thread
            if size == 1 or everywhere:
                seeds[buffer] = Seed(buffer, replicated_fragment(shapes[buffer], scope.threads), access.operation)
    return list(seeds.values())


def product_seeds(spaces: Iterable[LoopSpace], shapes: Shapes, machine: Machine) -> list[Seed]:
    """The layouts that instructions dictate. Raises InputError where a product does not fit its instruction."""
    seeds: list[Seed] = []
    for space in spaces:
        operation = space.operation
        name = instruction_of(operation) if operation.name in PRODUCTS else None
        if name is None:
            continue
        instruction = machine.product_instruction(name)
        if instruction is None:
            raise _unfit(operation, f"{machine.target} has no instruction {name}")
        facts = product_facts(operation, machine, space.threads)
        if facts is None:
            continue
        reason = why_not(instruction, facts.shape, facts.operand, space.threads) if instruction.threads > 1 else None
        reason = reason or why_not_read(facts, instruction)
        if reason is not None:
            raise _unfit(operation, f"tile.instruction is {name}: {reason}")
        if instruction.by_descriptor and facts.undescribed:
            raise _unreadable(operation, name)
        layouts = _layouts(operation, instruction, facts, space.threads)
        for operand, layout in zip(product_operands(operation), layouts, strict=True):
            root = root_of(operand)
            if layout is not None and root is not None and root in shapes and shapes[root] == layout.shape:
                seeds.append(Seed(root, layout, operation))
    return seeds


def _unfit(operation: ir.Operation, reason: str) -> InputError:
    return InputError(f"'{operation.name}' cannot be laid out: {reason}", source_location(operation.location))


def _unreadable(operation: ir.Operation, name: str) -> InputError:
    """A product whose instruction cannot read the layout that the input gives one of its operands."""
    operand, tile = next(iter(undescribed_operands(operation).items()))
    root = root_of(tile)
    assert root is not None
    allocation = root.owner.operation
    return InputError(
        f"'{operation.name}' reads {buffer_name(root)} as its operand {operand} by tile.instruction {name}, which cannot read "
        "its annotated layout: swizzle it by 32, 64 or 128 bytes, or leave its layout to layout inference",
        source_location(operation.location),
        (Note(f"its layout is given here: {allocation.attributes['tile.layout']}", source_location(allocation.location)),),
    )


def _layouts(
    operation: ir.Operation, instruction: ProductInstruction, facts: ProductFacts, threads: int
) -> tuple[FragmentLayout | None, FragmentLayout | None, FragmentLayout]:
    """The layouts of A, B and the accumulator as the product indexes them; None where the instruction defines none."""
    m, n, k = facts.shape
    a, b, _ = product_operands(operation)
    kept = k // 2 if facts.sparse else k
    of_a = a_operand_layout(instruction, m, kept, n, threads, element_bytes(a.type))
    of_b = b_operand_layout(instruction, m, k, n, threads, element_bytes(b.type))
    if of_a is not None and not facts.a_contraction_innermost:
        of_a = of_a.project((1, 0))
    if of_b is not None and not facts.b_contraction_innermost:
        of_b = of_b.project((1, 0))
    return of_a, of_b, accumulator_layout(instruction, m, n, threads)


def unserved_operands(spaces: Iterable[LoopSpace], seeded: set[ir.Value], shapes: Shapes) -> list[Conflict]:
    """Fragments in a product for which its instruction defines no layout: its threads read what others keep."""
    found: dict[ir.Value, Conflict] = {}
    for space in spaces:
        if space.operation.name not in PRODUCTS:
            continue
        for operand in space.operation.operands:
            root = root_of(operand)
            if root is not None and root in shapes and root not in seeded:
                found[root] = Conflict(root, "a product reads it across its threads", None, space.operation)
    return list(found.values())
