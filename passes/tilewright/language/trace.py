"""The state of tracing one kernel: where operations go, which values may still be used, and the cache of constants."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from tilewright.diagnostics import Note, SourceLocation
from tilewright.language.dtypes import DType
from tilewright.language.source import fail, user_location
from tilewright.mlir import ir


@dataclass(eq=False)
class Scope:
    """A region that is being traced. A value belongs to the scope that it was made in and dies with it."""

    what: str
    location: SourceLocation
    block: ir.Block
    operation: ir.Operation
    open: bool = True


@dataclass(eq=False)
class Trace:
    """One kernel while its Python function runs once."""

    function: ir.Operation
    kernel_name: str
    scopes: list[Scope]
    grid: tuple[Any, ...] | None = None
    dynamic: dict[str, Any] = field(default_factory=dict)
    grid_inputs: list[ir.Value] = field(default_factory=list)
    dimensions: list[ir.Value] = field(default_factory=list)
    removable: list[ir.Operation] = field(default_factory=list)
    _constants: dict[tuple[str, str], ir.Value] = field(default_factory=dict)
    _last_constant: ir.Operation | None = None
    _abandoned: Scope | None = None

    @property
    def scope(self) -> Scope:
        return self.scopes[-1]

    def emit(
        self,
        name: str,
        operands: Sequence[ir.Value] = (),
        results: Sequence[ir.Type] = (),
        attributes: dict[str, ir.Attribute] | None = None,
        regions: int = 0,
        removable: bool = False,
        location: SourceLocation | None = None,
    ) -> ir.Operation:
        """Append an operation to the current region, located at the user's line.

        A `removable` one has no effects: it goes away at the end of the trace if nothing uses it.
        """
        self.check_not_abandoned()
        if self.scope.operation.name == "tile.specialize" and name != "tile.warp_group":
            fail("only tl.warp_group may stand directly in tl.specialize")
        operation = ir.Operation.create(
            name,
            results=list(results),
            operands=list(operands),
            attributes=attributes or {},
            regions=regions,
            loc=mlir_location(user_location() if location is None else location),
            ip=ir.InsertionPoint(self.scope.block),
        )
        if removable:
            self.removable.append(operation)
        return operation

    def check_not_abandoned(self, at_end: bool = False) -> None:
        """Raise InputError where a loop was left early: at the user's line, or, `at_end` of the kernel, at the loop."""
        if self._abandoned is not None:
            left = self._abandoned
            note = Note(f"{left.what} begins here", left.location)
            message = f"{left.what} was left with break or return; a trace sees its body once: use tl.if_ for conditions"
            fail(message, (note,), left.location if at_end else None)

    def constant(self, value: bool | int | float, dtype: DType, location: SourceLocation | None = None) -> ir.Value:
        """A constant at the top of the kernel, one for each value and type."""
        key = (dtype.name, repr(value))
        if key not in self._constants:
            at = self._last_constant
            entry = self.function.regions[0].blocks[0]
            point = ir.InsertionPoint.at_block_begin(entry) if at is None else ir.InsertionPoint.after(at)
            operation = ir.Operation.create(
                "arith.constant",
                results=[dtype.mlir()],
                attributes={"value": literal(value, dtype)},
                loc=mlir_location(user_location() if location is None else location),
                ip=point,
            )
            self._last_constant = operation
            self.removable.insert(len(self._constants), operation)
            self._constants[key] = operation.results[0]
        return self._constants[key]

    def dimension_of(self, value: ir.Value) -> ir.AffineExpr:
        """The affine dimension that stands for an index value; equal values have the same one."""
        if value not in self.dimensions:
            self.dimensions.append(value)
        return ir.AffineDimExpr.get(self.dimensions.index(value))

    @contextmanager
    def region(self, operation: ir.Operation, block: ir.Block, what: str, location: SourceLocation) -> Iterator[Scope]:
        """Trace what follows into `block`. Leaving by an exception keeps the scope, and no more can be traced after it."""
        scope = Scope(what, location, block, operation)
        self.scopes.append(scope)
        try:
            yield scope
        except GeneratorExit:
            self._abandoned = scope
            raise
        self.check_not_abandoned()
        if self.scope is not scope:
            fail(f"{self.scope.what} is still open at the end of {what}", (Note("it begins here", self.scope.location),))
        scope.open = False
        self.scopes.pop()

    def finish(self) -> None:
        """Check that every region was closed, and remove the operations that turned out not to be needed."""
        self.check_not_abandoned()
        for operation in reversed(self.removable):
            if all(next(iter(result.uses), None) is None for result in operation.results):
                operation.erase()
        self.removable.clear()
        for scope in self.scopes:
            scope.open = False


_CURRENT: ContextVar[Trace | None] = ContextVar("tilewright_trace", default=None)


def current_trace(what: str) -> Trace:
    """The kernel being traced; `what` is for the error outside of one."""
    trace = _CURRENT.get()
    if trace is None:
        fail(f"{what} is used outside a kernel; it belongs in a function decorated with @tl.kernel")
    return trace


@contextmanager
def tracing(trace: Trace) -> Iterator[None]:
    if _CURRENT.get() is not None:
        fail("a kernel is traced while another one is; build it before")
    token = _CURRENT.set(trace)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def check_alive(scope: Scope, what: str) -> None:
    """A value of a region that has ended must not be used: in a trace, its Python variable outlives it."""
    if scope.open:
        return
    note = Note(f"{scope.what} begins here", scope.location)
    fail(f"{what} belongs to {scope.what}, which has ended; keep it in a buffer instead", (note,))


def mlir_location(location: SourceLocation) -> ir.Location:
    if not location.file:
        return ir.Location.unknown()
    return ir.Location.file(location.file, location.line, location.column)


def literal(value: bool | int | float, dtype: DType) -> ir.Attribute:
    """A number as an attribute of type `dtype`. Raises InputError where the type cannot hold it."""
    if not isinstance(value, (bool, int, float)):
        fail(f"needs a number of type {dtype}, not {value!r}")
    if dtype.is_float:
        return ir.FloatAttr.get(dtype.mlir(), float(value))
    if isinstance(value, float):
        fail(f"{value} is no {dtype}; use an integer, or tl.cast")
    limit = 1 << (dtype.bits - 1)
    low, high = (0, 1) if dtype.bits == 1 else (-limit, limit - 1)
    if not low <= value <= high:
        fail(f"{value} does not fit into {dtype}, which holds {low} to {high}")
    return ir.IntegerAttr.get(dtype.mlir(), int(value))


def infinity(dtype: DType, sign: int) -> int | float:
    """The largest (`sign` 1) or smallest (-1) value of a type: infinity where there is one."""
    if dtype.name == "f8E4M3FN":
        return sign * 448.0
    if dtype.is_float:
        return sign * math.inf
    if dtype.bits == 1:
        return int(sign > 0)
    limit = 1 << (dtype.bits - 1)
    return limit - 1 if sign > 0 else -limit
