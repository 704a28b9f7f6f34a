"""What some statements of a kernel need, so that an agent of its own can run them: a backward slice.

The slice of a set of statements holds the loops and guards around them and whatever computes their operands, bounds and
conditions, in program order. Memory counts: what is read must never be written by the kernel, or it is a tile that the
slice can keep a copy of, and then all that writes it belongs to the slice too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tilewright.analysis.accesses import Access, Effects, effects_of
from tilewright.analysis.loop_space import PRODUCTS
from tilewright.analysis.regions import buffer_name
from tilewright.mlir import ir

# What a slice goes into: the rest is kept as a whole.
STRUCTURES = ("scf.for", "scf.if", "scf.while")


@dataclass(frozen=True)
class Obstacle:
    """Why statements cannot be run apart, and the operation in the way."""

    reason: str
    operation: ir.Operation


@dataclass
class ProgramSlice:
    """The operations of a slice, with the loops and guards around them.

    `carried`: which results of those loops and guards it needs, by position; an `scf.while` keeps all. `private`: the tiles
    that it writes besides its own statements, of which it needs a copy.
    """

    kept: set[ir.Operation] = field(default_factory=set)
    carried: set[tuple[ir.Operation, int]] = field(default_factory=set)
    private: list[ir.Value] = field(default_factory=list)
    obstacle: Obstacle | None = None


class KernelWrites:
    """Who writes which buffer of a kernel. `unknown`: the first operation that writes memory that is not known."""

    def __init__(self, function: ir.Operation) -> None:
        self.by_buffer: dict[ir.Value, list[ir.Operation]] = {}
        self.unknown: ir.Operation | None = None
        for leaf in leaves(function):
            for root in dict.fromkeys(access.region.root for access in effects_of(leaf).accesses if access.writes):
                if root is None:
                    self.unknown = self.unknown or leaf
                else:
                    self.by_buffer.setdefault(root, []).append(leaf)

    def writers(self, buffer: ir.Value | None) -> list[ir.Operation]:
        """Whatever may write the buffer, None standing for memory that is not known."""
        known = [self.by_buffer.get(buffer, [])] if buffer is not None else self.by_buffer.values()
        return [leaf for writers in known for leaf in writers] + ([self.unknown] if self.unknown is not None else [])


def leaves(operation: ir.Operation) -> Iterator[ir.Operation]:
    """The operations in `operation` that are not loops or guards that a slice goes into, in program order."""
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                if child.operation.name in STRUCTURES:
                    yield from leaves(child.operation)
                else:
                    yield child.operation


def slice_for(
    function: ir.Operation,
    statements: Iterable[ir.Operation],
    writes: KernelWrites,
    may_copy: Callable[[ir.Value], bool],
    shared: Iterable[ir.Operation] = (),
) -> ProgramSlice:
    """The slice of `statements`. `may_copy` says of which tiles it may have a copy; `shared` are there for all agents."""
    slicer = _Slicer(function, list(statements), writes, may_copy, set(shared))
    slicer.run()
    return slicer.found


class _Slicer:
    def __init__(
        self,
        function: ir.Operation,
        statements: list[ir.Operation],
        writes: KernelWrites,
        may_copy: Callable[[ir.Value], bool],
        shared: set[ir.Operation],
    ) -> None:
        self.found = ProgramSlice()
        self._function = function
        self._statements = set(statements)
        self._writes = writes
        self._may_copy = may_copy
        self._shared = shared
        self._work: list[ir.Operation] = []
        self._filled = {
            access.region.root for statement in statements for access in effects_of(statement).accesses if access.writes
        }
        for statement in statements:
            self._need(statement)

    def run(self) -> None:
        while self._work:
            operation = self._work.pop()
            parent = operation.parent
            assert parent is not None
            if parent.operation != self._function:
                self._need_holder(parent.operation, operation)
            if operation.name == "scf.for":
                self._need_values(list(operation.operands)[:3])
            elif operation.name in ("scf.if", "scf.while"):
                self._need_values(operation.operands)
                if operation.name == "scf.while":
                    self._need_all_carried(operation)
            else:
                self._need_leaf(operation)

    def _need(self, operation: ir.Operation) -> None:
        if operation not in self.found.kept and operation not in self._shared:
            self.found.kept.add(operation)
            self._work.append(operation)

    def _need_holder(self, holder: ir.Operation, operation: ir.Operation) -> None:
        if holder.name in STRUCTURES:
            self._need(holder)
        else:
            self._refuse(f"it stands in {holder.name}", operation)

    def _need_values(self, values: Iterable[ir.Value]) -> None:
        for value in values:
            self._need_value(value)

    def _need_value(self, value: ir.Value) -> None:
        if isinstance(value.owner, ir.Block):
            holder = value.owner.owner.operation
            if holder.name == "scf.for" and ir.BlockArgument(value).arg_number > 0:
                self._need_carried(holder, ir.BlockArgument(value).arg_number - 1)
            return
        operation = value.owner.operation
        if operation.name in STRUCTURES:
            self._need_carried(operation, ir.OpResult(value).result_number)
        else:
            self._need(operation)

    def _need_carried(self, structure: ir.Operation, position: int) -> None:
        if (structure, position) in self.found.carried or structure in self._shared:
            return
        self.found.carried.add((structure, position))
        self._need(structure)
        if structure.name == "scf.while":
            return
        if structure.name == "scf.for":
            self._need_value(structure.operands[3 + position])
        for region in structure.regions:
            block = region.blocks[0]
            self._need_value(block.operations[len(block.operations) - 1].operands[position])

    def _need_all_carried(self, loop: ir.Operation) -> None:
        """What an `scf.while` hands from one region to the other decides when it ends, or may do so."""
        for region in loop.regions:
            block = region.blocks[0]
            self._need_values(block.operations[len(block.operations) - 1].operands)

    def _need_leaf(self, leaf: ir.Operation) -> None:
        for value in values_from_outside(leaf):
            self._need_value(value)
        effects = effects_of(leaf)
        is_statement = leaf in self._statements
        # A statement of the slice may synchronise: what it does there is known to whoever asked for the slice.
        if effects.opaque is not None and not (is_statement and effects.opaque == leaf):
            self._refuse(f"the effects of {effects.opaque.name} are not known", effects.opaque)
        if not is_statement and not _may_run_twice(leaf, effects):
            self._refuse(f"{leaf.name} cannot be done twice", leaf)
        for access in effects.accesses:
            self._need_memory(leaf, access, is_statement)

    def _need_memory(self, leaf: ir.Operation, access: Access, is_statement: bool) -> None:
        buffer = access.region.root
        if access.writes:
            if not is_statement:
                self._keep_copy(buffer, leaf)
            return
        writers = self._writes.writers(buffer)
        if not writers:
            return
        if is_statement and not _is_local(buffer):
            self._refuse("the kernel writes {buffer}, which a copy reads", leaf, buffer)
        elif self._keep_copy(buffer, leaf):
            for writer in writers:
                self._need(writer)

    def _keep_copy(self, buffer: ir.Value | None, leaf: ir.Operation) -> bool:
        """Let the slice have a copy of `buffer`; refuses where it may not."""
        if buffer is None or not _is_local(buffer) or buffer in self._filled or self._writes.unknown is not None:
            self._refuse("a copy's address or guard is read from memory that the kernel writes", leaf)
            return False
        if not self._may_copy(buffer):
            self._refuse("a copy's address or guard is read from {buffer}, which cannot be kept twice", leaf, buffer)
            return False
        if buffer not in self.found.private:
            self.found.private.append(buffer)
        return True

    def _refuse(self, reason: str, operation: ir.Operation, buffer: ir.Value | None = None) -> None:
        if self.found.obstacle is None:
            self.found.obstacle = Obstacle(reason.replace("{buffer}", buffer_name(buffer)), operation)


def _is_local(buffer: ir.Value | None) -> bool:
    """Whether a buffer is one that the kernel allocates, not an argument."""
    return buffer is not None and not isinstance(buffer.owner, ir.Block)


def _may_run_twice(leaf: ir.Operation, effects: Effects) -> bool:
    """Whether two agents may do it: not what is expensive, nor what adds up, nor a copy that one of them must wait for."""
    if leaf.name in ("tile.copy_async", "tile.bulk_copy"):
        return False
    return leaf.name not in PRODUCTS and not any(access.kind == "atomic" for access in effects.accesses)


def values_from_outside(operation: ir.Operation) -> Iterator[ir.Value]:
    """The values that an operation, or what is nested in it, uses and that are defined outside of it."""
    inside: set[ir.Value] = set()
    used: list[ir.Value] = list(operation.operands)

    def enter(holder: ir.Operation) -> None:
        for region in holder.regions:
            for block in region.blocks:
                inside.update(block.arguments)
                for child in block.operations:
                    inside.update(child.operation.results)
                    used.extend(child.operation.operands)
                    enter(child.operation)

    enter(operation)
    yield from (value for value in used if value not in inside)
