"""Kernels: a decorated Python function, and its tile IR."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tilewright import mlir
from tilewright.diagnostics import InputError, SourceLocation
from tilewright.language import dtypes
from tilewright.language.buffers import GLOBAL, Buffer
from tilewright.language.dtypes import DType, as_dtype
from tilewright.language.indices import dimensions_of, renumbered_map
from tilewright.language.scalar import Dynamic, constant_of, scalar_of
from tilewright.language.source import USER_ERRORS, fail, located_user_errors
from tilewright.language.structure import check_structure
from tilewright.language.trace import Scope, Trace, mlir_location, tracing
from tilewright.language.upstream_errors import located_mlir_errors
from tilewright.mlir import ir


class Tensor:
    """The type of an array argument: a shape of integers and `tl.dynamic` dimensions, and an element type."""

    shape: tuple[int | Dynamic, ...]
    dtype: DType

    def __init__(self, shape: Any, dtype: DType | str) -> None:
        self.shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        self.dtype = as_dtype(dtype)
        for extent in self.shape:
            legal = isinstance(extent, Dynamic) or (isinstance(extent, int) and not isinstance(extent, bool) and extent >= 0)
            if not legal:
                fail(f"a tensor has extent {extent!r}; each is an integer of at least 0, or tl.dynamic(name)")

    def mlir(self) -> ir.MemRefType:
        dynamic = ir.ShapedType.get_dynamic_size()
        shape = [extent if isinstance(extent, int) else dynamic for extent in self.shape]
        return ir.MemRefType.get(shape, self.dtype.mlir())


def dynamic(name: str) -> Dynamic:
    """A dimension that is known at launch. Within a kernel, dimensions of one name are one value."""
    if not isinstance(name, str) or not name.isidentifier():
        fail(f"a dynamic dimension is named by an identifier, not {name!r}")
    return Dynamic(name)


@dataclass(frozen=True, eq=False)
class Kernel:
    """A kernel in Python. `module` and `text` trace it, anew at each call; `threads` compute one block."""

    function: Callable[..., None]
    name: str
    threads: int
    arguments: dict[str, Tensor | DType]
    location: SourceLocation

    def module(self) -> ir.Module:
        """The kernel in a module of the current MLIR context (see `tilewright.mlir.context`)."""
        if ir.Context.current is None:
            raise RuntimeError("Kernel.module needs a current MLIR context; Kernel.text opens its own")
        with ir.Location.unknown():
            module = _trace(self)
            with located_mlir_errors("", self.location):
                module.operation.verify()
        return module

    def text(self, *, debug_info: bool = False) -> str:
        """The kernel's tile IR; `debug_info` prints the locations in the Python file."""
        if ir.Context.current is not None:
            return self._text(debug_info)
        with mlir.context():
            return self._text(debug_info)

    def _text(self, debug_info: bool) -> str:
        operation = self.module().operation
        return str(operation.get_asm(enable_debug_info=debug_info, use_name_loc_as_prefix=True))

    def __call__(self, *_: Any, **__: Any) -> None:
        fail(f"kernel '{self.name}' is not called from Python: print its text(), or give its file to tile-run")


def kernel(*, threads: int, name: str | None = None) -> Callable[[Callable[..., None]], Kernel]:
    """Make a kernel of a function whose parameters are annotated with `tl.Tensor(...)` or an element type.

    `threads` compute one block. The function is run once to trace it, whenever the kernel's IR is asked for.
    """
    if callable(threads):
        fail("tl.kernel takes arguments: @tl.kernel(threads=128)")
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        fail(f"a kernel has threads = {threads!r}; it must be a positive integer")

    def decorate(function: Callable[..., None]) -> Kernel:
        code = function.__code__
        location = SourceLocation(code.co_filename, code.co_firstlineno, 1)
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            fail("a kernel is a plain function: with yield or async its body would not run", (), location)
        return Kernel(function, name or function.__name__, threads, _arguments(function, location), location)

    return decorate


def _arguments(function: Callable[..., None], location: SourceLocation) -> dict[str, Tensor | DType]:
    arguments: dict[str, Tensor | DType] = {}
    for parameter in inspect.signature(function).parameters.values():
        declared = _declared(function, parameter.annotation, location)
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or not isinstance(declared, (Tensor, DType)):
            shown = "nothing" if declared is parameter.empty else repr(declared)
            expected = "tl.Tensor(shape, dtype) for an array, an element type such as tl.i32 for a scalar"
            fail(f"parameter '{parameter.name}' is annotated with {shown}; write {expected}", (), location)
        arguments[parameter.name] = declared
    return arguments


def _declared(function: Callable[..., None], annotation: Any, location: SourceLocation) -> Any:
    """An annotation as a value: a dtype's name is one, other strings come from ``from __future__ import annotations``."""
    if not isinstance(annotation, str):
        return annotation
    if annotation in dtypes.DTYPES:
        return as_dtype(annotation)
    closure = inspect.getclosurevars(function)
    try:
        return eval(annotation, function.__globals__, dict(closure.nonlocals))
    except USER_ERRORS as error:
        message = f"cannot evaluate the annotation {annotation} ({error}): remove 'from __future__ import annotations'"
        raise InputError(message, location) from error


