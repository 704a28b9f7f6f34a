"""`tile.scan` of the reference's module as loops: one along the dimension, which carries the result, in those of the others."""

from __future__ import annotations

from tilewright.mlir import ir

_COMBINERS = {
    "sum": ("arith.addf", "arith.addi"),
    "max": ("arith.maximumf", "arith.maxsi"),
    "min": ("arith.minimumf", "arith.minsi"),
}


def lower_scan(operation: ir.Operation) -> None:
    """Replace a scan; the current location is its own."""
    source, destination = operation.operands
    memory = ir.MemRefType(source.type)
    dimension = ir.IntegerAttr(operation.attributes["dimension"]).value
    extent = memory.shape[dimension]
    reverse = ir.BoolAttr(operation.attributes["reverse"]).value
    is_float = isinstance(memory.element_type, ir.FloatType)
    combiner = _COMBINERS[ir.StringAttr(operation.attributes["kind"]).value][not is_float]
    point = ir.InsertionPoint(operation)
    subscripts: list[ir.Value] = []
    blocks: list[ir.Block] = []
    for position, size in enumerate(memory.shape):
        if position == dimension:
            continue
        loop = _loop(point, 0, size)
        blocks.append(loop.regions[0].blocks.append(ir.IndexType.get()))
        subscripts.append(blocks[-1].arguments[0])
        point = ir.InsertionPoint(blocks[-1])

    def place(along: ir.Value) -> list[ir.Value]:
        return [*subscripts[:dimension], along, *subscripts[dimension:]]

    first = place(_index(point, extent - 1 if reverse else 0))
    carried = _emit(point, "memref.load", [source, *first], memory.element_type)
    ir.Operation.create("memref.store", operands=[carried, destination, *first], ip=point)
    loop = _loop(point, 1, extent, carried)
    block = loop.regions[0].blocks.append(ir.IndexType.get(), memory.element_type)
    inside = ir.InsertionPoint(block)
    along: ir.Value = block.arguments[0]
    if reverse:
        along = _emit(inside, "arith.subi", [_index(inside, extent - 1), along], along.type)
    element = _emit(inside, "memref.load", [source, *place(along)], memory.element_type)
    combined = _emit(inside, combiner, [block.arguments[1], element], memory.element_type)
    ir.Operation.create("memref.store", operands=[combined, destination, *place(along)], ip=inside)
    ir.Operation.create("scf.yield", operands=[combined], ip=inside)
    for outer in blocks:
        ir.Operation.create("scf.yield", ip=ir.InsertionPoint(outer))
    operation.erase()


def _loop(point: ir.InsertionPoint, low: int, high: int, carried: ir.Value | None = None) -> ir.Operation:
    bounds = [_index(point, value) for value in (low, high, 1)]
    operands = bounds if carried is None else [*bounds, carried]
    results = [] if carried is None else [carried.type]
    return ir.Operation.create("scf.for", results=results, operands=operands, regions=1, ip=point)


def _index(point: ir.InsertionPoint, value: int) -> ir.Value:
    index = ir.IndexType.get()
    return ir.Operation.create(
        "arith.constant", results=[index], attributes={"value": ir.IntegerAttr.get(index, value)}, ip=point
    ).results[0]


def _emit(point: ir.InsertionPoint, name: str, operands: list[ir.Value], result: ir.Type) -> ir.Value:
    return ir.Operation.create(name, results=[result], operands=operands, ip=point).results[0]
