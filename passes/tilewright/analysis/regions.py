"""Which part of which buffer a memref value denotes, and whether two such regions may overlap.

A `Region` is a box in the coordinates of a root buffer: an allocation or a kernel argument. Views (subview, cast, expand,
collapse, reinterpret) are looked through; where a view cannot be followed exactly the box covers all of the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.analysis.linear import Linear, linear
from tilewright.diagnostics import source_location
from tilewright.mlir import ir

VIEWS = (
    "memref.subview",
    "memref.cast",
    "memref.expand_shape",
    "memref.collapse_shape",
    "memref.reinterpret_cast",
    "memref.transpose",
    "memref.view",
    "memref.memory_space_cast",
)
# The views whose layout follows from their source's: the others state an address of their own.
FOLLOWING_VIEWS = ("memref.subview", "memref.cast", "memref.expand_shape", "memref.collapse_shape", "memref.transpose")
ALLOCATIONS = ("memref.alloc", "memref.alloca")


@dataclass(frozen=True)
class Interval:
    """[start, start + extent) along one dimension; an extent of None is unknown, and covers the dimension."""

    start: Linear
    extent: int | None

    def contains(self, other: Interval, size: int) -> bool:
        """Whether this holds all of `other`, in a dimension of `size` elements: outside of it there is nothing to access."""
        if self.extent is None:
            return False
        if self.start == Linear() and self.extent >= size >= 0:
            return True
        if other.extent is None:
            return False
        gap = other.start - self.start
        return gap.is_constant and gap.constant >= 0 and gap.constant + other.extent <= self.extent


@dataclass(frozen=True)
class Region:
    """A box of `root`. `exact`: every element of the box is touched, so a write of it covers the box."""

    root: ir.Value | None
    box: tuple[Interval, ...]
    exact: bool = True

    def is_of(self, buffer: ir.Value) -> bool:
        """Whether this is a region of `buffer`; values cannot be compared with None."""
        return self.root is not None and self.root == buffer

    def covers(self, other: Region) -> bool:
        if not self.exact or self.root is None or not other.is_of(self.root):
            return False
        pairs = zip(self.box, other.box, ir.MemRefType(self.root.type).shape, strict=True)
        return all(mine.contains(theirs, size) for mine, theirs, size in pairs)


def covered(region: Region, writes: Sequence[Region]) -> bool:
    """Whether what is written holds all of `region`: one write alone, or several side by side along one dimension."""
    if any(write.covers(region) for write in writes):
        return True
    if region.root is None:
        return False
    sizes = list(ir.MemRefType(region.root.type).shape)
    exact = [write for write in writes if write.exact and write.is_of(region.root)]
    return any(_side_by_side(region, exact, sizes, dimension) for dimension in range(len(sizes)))


def _side_by_side(region: Region, writes: Sequence[Region], sizes: list[int], dimension: int) -> bool:
    wanted = region.box[dimension]
    if wanted.extent is None:
        wanted = Interval(Linear(), sizes[dimension])
    spans: list[tuple[int, int]] = []
    for write in writes:
        others = (d for d in range(len(sizes)) if d != dimension)
        mine = write.box[dimension]
        begin = mine.start - wanted.start
        if (
            begin.is_constant
            and mine.extent is not None
            and all(write.box[d].contains(region.box[d], sizes[d]) for d in others)
        ):
            spans.append((begin.constant, begin.constant + mine.extent))
    reached = 0
    for begin, end in sorted(spans):
        if begin <= reached:
            reached = max(reached, end)
    assert wanted.extent is not None
    return reached >= wanted.extent


def is_kernel_argument(value: ir.Value) -> bool:
    """Whether a block argument is one of a function: that of a loop may be any buffer."""
    owner = value.owner
    return isinstance(owner, ir.Block) and owner.owner.operation.name in ("gpu.func", "func.func")


def root_of(value: ir.Value) -> ir.Value | None:
    """The allocation or kernel argument that `value` is a view of; None where it comes from something else."""
    while True:
        owner = value.owner
        if isinstance(owner, ir.Block):
            return value if is_kernel_argument(value) else None
        operation = owner.operation
        if operation.name in ALLOCATIONS:
            return value
        if operation.name not in VIEWS:
            return None
        value = operation.operands[0]


def buffer_name(buffer: ir.Value | None) -> str:
    """A name for people: MLIR forgets the identifiers of values, so the type and the line stand in."""
    if buffer is None:
        return "unknown memory"
    location = source_location(buffer.location)
    return f"{buffer.type} of {location}" if location.file else str(buffer.type)


def whole(value: ir.Value) -> Region:
    """The region that a memref value denotes, all of it."""
    return region_of(value, _full_box(value.type))


def element(value: ir.Value, indices: list[ir.Value]) -> Region:
    """The region of one element at `indices` of a memref value."""
    return region_of(value, tuple(Interval(linear(index), 1) for index in indices))


def window(value: ir.Value, offsets: list[ir.Value], extents: list[int]) -> Region:
    """The region of a window of `extents` at `offsets`; leading dimensions beyond the window have extent 1."""
    padded = [1] * (len(offsets) - len(extents)) + extents
    return region_of(value, tuple(Interval(linear(o), e) for o, e in zip(offsets, padded, strict=True)))


def region_of(value: ir.Value, box: tuple[Interval, ...]) -> Region:
    """`box`, in the coordinates of the memref `value`, as a region of the root of `value`."""
    exact = all(interval.extent is not None for interval in box)
    while True:
        owner = value.owner
        if isinstance(owner, ir.Block):
            return Region(value, box, exact) if is_kernel_argument(value) else Region(None, (), False)
        operation = owner.operation
        if operation.name in ALLOCATIONS:
            return Region(value, box, exact)
        if operation.name not in VIEWS:
            return Region(None, (), False)
        source = operation.operands[0]
        if operation.name == "memref.subview":
            box, simple = _through_subview(operation, box)
            exact = exact and simple
        elif operation.name not in ("memref.cast", "memref.memory_space_cast"):
            exact = (
                exact and box == _full_box(value.type) and operation.name in ("memref.expand_shape", "memref.collapse_shape")
            )
            box = _full_box(source.type)
        value = source


def _full_box(memref_type: ir.Type) -> tuple[Interval, ...]:
    memref_type = ir.MemRefType(memref_type)
    dynamic = ir.ShapedType.get_dynamic_size()
    return tuple(Interval(Linear(), None if size == dynamic else size) for size in memref_type.shape)


def subview_forms(operation: ir.Operation) -> list[list[Linear]]:
    """Offsets, sizes and strides of a subview as linear expressions."""
    dynamic = ir.ShapedType.get_dynamic_size()
    operands = list(operation.operands)[1:]
    statics = [
        ir.DenseI64ArrayAttr(operation.attributes[name]) for name in ("static_offsets", "static_sizes", "static_strides")
    ]
    return [[linear(operands.pop(0)) if static == dynamic else Linear(static) for static in part] for part in statics]


def subview_parameters(operation: ir.Operation) -> tuple[list[Linear], list[int | None], list[int | None]]:
    """Offsets, sizes and strides of a subview; None stands for a size or stride that is not constant."""
    offsets, *rest = subview_forms(operation)
    sizes, strides = ([form.constant if form.is_constant else None for form in group] for group in rest)
    return offsets, sizes, strides


def _through_subview(operation: ir.Operation, box: tuple[Interval, ...]) -> tuple[tuple[Interval, ...], bool]:
    offsets, sizes, strides = subview_parameters(operation)
    kept = kept_dimensions(operation)
    inner = dict(zip(kept, box, strict=True))
    result: list[Interval] = []
    simple = True
    for dimension, offset in enumerate(offsets):
        interval = inner.get(dimension, Interval(Linear(), 1))
        stride = strides[dimension]
        if interval.extent is None and not interval.start.terms and sizes[dimension] is not None:
            interval = Interval(interval.start, sizes[dimension])
        if stride == 1:
            result.append(Interval(offset + interval.start, interval.extent))
        elif stride is not None and interval.extent is not None:
            simple = simple and interval.extent == 1
            result.append(Interval(offset + interval.start.scaled(stride), (interval.extent - 1) * stride + 1))
        else:
            simple = False
            result.append(Interval(offset, None))
    return tuple(result), simple


def kept_dimensions(operation: ir.Operation) -> list[int]:
    """The source dimensions that a subview's result keeps; the others are dropped unit dimensions.

    Where more dimensions have extent 1 than are dropped, the leading ones go: the elements are the same either way.
    """
    _, sizes, _ = subview_parameters(operation)
    to_drop = len(sizes) - ir.MemRefType(operation.results[0].type).rank
    kept: list[int] = []
    for dimension, size in enumerate(sizes):
        if to_drop and size == 1:
            to_drop -= 1
        else:
            kept.append(dimension)
    return kept


@dataclass(frozen=True)
class CarriedBy:
    """How two regions are compared across iterations of a loop: its induction variable, step and body."""

    induction: ir.Value
    step: int | None
    body: ir.Block


def may_overlap(first: Region, second: Region, carried: CarriedBy | None = None) -> bool:
    """Whether the regions may share an element, in one iteration, or with `carried` in two different ones."""
    if first.root is None or second.root is None:
        return True
    if first.root != second.root:
        return False
    pairs = zip(first.box, second.box, strict=True)
    return not any(_disjoint(mine, theirs, carried) for mine, theirs in pairs)


def surely_overlap(first: Region, second: Region) -> bool:
    """Whether two regions of one iteration share an element, whatever the values in their bounds are."""
    if first.root is None or not second.is_of(first.root) or not (first.exact and second.exact):
        return False
    pairs = zip(first.box, second.box, ir.MemRefType(first.root.type).shape, strict=True)
    return all(_meet(mine, theirs, size) for mine, theirs, size in pairs)


def _meet(first: Interval, second: Interval, size: int) -> bool:
    if first.contains(second, size) or second.contains(first, size):
        return True
    gap = second.start - first.start
    if first.extent is None or second.extent is None or not gap.is_constant:
        return False
    return gap.constant < first.extent and -gap.constant < second.extent


def _disjoint(first: Interval, second: Interval, carried: CarriedBy | None) -> bool:
    if first.extent is None or second.extent is None:
        return False
    if carried is None:
        gap = second.start - first.start
        return gap.is_constant and (gap.constant >= first.extent or -gap.constant >= second.extent)
    stride = first.start.terms.get(carried.induction, 0)
    if stride != second.start.terms.get(carried.induction, 0):
        return False
    first_rest, second_rest = first.start.without(carried.induction), second.start.without(carried.induction)
    if any(_varies(value, carried.body) for value in (*first_rest.terms, *second_rest.terms)):
        return False
    gap = second_rest - first_rest
    if not gap.is_constant:
        return False
    if stride == 0:
        return gap.constant >= first.extent or -gap.constant >= second.extent
    if carried.step is None:
        return False
    # Iterations apart by d >= 1 in either direction shift the gap by d * distance.
    distance = abs(stride * carried.step)
    return distance - abs(gap.constant) >= max(first.extent, second.extent)


def _varies(value: ir.Value, body: ir.Block) -> bool:
    """Whether `value` is computed inside `body`, so that it may differ between iterations."""
    owner = value.owner
    block = owner if isinstance(owner, ir.Block) else owner.operation.block
    while block is not None:
        if block == body:
            return True
        parent = block.owner
        block = parent.operation.block if parent is not None and parent.operation.parent is not None else None
    return False
