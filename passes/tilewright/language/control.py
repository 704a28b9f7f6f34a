"""Control flow of a kernel: the grid, parallel and sequential loops, conditions.

A loop's body is traced once, with the loop variable standing for every iteration. What must live from one iteration to
the next is kept in a buffer: Python variables are not carried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tilewright.diagnostics import SourceLocation
from tilewright.language import dtypes
from tilewright.language.scalar import Scalar, as_index, coerce, constant_of, scalar_of
from tilewright.language.source import fail, user_location
from tilewright.language.trace import Trace, current_trace, mlir_location
from tilewright.mlir import ir

_SCHEDULED = (
    "memref.atomic_rmw",
    "memref.copy",
    "memref.store",
    "scf.forall",
    "scf.for",
    "scf.while",
    "tile.copy_in",
    "tile.copy_out",
    "tile.gemm_sp",
    "tile.scan",
)


def grid(*extents: Any) -> Any:
    """Set the number of blocks in x, y and z, and return this block's position in each: a Scalar, or a tuple of them.

    An extent is an integer, or an expression of dynamic dimensions and integer arguments.
    """
    trace = current_trace("tl.grid")
    if trace.grid is not None:
        fail("tl.grid was called already; a kernel has one grid")
    if not 1 <= len(extents) <= 3:
        fail(f"tl.grid takes 1 to 3 extents, not {len(extents)}")
    trace.grid = tuple(as_index(extent, f"extent {i} of the grid") for i, extent in enumerate(extents))
    for extent in trace.grid:
        known = constant_of(extent)
        if known is not None and known < 1:
            fail(f"the grid has extent {known}; each is at least 1")
    attributes = [ir.Attribute.parse(f"#gpu<dim {axis}>") for axis in "xyz"[: len(extents)]]
    blocks = [trace.emit("gpu.block_id", [], [ir.IndexType.get()], {"dimension": a}) for a in attributes]
    positions = [scalar_of(trace, block.results[0], dtypes.index) for block in blocks]
    return tuple(positions) if len(positions) > 1 else positions[0]


def _index_block(region: ir.Region, count: int, location: SourceLocation) -> ir.Block:
    return region.blocks.append(*[ir.IndexType.get()] * count, arg_locs=[mlir_location(location)] * count)


def _terminate(trace: Trace, name: str, block: ir.Block, location: SourceLocation, operands: Sequence[ir.Value] = ()) -> None:
    ir.Operation.create(name, operands=list(operands), loc=mlir_location(location), ip=ir.InsertionPoint(block))


def parallel(*extents: Any) -> Iterator[Any]:
    """Loop over all subscripts below `extents`, in no order: ``for i, j in tl.parallel(64, 32)``; one gives one index."""
    trace = current_trace("tl.parallel")
    location = user_location()
    if not extents:
        fail("tl.parallel needs at least one extent")
    uppers = [as_index(extent, f"extent {i} of tl.parallel") for i, extent in enumerate(extents)]
    known = [constant_of(upper) for upper in uppers]
    operands = [upper.value for upper, constant in zip(uppers, known, strict=True) if constant is None]
    count, dynamic = len(uppers), ir.ShapedType.get_dynamic_size()
    attributes = {
        "staticLowerBound": ir.DenseI64ArrayAttr.get([0] * count),
        "staticUpperBound": ir.DenseI64ArrayAttr.get([dynamic if c is None else c for c in known]),
        "staticStep": ir.DenseI64ArrayAttr.get([1] * count),
        "operandSegmentSizes": ir.DenseI32ArrayAttr.get([0, len(operands), 0, 0]),
    }
    operation = trace.emit("scf.forall", operands, [], attributes, regions=1)
    block = _index_block(operation.regions[0], count, location)
    with trace.region(operation, block, "the tl.parallel loop", location):
        indices = tuple(scalar_of(trace, argument, dtypes.index) for argument in block.arguments)
        yield indices if count > 1 else indices[0]
    end = ir.Operation.create("scf.forall.in_parallel", regions=1, loc=mlir_location(location), ip=ir.InsertionPoint(block))
    end.regions[0].blocks.append()


def serial(start: Any, stop: Any = None, step: Any = 1) -> Iterator[Scalar]:
    """A sequential loop like range: ``tl.serial(stop)`` or ``tl.serial(start, stop, step)``; the step is positive."""
    yield from _loop("the tl.serial loop", start, stop, step, {})


def pipelined(
    start: Any,
    stop: Any = None,
    *,
    num_stages: int,
    stage: Sequence[int] | None = None,
    order: Sequence[int] | None = None,
    strategy: str | None = None,
) -> Iterator[Scalar]:
    """A sequential loop whose copies run up to `num_stages` - 1 iterations ahead.

    `stage` and `order` together schedule by hand, one number each for every statement that writes in the body, in program
    order: copies, products, fills, reductions (with clear, a fill comes before it), loops, single elements. A tl.if_
    without tl.else_ is not a statement, what it guards is. `strategy` (async, warp_specialize, none) overrides the
    planner's choice.
    """
    current_trace("tl.pipelined")
    if isinstance(num_stages, bool) or not isinstance(num_stages, int) or num_stages < 1:
        fail(f"tl.pipelined has num_stages = {num_stages!r}; it must be an integer of at least 1")
    if (stage is None) != (order is None):
        fail("tl.pipelined takes stage and order together, or neither")
    attributes: dict[str, ir.Attribute] = {"tile.num_stages": _i32(num_stages)}
    if strategy is not None:
        attributes["tile.strategy"] = ir.StringAttr.get(strategy)
    schedule = {"tile.stage": stage, "tile.order": order}
    yield from _loop("the tl.pipelined loop", start, stop, 1, attributes, schedule)


def _i32(value: int) -> ir.IntegerAttr:
    return ir.IntegerAttr.get(dtypes.i32.mlir(), value)


def _loop(
    what: str,
    start: Any,
    stop: Any,
    step: Any,
    attributes: dict[str, ir.Attribute],
    schedule: dict[str, Sequence[int] | None] | None = None,
) -> Iterator[Scalar]:
    trace = current_trace(what)
    location = user_location()
    lower, upper = (0, start) if stop is None else (start, stop)
    bounds = [as_index(bound, f"a bound of {what}") for bound in (lower, upper, step)]
    known = constant_of(bounds[2])
    if known is not None and known < 1:
        fail(f"{what} has step {known}; it must be positive")
    operation = trace.emit("scf.for", [bound.value for bound in bounds], [], attributes, regions=1)
    block = _index_block(operation.regions[0], 1, location)
    with trace.region(operation, block, what, location):
        yield scalar_of(trace, block.arguments[0], dtypes.index)
    for name, numbers in (schedule or {}).items():
        if numbers is not None:
            _annotate(block, name, list(numbers), location)
    _terminate(trace, "scf.yield", block, location)


def _annotate(block: ir.Block, name: str, numbers: list[int], location: SourceLocation) -> None:
    statements = list(_statements(block))
    word = name.removeprefix("tile.")
    if len(statements) != len(numbers):
        listed = ", ".join(statement.name for statement in statements)
        fail(f"the loop has {len(statements)} statements ({listed}), and {word} has {len(numbers)} numbers", (), location)
    for statement, number in zip(statements, numbers, strict=True):
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            fail(f"{word} has {number!r}; each is an integer of at least 0", (), location)
        statement.attributes[name] = _i32(number)


def _statements(block: ir.Block) -> Iterator[ir.Operation]:
    """The statements of a loop body; a condition without else stands for those in it."""
    for view in block.operations:
        operation = view.operation
        is_condition = operation.name == "scf.if"
        if is_condition and not list(operation.regions[1].blocks):
            yield from _statements(operation.regions[0].blocks[0])
        elif is_condition or operation.name in _SCHEDULED or operation.name.startswith("linalg."):
            yield operation


@contextmanager
def if_(condition: Any) -> Iterator[None]:
    """``with tl.if_(condition):`` runs its body where the condition, an i1, holds."""
    trace = current_trace("tl.if_")
    location = user_location()
    if isinstance(condition, bool):
        fail("tl.if_ needs a condition of the kernel; this one is known while tracing: use Python's if")
    operation = trace.emit("scf.if", [coerce(condition, dtypes.i1).value], regions=2)
    block = operation.regions[0].blocks.append()
    with trace.region(operation, block, "the tl.if_", location):
        yield
    _terminate(trace, "scf.yield", block, location)


@contextmanager
def else_() -> Iterator[None]:
    """``with tl.else_():`` directly after a tl.if_ runs its body where the condition did not hold."""
    trace = current_trace("tl.else_")
    location = user_location()
    operations = list(trace.scope.block.operations)
    operation = operations[-1].operation if operations else None
    if operation is None or operation.name != "scf.if" or len(operation.regions[1].blocks) > 0:
        fail("tl.else_ must follow a tl.if_ directly")
    block = operation.regions[1].blocks.append()
    with trace.region(operation, block, "the tl.else_", location):
        yield
    _terminate(trace, "scf.yield", block, location)


@contextmanager
def while_(condition: Callable[[], Scalar]) -> Iterator[None]:
    """``with tl.while_(lambda: count[0] < n):`` repeats its body while the condition, evaluated before each pass, holds."""
    trace = current_trace("tl.while_")
    location = user_location()
    if not callable(condition):
        fail("tl.while_ needs a function that computes its condition: tl.while_(lambda: count[0] < n)")
    operation = trace.emit("scf.while", regions=2)
    before = operation.regions[0].blocks.append()
    with trace.region(operation, before, "the condition of tl.while_", location):
        holds = coerce(condition(), dtypes.i1).value
    _terminate(trace, "scf.condition", before, location, [holds])
    body = operation.regions[1].blocks.append()
    with trace.region(operation, body, "the tl.while_ loop", location):
        yield
    _terminate(trace, "scf.yield", body, location)
