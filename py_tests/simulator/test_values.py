"""Arithmetic on single values and on lanes agrees with its definition in MLIR."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator

I8 = np.array([-128, -127, -7, -1, 0, 1, 3, 127], np.int8)


def _truncated(a: int, b: int) -> int:
    return int(a / b)


INTEGER = {
    "addi": lambda a, b: a + b,
    "subi": lambda a, b: a - b,
    "muli": lambda a, b: a * b,
    "andi": lambda a, b: a & b,
    "ori": lambda a, b: a | b,
    "xori": lambda a, b: a ^ b,
    "maxsi": max,
    "minsi": min,
    "maxui": lambda a, b: max(a & 255, b & 255),
    "minui": lambda a, b: min(a & 255, b & 255),
}
DIVISION = {
    "divsi": _truncated,
    "remsi": lambda a, b: a - b * _truncated(a, b),
    "floordivsi": lambda a, b: a // b,
    "ceildivsi": lambda a, b: -(-a // b),
    "divui": lambda a, b: (a & 255) // (b & 255),
    "remui": lambda a, b: (a & 255) % (b & 255),
    "ceildivui": lambda a, b: -(-(a & 255) // (b & 255)),
}
SHIFT = {
    "shli": lambda a, b: a << b,
    "shrsi": lambda a, b: a >> b,
    "shrui": lambda a, b: (a & 255) >> b,
}


def _wrapped(value: int) -> int:
    return (value + 128) % 256 - 128


def _binary_body(op: str, element: str, lanes: bool, count: int) -> str:
    head, tail = (f"scf.forall (%i) in ({count}) {{", "}") if lanes else ("scf.for %i = %c0 to %n step %c1 {", "}")
    return f"""%n = arith.constant {count} : index
    {head}
      %a = memref.load %A[%i] : memref<{count}x{element}>
      %b = memref.load %B[%i] : memref<{count}x{element}>
      %r = arith.{op} %a, %b : {element}
      memref.store %r, %C[%i] : memref<{count}x{element}>
    {tail}"""


@pytest.mark.parametrize("lanes", [False, True], ids=["single", "lanes"])
@pytest.mark.parametrize("op", [*INTEGER, *DIVISION, *SHIFT])
def test_integer_operations_wrap_and_truncate_as_i8(op, lanes, kernel_text, run_clean):
    function = {**INTEGER, **DIVISION, **SHIFT}[op]
    pairs = [(int(a), int(b)) for a in I8 for b in I8]
    if op in DIVISION:
        pairs = [(a, b) for a, b in pairs if b != 0 and (a, b) != (-128, -1)]
    if op in SHIFT:
        pairs = [(int(a), amount) for a in I8 for amount in range(8)]
    left, right = (np.array(side, np.int8) for side in zip(*pairs, strict=True))
    result = np.zeros_like(left)
    count = len(pairs)
    arguments = ", ".join(f"%{name}: memref<{count}xi8>" for name in "ABC")
    run_clean(kernel_text(arguments, _binary_body(op, "i8", lanes, count)), [left, right, result])
    assert result.tolist() == [_wrapped(function(a, b)) for a, b in pairs]


@pytest.mark.parametrize("lanes", [False, True], ids=["single", "lanes"])
@pytest.mark.parametrize(
    ("op", "function"),
    [("addf", np.add), ("subf", np.subtract), ("mulf", np.multiply), ("divf", np.divide)],
)
@pytest.mark.parametrize("element", ["f16", "bf16", "f8E4M3FN", "f32"])
def test_float_operations_round_in_their_own_type(op, function, element, lanes, kernel_text, run_clean):
    dtype = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f8E4M3FN": ml_dtypes.float8_e4m3fn, "f32": np.float32}[element]
    rng = np.random.default_rng(1)
    a, b = (rng.uniform(0.5, 4, 64).astype(dtype) for _ in range(2))
    c = np.zeros(64, dtype)
    arguments = ", ".join(f"%{name}: memref<64x{element}>" for name in "ABC")
    run_clean(kernel_text(arguments, _binary_body(op, element, lanes, 64)), [a, b, c])
    exact = function(a.astype(np.float64), b.astype(np.float64)).astype(dtype)
    np.testing.assert_array_equal(c.astype(np.float64), exact.astype(np.float64))


@pytest.mark.parametrize(
    ("op", "expected"),
    [("maximumf", [2, np.nan, np.nan]), ("maxnumf", [2, 1, 2]), ("minimumf", [1, np.nan, np.nan]), ("minnumf", [1, 1, 2])],
)
def test_extremes_treat_nan_as_their_name_says(op, expected, kernel_text, run_clean):
    a = np.array([1, 1, np.nan], np.float32)
    b = np.array([2, np.nan, 2], np.float32)
    c = np.zeros(3, np.float32)
    run_clean(
        kernel_text("%A: memref<3xf32>, %B: memref<3xf32>, %C: memref<3xf32>", _binary_body(op, "f32", True, 3)), [a, b, c]
    )
    np.testing.assert_array_equal(c, np.array(expected, np.float32))


CMPF = {
    "false": lambda a, b: False,
    "oeq": lambda a, b: a == b,
    "ogt": lambda a, b: a > b,
    "oge": lambda a, b: a >= b,
    "olt": lambda a, b: a < b,
    "ole": lambda a, b: a <= b,
    "one": lambda a, b: a < b or a > b,
    "ord": lambda a, b: a == a and b == b,
    "ueq": lambda a, b: not (a < b or a > b),
    "ugt": lambda a, b: not a <= b,
    "uge": lambda a, b: not a < b,
    "ult": lambda a, b: not a >= b,
    "ule": lambda a, b: not a > b,
    "une": lambda a, b: a != b,
    "uno": lambda a, b: a != a or b != b,
    "true": lambda a, b: True,
}


@pytest.mark.parametrize("lanes", [False, True], ids=["single", "lanes"])
@pytest.mark.parametrize("predicate", CMPF)
def test_float_comparisons_follow_their_predicate(predicate, lanes, kernel_text, run_clean):
    pairs = [(a, b) for a in (1.0, 2.0, float("nan")) for b in (1.0, 2.0, float("nan"))]
    a, b = (np.array(side, np.float32) for side in zip(*pairs, strict=True))
    c = np.zeros(9, np.int32)
    loop = "scf.forall (%i) in (9) {" if lanes else "scf.for %i = %c0 to %n step %c1 {"
    body = f"""%n = arith.constant 9 : index
    {loop}
      %a = memref.load %A[%i] : memref<9xf32>
      %b = memref.load %B[%i] : memref<9xf32>
      %p = arith.cmpf {predicate}, %a, %b : f32
      %r = arith.extui %p : i1 to i32
      memref.store %r, %C[%i] : memref<9xi32>
    }}"""
    run_clean(kernel_text("%A: memref<9xf32>, %B: memref<9xf32>, %C: memref<9xi32>", body), [a, b, c])
    assert c.tolist() == [int(CMPF[predicate](x, y)) for x, y in pairs]


@pytest.mark.parametrize("predicate", ["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"])
def test_integer_comparisons_follow_their_predicate(predicate, kernel_text, run_clean):
    pairs = [(int(a), int(b)) for a in I8 for b in I8]
    a, b = (np.array(side, np.int8) for side in zip(*pairs, strict=True))
    single, lanes = np.zeros(64, np.int8), np.zeros(64, np.int8)
    point = f"""%a = memref.load %A[%i] : memref<64xi8>
      %b = memref.load %B[%i] : memref<64xi8>
      %p = arith.cmpi {predicate}, %a, %b : i8
      %r = arith.extsi %p : i1 to i8"""
    body = f"""%n = arith.constant 64 : index
    scf.for %i = %c0 to %n step %c1 {{ {point} memref.store %r, %C[%i] : memref<64xi8> }}
    scf.forall (%i) in (64) {{ {point} memref.store %r, %D[%i] : memref<64xi8> }}"""
    arguments = ", ".join(f"%{name}: memref<64xi8>" for name in "ABCD")
    run_clean(kernel_text(arguments, body), [a, b, single, lanes])
    if predicate in ("eq", "ne"):
        compare = {"eq": int.__eq__, "ne": int.__ne__}[predicate]
        expected = [-int(compare(x, y)) for x, y in pairs]
    else:
        compare = {"lt": int.__lt__, "le": int.__le__, "gt": int.__gt__, "ge": int.__ge__}[predicate[1:]]
        signed = predicate[0] == "s"
        expected = [-int(compare(x, y) if signed else compare(x & 255, y & 255)) for x, y in pairs]
    assert single.tolist() == expected
    assert lanes.tolist() == expected


@pytest.mark.parametrize("lanes", [False, True], ids=["single", "lanes"])
def test_conversions_between_integers_and_floats(lanes, kernel_text, run_clean):
    a = np.array([-1, -128, 127, 5], np.int8)
    signed, unsigned, back, bits = (np.zeros(4, t) for t in (np.float32, ml_dtypes.bfloat16, np.int8, np.int32))
    loop = "scf.forall (%i) in (4) {" if lanes else "scf.for %i = %c0 to %c4 step %c1 {"
    body = f"""{loop}
      %a = memref.load %A[%i] : memref<4xi8>
      %s = arith.sitofp %a : i8 to f32
      %u = arith.uitofp %a : i8 to bf16
      %half = arith.constant 0.75 : f32
      %t = arith.mulf %s, %half : f32
      %w = arith.fptosi %t : f32 to i8
      %x = arith.bitcast %s : f32 to i32
      memref.store %s, %S[%i] : memref<4xf32>
      memref.store %u, %U[%i] : memref<4xbf16>
      memref.store %w, %W[%i] : memref<4xi8>
      memref.store %x, %X[%i] : memref<4xi32>
    }}"""
    text = kernel_text("%A: memref<4xi8>, %S: memref<4xf32>, %U: memref<4xbf16>, %W: memref<4xi8>, %X: memref<4xi32>", body)
    run_clean(text, [a, signed, unsigned, back, bits])
    assert signed.tolist() == [-1, -128, 127, 5]
    assert unsigned.astype(np.float32).tolist() == [255, 128, 127, 5]
    assert back.tolist() == [0, -96, 95, 3]
    assert bits.tolist() == signed.view(np.int32).tolist()


def test_math_functions_of_lanes_round_once(kernel_text, run_clean):
    names = ["exp", "exp2", "log", "log2", "sqrt", "rsqrt", "tanh", "sin", "cos", "erf", "floor", "ceil", "roundeven", "absf"]
    a = np.linspace(0.25, 3, 16).astype(np.float16)
    out = np.zeros((len(names), 16), np.float16)
    lines = []
    for row, name in enumerate(names):
        lines.append(f"%v{row} = math.{name} %a : f16")
        lines.append(f"%r{row} = arith.constant {row} : index")
        lines.append(f"memref.store %v{row}, %O[%r{row}, %i] : memref<{len(names)}x16xf16>")
    body = "scf.forall (%i) in (16) { %a = memref.load %A[%i] : memref<16xf16>\n" + "\n".join(lines) + "}"
    run_clean(kernel_text(f"%A: memref<16xf16>, %O: memref<{len(names)}x16xf16>", body), [a, out])
    special = {"rsqrt": lambda x: 1 / np.sqrt(x), "erf": np.vectorize(math.erf), "absf": np.abs, "roundeven": np.rint}
    for row, name in enumerate(names):
        expected = (special.get(name) or getattr(np, name))(a.astype(np.float64))
        np.testing.assert_allclose(out[row].astype(np.float64), expected, rtol=1e-3, atol=1e-3, err_msg=name)


def test_selecting_i32_lanes_keeps_the_type_so_that_sums_wrap(kernel_text, run_clean):
    out = np.zeros(4, np.int32)
    body = """%big = arith.constant 2147483647 : i32
    %one = arith.constant 1 : i32
    scf.forall (%i) in (4) {
      %p = arith.cmpi ult, %i, %c2 : index
      %s = arith.select %p, %big, %one : i32
      %r = arith.addi %s, %one : i32
      memref.store %r, %O[%i] : memref<4xi32>
    }"""
    run_clean(kernel_text("%O: memref<4xi32>", body), [out])
    assert out.tolist() == [-(2**31), -(2**31), 2, 2]


@pytest.mark.parametrize("lanes", [False, True], ids=["single", "lanes"])
def test_a_division_by_zero_is_a_finding(lanes, kernel_text, kinds):
    a, b, c = np.ones(4, np.int8), np.array([1, 2, 0, 1], np.int8), np.zeros(4, np.int8)
    arguments = "%A: memref<4xi8>, %B: memref<4xi8>, %C: memref<4xi8>"
    text = kernel_text(arguments, _binary_body("divsi", "i8", lanes, 4))
    assert kinds(text, [a, b, c]) == ["division-by-zero"]
    assert kinds(text, [a, np.ones(4, np.int8), c]) == []


NARROWER = {
    "f64": ["f32", "f16", "bf16", "f8E4M3FN", "f8E5M2"],
    "f32": ["f16", "bf16", "f8E4M3FN", "f8E5M2"],
    "f16": ["f8E4M3FN", "f8E5M2"],
    "bf16": ["f8E4M3FN", "f8E5M2"],
}


@pytest.mark.parametrize(("source", "target"), [(wide, narrow) for wide, types in NARROWER.items() for narrow in types])
def test_narrowing_and_widening_floats(source, target, kernel_text, run_clean):
    dtypes = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
    dtypes |= {"f8E4M3FN": ml_dtypes.float8_e4m3fn, "f8E5M2": ml_dtypes.float8_e5m2}
    narrow, wide = np.dtype(dtypes[target]), np.dtype(dtypes[source])
    a = np.random.default_rng(0).uniform(-3, 3, 32).astype(wide)
    low, back = np.zeros(32, narrow), np.zeros(32, wide)
    point = f"""%a = memref.load %A[%i] : memref<32x{source}>
      %t = arith.truncf %a : {source} to {target}
      %b = arith.extf %t : {target} to {source}
      memref.store %t, %L[%i] : memref<32x{target}>
      memref.store %b, %B[%i] : memref<32x{source}>"""
    body = f"""scf.forall (%i) in (32) {{ {point} }}
    scf.for %i = %c0 to %c4 step %c1 {{ {point} }}"""
    arguments = f"%A: memref<32x{source}>, %L: memref<32x{target}>, %B: memref<32x{source}>"
    run_clean(kernel_text(arguments, body), [a, low, back])
    expected = a.astype(np.float64).astype(narrow)
    np.testing.assert_array_equal(low.astype(np.float64), expected.astype(np.float64))
    np.testing.assert_array_equal(back.astype(np.float64), expected.astype(np.float64))


@pytest.mark.parametrize("lanes", [False, True], ids=["single", "lanes"])
def test_bit_counts_powers_and_extended_products(lanes, kernel_text, run_clean):
    a, b = np.array([-128, -3, 1, 0, 2, 100], np.int8), np.array([3, 3, -1, 2, -1, 100], np.int8)
    out = np.zeros((8, 6), np.int8)
    loop = "scf.forall (%i) in (6) {" if lanes else "scf.for %i = %c0 to %n step %c1 {"
    results = ["%ones", "%leading", "%trailing", "%power", "%low", "%high", "%sum", "%carried"]
    stores = "\n".join(
        f"%row{i} = arith.constant {i} : index\nmemref.store {value}, %O[%row{i}, %i] : memref<8x6xi8>"
        for i, value in enumerate(results)
    )
    body = f"""%n = arith.constant 6 : index
    {loop}
      %a = memref.load %A[%i] : memref<6xi8>
      %b = memref.load %B[%i] : memref<6xi8>
      %ones = math.ctpop %a : i8
      %leading = math.ctlz %a : i8
      %trailing = math.cttz %a : i8
      %power = math.ipowi %a, %b : i8
      %low, %high = arith.mului_extended %a, %b : i8
      %sum, %carry = arith.addui_extended %a, %b : i8, i1
      %carried = arith.extui %carry : i1 to i8
      {stores}
    }}"""
    run_clean(kernel_text("%A: memref<6xi8>, %B: memref<6xi8>, %O: memref<8x6xi8>", body), [a, b, out])
    pairs = [(int(x) & 255, int(y) & 255) for x, y in zip(a, b, strict=True)]
    expected = [
        [x.bit_count() for x, _ in pairs],
        [8 - x.bit_length() for x, _ in pairs],
        [8 if x == 0 else (x & -x).bit_length() - 1 for x, _ in pairs],
        [_wrapped(v) for v in ((-128) ** 3, -27, 1, 0, 0, 100**100)],
        [_wrapped(x * y) for x, y in pairs],
        [_wrapped(x * y >> 8) for x, y in pairs],
        [_wrapped(x + y) for x, y in pairs],
        [x + y >> 8 for x, y in pairs],
    ]
    assert out.tolist() == expected


def test_a_fused_multiply_add_rounds_once(kernel_text, run_clean):
    a = np.array([1 + 2**-12], np.float32)
    out = np.zeros(1, np.float32)
    body = """%a = memref.load %A[%c0] : memref<1xf32>
    %minus = arith.constant -1.0 : f32
    %r = math.fma %a, %a, %minus : f32
    memref.store %r, %O[%c0] : memref<1xf32>"""
    run_clean(kernel_text("%A: memref<1xf32>, %O: memref<1xf32>", body), [a, out])
    assert out[0] == np.float32(2**-11 + 2**-24)
