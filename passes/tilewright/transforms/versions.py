"""Buffers with versions: the larger allocation, the version that an iteration uses, and the uses outside the loops.

Iterations are counted on over the loops of one block that version a buffer, so a use between or after them sees
the version of the iteration before it, and a use before them sees what would be iteration -1. Where loops of several blocks
share a buffer, nothing else uses it, and the count begins anew in each block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key

from tilewright.analysis.regions import VIEWS
from tilewright.analysis.versionable import ancestor_in, terminal_users
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.layout import LayoutError
from tilewright.ir.layout_attributes import expand_attribute
from tilewright.mlir import ir
from tilewright.transforms.cloning import Cloner, nested_operations
from tilewright.transforms.index_math import Index, IndexMath
from tilewright.transforms.planned_loop import PlannedLoop
from tilewright.transforms.view_types import strided_memref


@dataclass
class VersionedBuffer:
    """An allocation that has been expanded by a leading dimension of `versions`.

    `first`: the count of iterations before the block of the loops that version it. `starts`: for each such loop, in program
    order, the count of iterations before the loop.
    """

    old: ir.Value
    new: ir.Value
    versions: int
    first: Index
    loops: list[ir.Operation] = field(default_factory=list)
    starts: list[Index] = field(default_factory=list)

    def start_of(self, loop: ir.Operation) -> Index:
        return self.starts[self.loops.index(loop)]

    def view(self, version: Index, point: ir.InsertionPoint) -> ir.Value:
        """One version, as a memref of the old shape."""
        old_type = ir.MemRefType(self.old.type)
        shape = list(old_type.shape)
        strides, _ = old_type.get_strides_and_offset()
        size = strides[0] * shape[0] if shape else 1
        dynamic = ir.ShapedType.get_dynamic_size()
        offset = version * size if isinstance(version, int) else ir.ShapedType.get_dynamic_stride_or_offset()
        result = strided_memref(shape, old_type.element_type, strides, offset, old_type.memory_space)
        rank = len(shape) + 1
        attributes = {
            "static_offsets": ir.DenseI64ArrayAttr.get([version if isinstance(version, int) else dynamic] + [0] * (rank - 1)),
            "static_sizes": ir.DenseI64ArrayAttr.get([1, *shape]),
            "static_strides": ir.DenseI64ArrayAttr.get([1] * rank),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0 if isinstance(version, int) else 1, 0, 0]),
        }
        operands = [self.new] if isinstance(version, int) else [self.new, version]
        return ir.Operation.create("memref.subview", [result], operands, attributes, ip=point).results[0]


def expand_buffers(
    loops: Sequence[PlannedLoop], trips: dict[ir.Operation, Index], firsts: Mapping[ir.Value, Index], math: IndexMath
) -> list[VersionedBuffer]:
    """Allocate every versioned buffer anew, with as many versions as the loop that needs most.

    `firsts`: where iterations are counted over a block of loops, the count before it, by buffer; 0 for the others.
    """
    buffers: dict[ir.Value, VersionedBuffer] = {}
    counts: dict[ir.Value, int] = {}
    for planned in loops:
        for buffer, count in planned.versions.items():
            counts[buffer] = max(counts.get(buffer, count), count)
    apart = {buffer for buffer in counts if _is_used_in_blocks(buffer, loops)}
    for planned in loops:
        for buffer in [*planned.versions, *(b for b in apart if b not in planned.versions and _uses(planned, b))]:
            if buffer not in buffers:
                buffers[buffer] = VersionedBuffer(
                    buffer, _expanded(buffer, counts[buffer]), counts[buffer], firsts.get(buffer, 0)
                )
            entry = buffers[buffer]
            passed = [loop for loop in entry.loops if loop.block == planned.loop.block]
            entry.starts.append(_iterations(entry, passed, trips, math, ir.InsertionPoint(planned.loop)))
            entry.loops.append(planned.loop)
    return list(buffers.values())


def _uses(planned: PlannedLoop, buffer: ir.Value) -> bool:
    return buffer in planned.body.accesses_by_root


def _is_used_in_blocks(buffer: ir.Value, loops: Sequence[PlannedLoop]) -> bool:
    """Whether planned loops of several blocks use the buffer: each renews it, and begins at a version of its own choice."""
    blocks = [planned.loop.block for planned in loops if _uses(planned, buffer)]
    return any(block != blocks[0] for block in blocks)


def _iterations(
    buffer: VersionedBuffer,
    passed: Sequence[ir.Operation],
    trips: dict[ir.Operation, Index],
    math: IndexMath,
    point: ir.InsertionPoint,
) -> Index:
    """The iterations of the first loops that version the buffer, those in `passed`."""
    if not passed:
        return buffer.first
    return math.add(buffer.start_of(passed[-1]), math.maximum(trips[passed[-1]], 0, point), point)


def _expanded(buffer: ir.Value, versions: int) -> ir.Value:
    allocation = buffer.owner.operation
    old_type = ir.MemRefType(buffer.type)
    new_type = ir.MemRefType.get([versions, *old_type.shape], old_type.element_type, memory_space=old_type.memory_space)
    attributes = {name: allocation.attributes[name] for name in allocation.attributes}
    if "tile.layout" in attributes:
        try:
            attributes["tile.layout"] = expand_attribute(attributes["tile.layout"], versions)
        except LayoutError as error:
            location = source_location(allocation.location)
            raise InputError(f"tile.layout of '{allocation.name}': {error}", location) from error
    with allocation.location:
        created = ir.Operation.create(allocation.name, [new_type], [], attributes, ip=ir.InsertionPoint(allocation))
    return created.results[0]


def rewrite_outside_uses(buffers: Sequence[VersionedBuffer], trips: dict[ir.Operation, Index], math: IndexMath) -> None:
    """Give each use outside the versioning loops the version of the iteration that ended last before it."""
    for buffer in buffers:
        _rewrite_uses(buffer, trips, math)


def _rewrite_uses(buffer: VersionedBuffer, trips: dict[ir.Operation, Index], math: IndexMath) -> None:
    cloners: dict[int, Cloner] = {}
    for place in _places(buffer):
        passed = [loop for loop in buffer.loops if loop.is_before_in_block(place)]
        if place.name == "memref.dealloc":
            Cloner({buffer.old: buffer.new}).remap(place)
            continue
        point = ir.InsertionPoint(place)
        if len(passed) not in cloners:
            last = math.add(_iterations(buffer, passed, trips, math, point), -1, point)
            cloners[len(passed)] = Cloner({buffer.old: buffer.view(math.version(last, buffer.versions, point), point)})
        cloner = cloners[len(passed)]
        cloner.bring(place, point, lambda _: False)
        cloner.remap(place)


def _places(buffer: VersionedBuffer) -> list[ir.Operation]:
    """The operations of the loops' block that use the buffer and are not loops that version it, in program order.

    Their order is asked of the block: an operation's hash changes with its operands, so nothing can be kept by it here.
    """
    bodies = [loop.regions[0].blocks[0] for loop in buffer.loops]
    outside = [user for user in terminal_users(buffer.old) if all(ancestor_in(user, body) is None for body in bodies)]
    places = [place for place in {ancestor_in(user, buffer.loops[0].block) for user in outside} if place is not None]
    return sorted(places, key=cmp_to_key(lambda one, other: -1 if one.is_before_in_block(other) else 1))


def erase_old(buffers: Sequence[VersionedBuffer], function: ir.Operation) -> None:
    """Erase the old allocations, and the views of them that nothing uses any more."""
    dead = {buffer.old.owner.operation for buffer in buffers}
    for operation in reversed(list(nested_operations(function))):
        unused = len(operation.results) > 0 and all(next(iter(result.uses), None) is None for result in operation.results)
        if (operation.name in VIEWS and unused) or operation in dead:
            operation.erase()
