"""The 2:4 sparse product for the reference: a function of loops for each, which `tile.gemm_sp` becomes a call of."""

from __future__ import annotations

from tilewright.mlir import ir

# Each kept element is multiplied with the row of B that its two bits of metadata name.
_FUNCTION = """
func.func private @{name}(%A: {a}, %E: {metadata}, %B: {b}, %C: {accumulator}) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %width = arith.constant {width} : index
  %three = arith.constant 3 : {word}
  %rows = arith.constant {rows} : index
  %columns = arith.constant {columns} : index
  %kept = arith.constant {kept} : index
  scf.for %m = %c0 to %rows step %c1 {{
    scf.for %n = %c0 to %columns step %c1 {{
      scf.for %p = %c0 to %kept step %c1 {{
        %bit = arith.muli %p, %c2 : index
        %at = arith.divui %bit, %width : index
        %shift = arith.remui %bit, %width : index
        %word = memref.load %E[%m, %at] : {metadata}
        %amount = arith.index_cast %shift : index to {word}
        %shifted = arith.shrui %word, %amount : {word}
        %position = arith.andi %shifted, %three : {word}
        %place = arith.index_cast %position : {word} to index
        %group = arith.divui %p, %c2 : index
        %first = arith.muli %group, %c4 : index
        %k = arith.addi %first, %place : index
        %left = memref.load %A[%m, %p] : {a}
        %right = memref.load %B[{b_place}] : {b}
        %old = memref.load %C[%m, %n] : {accumulator}
        {widen_left}
        {widen_right}
        %product = arith.mul{kind} %wide_left, %wide_right : {sum}
        %new = arith.add{kind} %old, %product : {sum}
        memref.store %new, %C[%m, %n] : {accumulator}
      }}
    }}
  }}
  return
}}
"""


def expand_gemm_sp(operation: ir.Operation) -> None:
    """Put the function of `operation` into its module, and call it instead."""
    top = operation
    while top.parent is not None:
        top = top.parent.operation
    block = top.regions[0].blocks[0]
    name = f"gemm_sp_{len(list(block.operations))}"
    function = ir.Module.parse(_text(operation, name))
    function.body.operations[0].operation.clone(ip=ir.InsertionPoint(block))
    callee = {"callee": ir.FlatSymbolRefAttr.get(name)}
    ir.Operation.create("func.call", operands=list(operation.operands), attributes=callee, ip=ir.InsertionPoint(operation))
    operation.erase()


def _text(operation: ir.Operation, name: str) -> str:
    a, metadata, b, accumulator = (ir.MemRefType(operand.type) for operand in operation.operands)
    transposed = "transpose_b" in operation.attributes and ir.BoolAttr(operation.attributes["transpose_b"]).value
    integer = isinstance(accumulator.element_type, ir.IntegerType)
    return _FUNCTION.format(
        name=name,
        a=_spaceless(a),
        metadata=_spaceless(metadata),
        b=_spaceless(b),
        accumulator=_spaceless(accumulator),
        width=metadata.element_type.width,
        word=metadata.element_type,
        rows=a.shape[0],
        columns=accumulator.shape[1],
        kept=a.shape[1],
        b_place="%n, %k" if transposed else "%k, %n",
        widen_left=_widened("left", a.element_type, accumulator.element_type),
        widen_right=_widened("right", b.element_type, accumulator.element_type),
        kind="i" if integer else "f",
        sum=accumulator.element_type,
    )


def _widened(value: str, source: ir.Type, target: ir.Type) -> str:
    if source == target:
        return f"%wide_{value} = arith.bitcast %{value} : {source} to {target}"
    operation = "arith.extsi" if isinstance(target, ir.IntegerType) else "arith.extf"
    return f"%wide_{value} = {operation} %{value} : {source} to {target}"


def _spaceless(memref: ir.MemRefType) -> ir.MemRefType:
    """Memory spaces are stripped from the whole module afterwards."""
    return ir.MemRefType.get(memref.shape, memref.element_type, memref.layout)
