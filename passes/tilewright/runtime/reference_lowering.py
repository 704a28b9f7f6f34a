"""The input form lowered by upstream MLIR alone, to a function on memrefs for one block: the reference's compiler half.

A copy of the kernel becomes a `func.func` with the block's position as three further arguments. Memory spaces are stripped
through the types; windows that cross an edge become loops; everything else is upstream's own lowering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tilewright.diagnostics import InputError, source_location
from tilewright.ir.kernel import Kernel
from tilewright.language.upstream_errors import located_mlir_errors
from tilewright.mlir import ir, linalg, passmanager
from tilewright.runtime.reference_fp8 import convert_fp8
from tilewright.runtime.reference_scan import lower_scan
from tilewright.runtime.reference_sparse import expand_gemm_sp

FUNCTION = "block"

# bf16, f16 and 8-bit floats compute in f32 and round after each operation; bf16 and 8-bit conversions become integer
# operations, so that no compiler runtime library is needed.
LOOPS = (
    "builtin.module(func.func(convert-linalg-to-loops,scf-forall-to-for),"
    "expand-strided-metadata,lower-affine,convert-scf-to-cf,"
    "func.func(arith-emulate-unsupported-floats{source-types=bf16,f16,f8E4M3FN,f8E5M2 target-type=f32},"
    "math-extend-to-supported-types{target-type=f32}))"
)
LOWERING = (
    "builtin.module(canonicalize,arith-expand{include-bf16=true},"
    "convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,finalize-memref-to-llvm,convert-func-to-llvm,"
    "convert-cf-to-llvm,convert-index-to-llvm,reconcile-unrealized-casts)"
)

# Kinds of memref.atomic_rmw (arith.AtomicRMWKind) as operations: one block after another, none is atomic.
_ATOMICS = {
    0: "arith.addf",
    1: "arith.addi",
    2: "arith.andi",
    4: "arith.maximumf",
    5: "arith.maxnumf",
    6: "arith.maxsi",
    7: "arith.maxui",
    8: "arith.minimumf",
    9: "arith.minnumf",
    10: "arith.minsi",
    11: "arith.minui",
    12: "arith.mulf",
    13: "arith.muli",
    14: "arith.ori",
    15: "arith.xori",
}
_ASSIGN = 3


def lowered(kernel: Kernel) -> ir.Module:
    """The function `FUNCTION` in MLIR's LLVM dialect; it takes a memref for each argument, then x, y, z.

    A scalar argument is a memref of rank 0. Raises InputError, located, for what is not in the input form.
    """
    module = _as_function(kernel)
    for operation in _operations(module.operation):
        _rewrite(operation)
    _strip_spaces(module.operation)
    _free_allocations(module.operation)
    with located_mlir_errors("the reference cannot compile this: ", source_location(kernel.operation.location)):
        module.operation.verify()
        passmanager.PassManager.parse(LOOPS).run(module.operation)
        convert_fp8(module, _operations(module.operation))
        passmanager.PassManager.parse(LOWERING).run(module.operation)
    return module


def _as_function(kernel: Kernel) -> ir.Module:
    """A module with the kernel's body, copied, as a function."""
    location = kernel.operation.location
    module = ir.Module.create(loc=location)
    index = ir.IndexType.get()
    types = [a.type if a.is_memref else ir.MemRefType.get([], a.type) for a in kernel.arguments] + [index] * 3
    attributes: dict[str, ir.Attribute] = {
        "sym_name": ir.StringAttr.get(FUNCTION),
        "function_type": ir.TypeAttr.get(ir.FunctionType.get([_without_space(t) for t in types], [])),
        "llvm.emit_c_interface": ir.UnitAttr.get(),
    }
    point = ir.InsertionPoint(module.body)
    function = ir.Operation.create("func.func", attributes=attributes, regions=1, loc=location, ip=point)
    block = function.regions[0].blocks.append(*types, arg_locs=[location] * len(types))
    copied = kernel.operation.clone(ip=point)
    old = copied.regions[0].blocks[0]
    for argument, source, target in zip(kernel.arguments, old.arguments, block.arguments, strict=False):
        value = target if argument.is_memref else _create("memref.load", [target], argument.type, location, block)
        source.replace_all_uses_with(value)
    for operation in list(old.operations):
        block.append(operation.operation)
    copied.erase()
    return module


def _create(
    name: str, operands: Sequence[ir.Value], result: ir.Type, location: ir.Location, at: ir.Block | ir.Operation
) -> ir.Value:
    """An operation with one result, at the end of a block or before another operation."""
    point = ir.InsertionPoint(at)
    return ir.Operation.create(name, results=[result], operands=list(operands), loc=location, ip=point).results[0]