def _trace(kernel: Kernel) -> ir.Module:
    """Run the function once, and return what it did as a module."""
    location = mlir_location(kernel.location)
    types = [a.mlir() for a in kernel.arguments.values()]
    module = ir.Module.create(loc=location)
    holder = ir.Operation.create(
        "gpu.module",
        attributes={"sym_name": ir.StringAttr.get("kernels")},
        regions=1,
        loc=location,
        ip=ir.InsertionPoint(module.body),
    )
    function = _function(kernel, types, ir.InsertionPoint(holder.regions[0].blocks.append()), location)
    names = [ir.Location.name(name, location) for name in kernel.arguments]
    block = function.regions[0].blocks.append(*types, arg_locs=names)
    trace = Trace(function, kernel.name, [Scope(f"kernel '{kernel.name}'", kernel.location, block, function)])
    with tracing(trace):
        values = _argument_values(kernel, trace, block)
        check_structure(kernel.function)
        with located_user_errors(kernel.location, kernel.function.__code__.co_filename):
            kernel.function(**values)
            trace.check_not_abandoned(at_end=True)
        _set_grid(trace, kernel.location)
        trace.emit("gpu.return", location=kernel.location)
        trace.finish()
    return module


def _function(kernel: Kernel, types: list[ir.Type], point: ir.InsertionPoint, location: ir.Location) -> ir.Operation:
    names = [ir.DictAttr.get({"tile.name": ir.StringAttr.get(name)}) for name in kernel.arguments]
    attributes: dict[str, ir.Attribute] = {
        "sym_name": ir.StringAttr.get(kernel.name),
        "function_type": ir.TypeAttr.get(ir.FunctionType.get(types, [])),
        "arg_attrs": ir.ArrayAttr.get(names),
        "kernel": ir.UnitAttr.get(),
        "known_block_size": ir.DenseI32ArrayAttr.get([kernel.threads, 1, 1]),
    }
    return ir.Operation.create("gpu.func", attributes=attributes, regions=1, loc=location, ip=point)


def _argument_values(kernel: Kernel, trace: Trace, block: ir.Block) -> dict[str, Any]:
    """What the function's parameters are: buffers and scalars; dynamic dimensions become values of the trace."""
    values: dict[str, Any] = {}
    dimensions: list[ir.Value] = []
    for (name, declared), value in zip(kernel.arguments.items(), block.arguments, strict=True):
        if isinstance(declared, DType):
            values[name] = scalar_of(trace, value, declared)
            trace.grid_inputs += [] if declared.is_float else [value]
            continue
        values[name] = Buffer(value, declared.dtype, declared.shape, GLOBAL, name, trace.scope)
        for position, extent in enumerate(declared.shape):
            if isinstance(extent, Dynamic):
                at = trace.constant(position, dtypes.index, kernel.location)
                types = [ir.IndexType.get()]
                operation = trace.emit("memref.dim", [value, at], types, removable=True, location=kernel.location)
                dimension = operation.results[0]
                dimensions.append(dimension)
                trace.dynamic.setdefault(extent.name, scalar_of(trace, dimension, dtypes.index))
    trace.grid_inputs += dimensions
    return values


def _set_grid(trace: Trace, location: SourceLocation) -> None:
    """known_grid_size where all extents are constant, else `tile.grid` over integer arguments and dynamic dimensions."""
    extents = trace.grid or ()
    known = [constant_of(extent) for extent in extents]
    if None not in known:
        sizes = ([*known, 1, 1, 1])[:3]
        trace.function.attributes["known_grid_size"] = ir.DenseI32ArrayAttr.get([size or 1 for size in sizes])
        return
    expressions = [extent.affine for extent in extents]
    places = {p: i for i, value in enumerate(trace.grid_inputs) for p in _dimensions_for(trace, value)}
    if not set().union(*(dimensions_of(expression) for expression in expressions)) <= set(places):
        fail("the grid depends on what the kernel computes; it may use dynamic dimensions and integer arguments", (), location)
    affine_map = renumbered_map(expressions, places, len(trace.grid_inputs), len(trace.dimensions))
    trace.function.attributes["tile.grid"] = ir.AffineMapAttr.get(affine_map)


def _dimensions_for(trace: Trace, value: ir.Value) -> list[int]:
    """The trace's dimensions that are this input of the grid: the value, or its cast to index."""
    found: list[int] = []
    for position, dimension in enumerate(trace.dimensions):
        owner = dimension.owner
        operation = None if isinstance(owner, ir.Block) else owner.operation
        is_cast = operation is not None and operation.name == "arith.index_cast" and operation.operands[0] == value
        if dimension == value or is_cast:
            found.append(position)
    return found
