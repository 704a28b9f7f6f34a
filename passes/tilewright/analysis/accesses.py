"""What an operation reads and writes: accesses of buffer regions, found through the operations nested in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from tilewright.analysis.linear import Linear, constant_value
from tilewright.analysis.regions import VIEWS, Interval, Region, element, whole, window
from tilewright.mlir import ir

AccessKind = Literal["read", "write", "atomic"]

# Dialects whose operations neither touch memory nor wait.
_PURE_DIALECTS = ("arith", "math", "index", "complex")
_PURE_AFFINE = ("affine.apply", "affine.min", "affine.max", "affine.delinearize_index", "affine.linearize_index")
_PURE_MEMREF = (*VIEWS, "memref.dim", "memref.rank", "memref.extract_strided_metadata")
_PURE_GPU = ("gpu.block_id", "gpu.grid_dim", "gpu.block_dim", "gpu.thread_id")
_TERMINATORS = ("memref.atomic_yield", "scf.yield", "scf.condition", "scf.forall.in_parallel", "scf.reduce", "linalg.yield")
_PURE_TILE = ("tile.stage_index", "tile.phase")
_PURE_OPERATIONS = frozenset((*_PURE_AFFINE, *_PURE_MEMREF, *_PURE_GPU, *_PURE_TILE, *_TERMINATORS, "linalg.index"))
_TRANSPARENT = ("memref.alloc", "memref.alloca", "memref.dealloc")
# Operations on one mbarrier, their first operand: a loop may hold them as long as they keep their order.
_BARRIERS = ("tile.mbarrier_arrive", "tile.mbarrier_expect", "tile.mbarrier_wait")


@dataclass(frozen=True)
class Access:
    """One access, by the innermost operation that makes it.

    `certain`: it happens whenever all of `conditions` hold, the conditions of the `scf.if`s whose then-branch it is in.
    `scalar`: it reads a value that a statement needs before it begins, an index for one.
    """

    kind: AccessKind
    region: Region
    operation: ir.Operation
    certain: bool = True
    conditions: tuple[ir.Value, ...] = ()
    scalar: bool = False

    @property
    def writes(self) -> bool:
        return self.kind != "read"


@dataclass(frozen=True)
class Effects:
    """All that an operation does to memory. `opaque`: an operation in it whose effects are not known, or None."""

    accesses: tuple[Access, ...]
    opaque: ir.Operation | None = None

    @property
    def pure(self) -> bool:
        return not self.accesses and self.opaque is None


@dataclass(frozen=True)
class _Scope:
    """What encloses an access inside the operation that is analysed: loops with their ranges, and whether all of it runs."""

    analysed: ir.Operation
    orders_barriers: bool
    certain: bool = True
    ranges: tuple[_Range, ...] = ()


@dataclass(frozen=True)
class _Range:
    """The values that an induction variable takes: low, low + step, …, last."""

    low: int
    last: int
    step: int
    value: ir.Value


def effects_of(operation: ir.Operation, orders_barriers: bool = False) -> Effects:
    """The effects of `operation`, with those of the operations in its regions.

    `orders_barriers`: operations on an mbarrier are updates of it. They keep their order then, which is all that a loop with
    one agent asks of them; else their effects are not known.
    """
    found: list[Access] = []
    opaque = _collect(operation, _Scope(operation, orders_barriers), found)
    return Effects(tuple(found), opaque)


def is_pure(operation: ir.Operation) -> bool:
    return operation.name in _PURE_OPERATIONS or operation.name.partition(".")[0] in _PURE_DIALECTS


def _collect(operation: ir.Operation, scope: _Scope, found: list[Access]) -> ir.Operation | None:
    if is_pure(operation) or operation.name in _TRANSPARENT:
        return None
    own = _own_accesses(operation)
    barrier = _barrier_of(operation) if scope.orders_barriers else None
    if barrier is not None:
        root = None if isinstance(barrier.owner, ir.Block) else barrier
        own = [*(own or []), Access("atomic", Region(root, ()), operation)]
    if own is not None:
        found += [_in_scope(access, scope) for access in own]
        return None
    if operation.name == "scf.if":
        return _collect_branches(operation, scope, found)
    if operation.name.startswith("linalg.") and len(operation.regions):
        return _collect_structured(operation, scope, found)
    inner = _scope_inside(operation, scope)
    if inner is None:
        return operation
    opaque = None
    for region in operation.regions:
        opaque = _collect_region(region, inner, found) or opaque
    return opaque


def _barrier_of(operation: ir.Operation) -> ir.Value | None:
    """The mbarrier that an operation updates or waits for."""
    if operation.name in _BARRIERS:
        return operation.operands[0]
    return list(operation.operands)[-2] if operation.name == "tile.bulk_copy" else None


def _collect_region(region: ir.Region, scope: _Scope, found: list[Access]) -> ir.Operation | None:
    opaque = None
    for block in region.blocks:
        for child in block.operations:
            opaque = _collect(child.operation, scope, found) or opaque
    return opaque


def _collect_branches(operation: ir.Operation, scope: _Scope, found: list[Access]) -> ir.Operation | None:
    conditions = conjuncts(operation.operands[0])
    stable = not any(defined_inside(condition, scope.analysed) for condition in conditions)
    then: list[Access] = []
    otherwise: list[Access] = []
    opaque = _collect_region(operation.regions[0], scope, then)
    opaque = _collect_region(operation.regions[1], scope, otherwise) or opaque
    for access in then:
        guarded = (*conditions, *access.conditions)
        found.append(replace(access, conditions=guarded) if stable else replace(access, certain=False))
    found += [replace(access, certain=False) for access in otherwise]
    found += _written_in_both(then, otherwise)
    return opaque


def _written_in_both(then: list[Access], otherwise: list[Access]) -> list[Access]:
    """The writes that happen whichever branch is taken."""

    def always(accesses: list[Access]) -> list[Access]:
        return [a for a in accesses if a.kind == "write" and a.certain and not a.conditions]

    regions = [access.region for access in always(then)]
    return [access for access in always(otherwise) if access.region in regions]


def _own_accesses(operation: ir.Operation) -> list[Access] | None:
    """The accesses of an operation that makes its own; None for one that is only a holder of others, or unknown."""
    name = operation.name
    operands = list(operation.operands)
    if name == "memref.load":
        return [Access("read", element(operands[0], operands[1:]), operation)]
    if name == "memref.store":
        return [Access("write", element(operands[1], operands[2:]), operation)]
    if name in ("affine.load", "affine.store"):
        # The map could be followed; that the access may be anywhere is enough for what uses it.
        reads = name == "affine.load"
        region = _unknown_box(whole(operands[0 if reads else 1]))
        return [Access("read" if reads else "write", region, operation, certain=False)]
    if name == "memref.atomic_rmw":
        return [Access("atomic", element(operands[1], operands[2:]), operation)]
    if name == "memref.generic_atomic_rmw":
        # Its region has no effects of its own.
        return [Access("atomic", element(operands[0], operands[1:]), operation)]
    if name in ("memref.copy", "tile.scan"):
        return [Access("read", whole(operands[0]), operation), Access("write", whole(operands[1]), operation)]
    if name in ("tile.copy_in", "tile.copy_async", "tile.bulk_copy"):
        last = -3 if name == "tile.bulk_copy" else -1
        source, tile = operands[0], operands[last]
        offsets = operands[1:last]
        read = window(source, offsets, list(ir.MemRefType(tile.type).shape)) if offsets else whole(source)
        return [Access("read", read, operation), Access("write", whole(tile), operation)]
    if name == "tile.copy_out":
        tile, destination, *offsets = operands
        written = replace(window(destination, offsets, list(ir.MemRefType(tile.type).shape)), exact=False)
        return [Access("read", whole(tile), operation), Access("write", written, operation)]
    if name == "tile.gemm_sp":
        reads = [Access("read", whole(value), operation) for value in operands]
        return [*reads, Access("write", whole(operands[-1]), operation)]
    return None


def _collect_structured(operation: ir.Operation, scope: _Scope, found: list[Access]) -> ir.Operation | None:
    """Of a structured operation the inputs are read; outputs are written, and read where the body uses their old value."""
    memrefs = [operand for operand in operation.operands if isinstance(operand.type, ir.MemRefType)]
    outputs = linalg_outputs(operation)
    count = len(outputs)
    inputs = memrefs[: len(memrefs) - count]
    arguments = list(operation.regions[0].blocks[0].arguments)
    bound = arguments[len(arguments) - count :]
    updated = [value for value, argument in zip(outputs, bound, strict=True) if next(iter(argument.uses), None) is not None]
    accesses = [Access("read", whole(value), operation) for value in inputs]
    accesses += [Access("read", whole(value), operation) for value in updated]
    # Operations in the body may load from elsewhere.
    inner: list[Access] = []
    opaque = _collect_region(operation.regions[0], scope, inner)
    accesses += [replace(access, region=_unknown_box(access.region), certain=False) for access in inner]
    accesses += [Access("write", whole(value), operation) for value in outputs]
    found += [_in_scope(access, scope) for access in accesses]
    return opaque


def operands_inside(operation: ir.Operation) -> Iterator[ir.Value]:
    """The operands of an operation and of all that is nested in it."""
    yield from operation.operands
    for region in operation.regions:
        for block in region.blocks:
            for child in block.operations:
                yield from operands_inside(child.operation)


def conjuncts(condition: ir.Value) -> tuple[ir.Value, ...]:
    """The conditions that all hold where `condition` does: canonicalization turns nested guards into one of a conjunction."""
    owner = condition.owner
    if isinstance(owner, ir.Block) or owner.operation.name != "arith.andi":
        return (condition,)
    left, right = owner.operation.operands
    return (*conjuncts(left), *conjuncts(right))


def linalg_outputs(operation: ir.Operation) -> list[ir.Value]:
    """The output operands of a structured linalg operation: its last ones."""
    operands = list(operation.operands)
    if "operandSegmentSizes" in operation.attributes:
        count = ir.DenseI32ArrayAttr(operation.attributes["operandSegmentSizes"])[1]
    else:
        count = len(operands) // 2 if operation.name == "linalg.reduce" else 1
    return operands[len(operands) - count :]


def _unknown_box(region: Region) -> Region:
    return Region(region.root, tuple(Interval(Linear(), None) for _ in region.box), False)


def _scope_inside(operation: ir.Operation, scope: _Scope) -> _Scope | None:
    """The scope of the operations inside a structured operation; None where its control flow is not known."""
    name = operation.name
    if name in ("tile.statement", "scf.execute_region"):
        return scope
    if name in ("scf.while", "scf.index_switch"):
        return replace(scope, certain=False)
    if name == "scf.for":
        low, high, step = (constant_value(operand) for operand in list(operation.operands)[:3])
        induction = operation.regions[0].blocks[0].arguments[0]
        if low is None or high is None or not step or low >= high:
            return replace(scope, certain=False)
        known = _Range(low, low + (high - low - 1) // step * step, step, induction)
        return replace(scope, ranges=(*scope.ranges, known))
    if name in ("scf.forall", "scf.parallel"):
        return _forall_scope(operation, scope)
    return None


def _forall_scope(operation: ir.Operation, scope: _Scope) -> _Scope:
    if operation.name != "scf.forall":
        return replace(scope, certain=False)
    dynamic = ir.ShapedType.get_dynamic_size()
    lows, highs, steps = (
        list(ir.DenseI64ArrayAttr(operation.attributes[f"static{part}"])) for part in ("LowerBound", "UpperBound", "Step")
    )
    ranges: list[_Range] = []
    for argument, low, high, step in zip(operation.regions[0].blocks[0].arguments, lows, highs, steps, strict=False):
        if dynamic not in (low, high, step) and low < high:
            ranges.append(_Range(low, low + (high - low - 1) // step * step, step, argument))
    certain = scope.certain and len(ranges) == len(lows)
    return replace(scope, certain=certain, ranges=(*scope.ranges, *ranges))


def _in_scope(access: Access, scope: _Scope) -> Access:
    """Replace the induction variables of enclosing loops by their ranges, and forget what varies inside the operation."""
    exact = access.region.exact
    box = list(access.region.box)
    for known in scope.ranges:
        touched = [d for d, interval in enumerate(box) if known.value in interval.start.terms]
        exact = exact and len(touched) <= 1
        for dimension in touched:
            interval = box[dimension]
            box[dimension] = _widen(interval, known)
            stride = abs(interval.start.terms[known.value]) * known.step
            exact = exact and interval.extent is not None and stride <= interval.extent
    for dimension, interval in enumerate(box):
        if any(defined_inside(value, scope.analysed) for value in interval.start.terms):
            box[dimension], exact = Interval(Linear(), None), False
    region = Region(access.region.root, tuple(box), exact)
    return replace(access, region=region, certain=access.certain and scope.certain)


def _widen(interval: Interval, known: _Range) -> Interval:
    if interval.extent is None:
        return interval
    coefficient = interval.start.terms[known.value]
    first, last = sorted((coefficient * known.low, coefficient * known.last))
    return Interval(interval.start.without(known.value) + Linear(first), interval.extent + last - first)


def defined_inside(value: ir.Value, operation: ir.Operation) -> bool:
    """Whether `value` is a result, or a block argument, of something nested in `operation`."""
    owner = value.owner
    holder = owner.owner if isinstance(owner, ir.Block) else owner.operation.parent
    while holder is not None:
        if holder.operation == operation:
            return True
        holder = holder.operation.parent
    return False