def _operations(root: ir.Operation) -> list[ir.Operation]:
    found: list[ir.Operation] = []

    def visit(operation: ir.Operation) -> ir.WalkResult:
        found.append(operation)
        return ir.WalkResult.ADVANCE

    root.walk(visit)
    return found


def _rewrite(operation: ir.Operation) -> None:
    """Replace what upstream's lowering to LLVM does not know, or would do through a runtime library."""
    name = operation.name
    if name in _REWRITES:
        with operation.location:
            _REWRITES[name](operation)
    elif name.startswith("tile."):
        _unsupported(operation, "is not in the input form; the reference runs that form only")
    elif name.startswith("gpu."):
        _unsupported(operation, "has no meaning for the program of one block")
    elif name == "arith.truncf" and str(operation.operands[0].type) == "f64" and str(operation.results[0].type) != "f32":
        _unsupported(operation, "rounds f64 to less than f32 at once, which the reference cannot")


def _unsupported(operation: ir.Operation, why: str) -> None:
    raise InputError(f"'{operation.name}' op {why}", source_location(operation.location))


def _block_id(operation: ir.Operation) -> None:
    position = "xyz".index(str(operation.attributes["dimension"]).removesuffix(">")[-1])
    function = operation
    while function.name != "func.func":
        parent = function.parent
        assert parent is not None
        function = parent.operation
    arguments = function.regions[0].blocks[0].arguments
    operation.results[0].replace_all_uses_with(arguments[len(arguments) - 3 + position])
    operation.erase()


def _gpu_return(operation: ir.Operation) -> None:
    ir.Operation.create("func.return", ip=ir.InsertionPoint(operation))
    operation.erase()


def _memref_copy(operation: ir.Operation) -> None:
    with ir.InsertionPoint(operation):
        linalg.copy(operation.operands[0], outs=[operation.operands[1]])
    operation.erase()


def _space_cast(operation: ir.Operation) -> None:
    operation.results[0].replace_all_uses_with(operation.operands[0])
    operation.erase()


def _atomic(operation: ir.Operation) -> None:
    kind = ir.IntegerAttr(operation.attributes["kind"]).value
    value, memory, *subscripts = operation.operands
    location = operation.location
    old = _create("memref.load", [memory, *subscripts], value.type, location, operation)
    new = value if kind == _ASSIGN else _create(_ATOMICS[kind], [old, value], value.type, location, operation)
    ir.Operation.create("memref.store", operands=[new, memory, *subscripts], ip=ir.InsertionPoint(operation))
    operation.results[0].replace_all_uses_with(old)
    operation.erase()


def _copy_in(operation: ir.Operation) -> None:
    source, *offsets, tile = operation.operands
    element = ir.MemRefType(tile.type).element_type
    pad = operation.attributes["pad"] if "pad" in operation.attributes else _zero(element)
    padding = _constant(pad, operation)
    with _elements(operation, source, offsets, tile) as (inside, outer, inner, block):
        chosen = ir.Operation.create("scf.if", results=[element], operands=[inside], regions=2, ip=ir.InsertionPoint(block))
        then, otherwise = (region.blocks.append() for region in chosen.regions)
        loaded = _create("memref.load", [source, *outer], element, operation.location, then)
        ir.Operation.create("scf.yield", operands=[loaded], ip=ir.InsertionPoint(then))
        ir.Operation.create("scf.yield", operands=[padding], ip=ir.InsertionPoint(otherwise))
        ir.Operation.create("memref.store", operands=[chosen.results[0], tile, *inner], ip=ir.InsertionPoint(block))
    operation.erase()


def _copy_out(operation: ir.Operation) -> None:
    tile, destination, *offsets = operation.operands
    element = ir.MemRefType(tile.type).element_type
    with _elements(operation, destination, offsets, tile) as (inside, outer, inner, block):
        guard = ir.Operation.create("scf.if", operands=[inside], regions=2, ip=ir.InsertionPoint(block))
        then = guard.regions[0].blocks.append()
        loaded = _create("memref.load", [tile, *inner], element, operation.location, then)
        ir.Operation.create("memref.store", operands=[loaded, destination, *outer], ip=ir.InsertionPoint(then))
        ir.Operation.create("scf.yield", ip=ir.InsertionPoint(then))
    operation.erase()


def _zero(element: ir.Type) -> ir.Attribute:
    integer = isinstance(element, (ir.IntegerType, ir.IndexType))
    return ir.IntegerAttr.get(element, 0) if integer else ir.FloatAttr.get(element, 0.0)


