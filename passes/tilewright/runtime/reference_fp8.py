"""Conversions of 8-bit floats as functions of the reference's module: upstream lowers the types to i8, and no conversion.

Extension is exact. Truncation rounds to nearest, ties to even; what is too large becomes NaN in f8E4M3FN, which has no
infinity, and infinity in f8E5M2.
"""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.mlir import ir

FLOATS = ("f8E4M3FN", "f8E5M2")

# A byte shifted to where f32 has the exponent's lowest bits is 2^120 times too small; subnormals come out right as well.
_EXTEND_E4M3FN = """
func.func private @extend_f8E4M3FN(%byte: i8) -> f32 {
  %wide = arith.extui %byte : i8 to i32
  %mask = arith.constant 127 : i32
  %place = arith.constant 20 : i32
  %nan_bits = arith.constant 2143289344 : i32
  %sign_place = arith.constant 31 : i32
  %seven = arith.constant 7 : i32
  %scale = arith.constant 0x7B800000 : f32
  %magnitude = arith.andi %wide, %mask : i32
  %shifted = arith.shli %magnitude, %place : i32
  %small = arith.bitcast %shifted : i32 to f32
  %absolute = arith.mulf %small, %scale : f32
  %bits = arith.bitcast %absolute : f32 to i32
  %is_nan = arith.cmpi eq, %magnitude, %mask : i32
  %chosen = arith.select %is_nan, %nan_bits, %bits : i32
  %sign = arith.shrui %wide, %seven : i32
  %high = arith.shli %sign, %sign_place : i32
  %result = arith.ori %chosen, %high : i32
  %float = arith.bitcast %result : i32 to f32
  return %float : f32
}
"""
_EXTEND_E5M2 = """
func.func private @extend_f8E5M2(%byte: i8) -> f32 {
  %wide = arith.extui %byte : i8 to i16
  %eight = arith.constant 8 : i16
  %shifted = arith.shli %wide, %eight : i16
  %half = arith.bitcast %shifted : i16 to f16
  %float = arith.extf %half : f16 to f32
  return %float : f32
}
"""
# Normal values round in the integer that their bits are; subnormal ones by adding the power of two whose last place in f32
# is the smallest subnormal.
_TRUNCATE = """
func.func private @truncate_{name}(%float: f32) -> i8 {{
  %absolute = math.absf %float : f32
  %bits = arith.bitcast %absolute : f32 to i32
  %all = arith.bitcast %float : f32 to i32
  %one = arith.constant 1 : i32
  %place = arith.constant {place} : i32
  %half = arith.constant {half} : i32
  %rebias = arith.constant {rebias} : i32
  %shifted = arith.shrui %bits, %place : i32
  %odd = arith.andi %shifted, %one : i32
  %raised = arith.addi %bits, %half : i32
  %rounded = arith.addi %raised, %odd : i32
  %exponent = arith.shrui %rounded, %place : i32
  %normal = arith.subi %exponent, %rebias : i32
  %magic = arith.constant {magic} : f32
  %magic_bits = arith.bitcast %magic : f32 to i32
  %sum = arith.addf %absolute, %magic : f32
  %sum_bits = arith.bitcast %sum : f32 to i32
  %subnormal = arith.subi %sum_bits, %magic_bits : i32
  %smallest = arith.constant {smallest} : f32
  %is_small = arith.cmpf olt, %absolute, %smallest : f32
  %finite = arith.select %is_small, %subnormal, %normal : i32
  %largest = arith.constant {largest} : i32
  %too_large = arith.constant {too_large} : i32
  %overflows = arith.cmpi sgt, %finite, %largest : i32
  %bounded = arith.select %overflows, %too_large, %finite : i32
  %nan = arith.constant 127 : i32
  %is_nan = arith.cmpf uno, %float, %float : f32
  %magnitude = arith.select %is_nan, %nan, %bounded : i32
  %sign_place = arith.constant 24 : i32
  %sign_mask = arith.constant 128 : i32
  %moved = arith.shrui %all, %sign_place : i32
  %sign = arith.andi %moved, %sign_mask : i32
  %signed = arith.ori %magnitude, %sign : i32
  %byte = arith.trunci %signed : i32 to i8
  return %byte : i8
}}
"""
_TRUNCATE_E4M3FN = _TRUNCATE.format(
    name="f8E4M3FN", place=20, half=0x7FFFF, rebias=120 << 3, magic="16384.0", smallest="0.015625", largest=126, too_large=127
)
_TRUNCATE_E5M2 = _TRUNCATE.format(
    name="f8E5M2",
    place=21,
    half=0xFFFFF,
    rebias=112 << 2,
    magic="128.0",
    smallest="6.103515625e-05",
    largest=123,
    too_large=124,
)
_FUNCTIONS = _EXTEND_E4M3FN + _EXTEND_E5M2 + _TRUNCATE_E4M3FN + _TRUNCATE_E5M2


def convert_fp8(module: ir.Module, conversions: Sequence[ir.Operation]) -> None:
    """Replace the `arith.extf` and `arith.truncf` among `conversions` that have an 8-bit float by calls of functions."""
    found = [operation for operation in conversions if _has_fp8(operation)]
    if not found:
        return
    functions = ir.Module.parse(_FUNCTIONS)
    for function in functions.body.operations:
        function.operation.clone(ip=ir.InsertionPoint(module.body))
    for operation in found:
        with operation.location, ir.InsertionPoint(operation):
            _convert(operation)


def _has_fp8(operation: ir.Operation) -> bool:
    if operation.name not in ("arith.extf", "arith.truncf"):
        return False
    return any(str(value.type) in FLOATS for value in (operation.operands[0], operation.results[0]))


def _convert(operation: ir.Operation) -> None:
    """Through f32, which every such conversion can go through without rounding twice but one from f64."""
    value, target = operation.operands[0], operation.results[0].type
    single, byte = ir.F32Type.get(), ir.IntegerType.get_signless(8)
    if str(value.type) in FLOATS:
        bits = _emit("arith.bitcast", value, byte)
        value = _call(f"extend_{value.type}", bits, single)
    elif value.type != single:
        value = _emit("arith.extf", value, single)
    if str(target) in FLOATS:
        value = _emit("arith.bitcast", _call(f"truncate_{target}", value, byte), target)
    elif target != single:
        widens = isinstance(target, ir.F64Type)
        value = _emit("arith.extf" if widens else "arith.truncf", value, target)
    operation.results[0].replace_all_uses_with(value)
    operation.erase()


def _emit(name: str, value: ir.Value, result: ir.Type) -> ir.Value:
    return ir.Operation.create(name, results=[result], operands=[value]).results[0]


def _call(function: str, value: ir.Value, result: ir.Type) -> ir.Value:
    callee = {"callee": ir.FlatSymbolRefAttr.get(function)}
    return ir.Operation.create("func.call", results=[result], operands=[value], attributes=callee).results[0]