def _constant(value: ir.Attribute, before: ir.Operation) -> ir.Value:
    typed = value.type  # type: ignore[attr-defined]
    created = ir.Operation.create("arith.constant", results=[typed], attributes={"value": value}, ip=ir.InsertionPoint(before))
    return created.results[0]


@contextmanager
def _elements(
    operation: ir.Operation, memory: ir.Value, offsets: Sequence[ir.Value], tile: ir.Value
) -> Iterator[tuple[ir.Value, list[ir.Value], list[ir.Value], ir.Block]]:
    """Loops over the elements of `tile`: is one inside `memory`, its subscripts there, those in the tile, the body."""
    index, location = ir.IndexType.get(), operation.location
    zero, one = (_constant(ir.IntegerAttr.get(index, value), operation) for value in (0, 1))
    dropped = len(offsets) - ir.MemRefType(tile.type).rank
    extents = [_extent(memory, dimension, operation) for dimension in range(len(offsets))]
    at: ir.Block | ir.Operation = operation
    loops: list[ir.Block] = []
    bounds = [_constant(ir.IntegerAttr.get(index, size), operation) for size in ir.MemRefType(tile.type).shape]
    for bound in bounds:
        loop = ir.Operation.create("scf.for", operands=[zero, bound, one], regions=1, ip=ir.InsertionPoint(at))
        at = loop.regions[0].blocks.append(index)
        loops.append(at)
    if not isinstance(at, ir.Block):
        _unsupported(operation, "copies a tile of rank 0")
        return
    inner: list[ir.Value] = [block.arguments[0] for block in loops]
    outer = list(offsets[:dropped])
    outer += [_create("arith.addi", pair, index, location, at) for pair in zip(offsets[dropped:], inner, strict=True)]
    inside = _constant_in(ir.IntegerAttr.get(ir.IntegerType.get_signless(1), 1), at)
    for subscript, extent in zip(outer, extents, strict=True):
        inside = _create("arith.andi", [inside, _compare(subscript, extent, at)], inside.type, location, at)
    yield inside, outer, inner, at
    for block in loops:
        ir.Operation.create("scf.yield", ip=ir.InsertionPoint(block))


def _constant_in(value: ir.IntegerAttr, block: ir.Block) -> ir.Value:
    point = ir.InsertionPoint(block)
    return ir.Operation.create("arith.constant", results=[value.type], attributes={"value": value}, ip=point).results[0]


def _compare(subscript: ir.Value, extent: ir.Value, block: ir.Block) -> ir.Value:
    """0 <= subscript < extent: one unsigned comparison (predicate 6), as extents are not negative."""
    i64, i1 = ir.IntegerType.get_signless(64), ir.IntegerType.get_signless(1)
    predicate = {"predicate": ir.IntegerAttr.get(i64, 6)}
    point = ir.InsertionPoint(block)
    return ir.Operation.create(
        "arith.cmpi", results=[i1], operands=[subscript, extent], attributes=predicate, ip=point
    ).results[0]


def _extent(memory: ir.Value, dimension: int, before: ir.Operation) -> ir.Value:
    at = _constant(ir.IntegerAttr.get(ir.IndexType.get(), dimension), before)
    return _create("memref.dim", [memory, at], ir.IndexType.get(), before.location, before)


_REWRITES: dict[str, Callable[[ir.Operation], None]] = {
    "gpu.block_id": _block_id,
    "gpu.return": _gpu_return,
    "memref.copy": _memref_copy,
    "memref.memory_space_cast": _space_cast,
    "memref.atomic_rmw": _atomic,
    "tile.copy_in": _copy_in,
    "tile.copy_out": _copy_out,
    "tile.gemm_sp": expand_gemm_sp,
    "tile.scan": lower_scan,
}


def _without_space(type_: ir.Type) -> ir.Type:
    if not isinstance(type_, ir.MemRefType) or type_.memory_space is None:
        return type_
    return ir.MemRefType.get(type_.shape, type_.element_type, type_.layout)


def _strip_spaces(root: ir.Operation) -> None:
    """One memory for all: every memref type loses its space."""
    for operation in _operations(root):
        values: list[ir.Value] = list(operation.results)
        values += [argument for region in operation.regions for block in region.blocks for argument in block.arguments]
        for value in values:
            stripped = _without_space(value.type)
            if stripped != value.type:
                value.set_type(stripped)


def _free_allocations(root: ir.Operation) -> None:
    """Each buffer is freed at the end of the block that it was allocated in."""
    for operation in _operations(root):
        if operation.name == "memref.alloc":
            end = operation.block.operations[-1]
            ir.Operation.create(
                "memref.dealloc", operands=[operation.results[0]], loc=operation.location, ip=ir.InsertionPoint(end)
            )
