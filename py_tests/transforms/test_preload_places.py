"""Where a copy before a loop stands: what is around it, whether that repeats it, and which of its users come first and last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink
from tilewright.machine import machine_for
from tilewright.mlir import ir
from tilewright.transforms.base import PassContext
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.plan_pipeline import PlanPipeline
from tilewright.transforms.preloads import holders, is_repeated

pytestmark = pytest.mark.l1a_compile_no_target_dialect

KERNEL = """
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @f(%X: !x, %Y: memref<16xf16>, %O: memref<16xf16>, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    TEXT
    gpu.return
  }
}
"""
WORDS = {
    "PRELOAD": "memref.copy %Y, %Q : memref<16xf16> to !tile\n",
    "USE": "memref.copy %Q, %F : !tile to !frag\n",
    "LOOP": """scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    """,
    "REPEAT": "scf.for %o = %c0 to %c64 step %c16",
    "WHILE": "scf.while : () -> () { scf.condition(%flag) } do",
    "MAYBE": "scf.if %flag",
}


@contextmanager
def kernel(text: str, target: str = "cuda:sm_90a") -> Iterator[ir.Operation]:
    """The function after planning; its first copy from %Y is the one that is asked about."""
    for word, meaning in WORDS.items():
        text = text.replace(word, meaning)
    with mlir.context():
        module = ir.Module.parse(KERNEL.replace("TEXT", text))
        PlanPipeline().run(module.operation, PassContext(machine_for(target), DiagnosticSink()))
        yield module.body.operations[0].regions[0].blocks[0].operations[0].operation


def preload(function: ir.Operation) -> ir.Operation:
    source = function.regions[0].blocks[0].arguments[1]
    return next(op for op in nested_operations(function) if op.name == "memref.copy" and op.operands[0] == source)


@pytest.mark.parametrize(
    ("text", "around", "repeated"),
    [
        ("PRELOAD", [], False),
        ("MAYBE { PRELOAD }", ["scf.if"], False),
        ("REPEAT { PRELOAD }", ["scf.for"], True),
        ("WHILE { PRELOAD scf.yield }", ["scf.while"], True),
        ("REPEAT { MAYBE { PRELOAD } }", ["scf.if", "scf.for"], True),
        ("MAYBE { REPEAT { PRELOAD } }", ["scf.for", "scf.if"], True),
    ],
)
def test_what_is_around_a_copy(text: str, around: list[str], repeated: bool) -> None:
    with kernel(text) as function:
        copy = preload(function)
        assert [holder.name for holder in holders(copy)] == around
        assert is_repeated(copy) is repeated


LEFT = "not left to the producer: "


@pytest.mark.parametrize(
    ("text", "instruction", "reason"),
    [
        ("PRELOAD LOOP USE", "bulk", ""),
        ("PRELOAD USE LOOP", "bulk", ""),
        ("REPEAT { PRELOAD LOOP USE }", "bulk", ""),
        ("PRELOAD REPEAT { LOOP USE }", "bulk", ""),
        # No loop comes after it, or only one under which it does not stand.
        ("LOOP PRELOAD USE", "simt", ""),
        ("MAYBE { PRELOAD USE } LOOP", "simt", ""),
        ("PRELOAD LOOP", "simt", f"{LEFT}nothing uses its tile"),
        ("USE PRELOAD LOOP USE", "simt", f"{LEFT}memref.copy uses its tile before it, or outside of its block"),
        ("REPEAT { PRELOAD LOOP } USE", "simt", f"{LEFT}memref.copy uses its tile before it, or outside of its block"),
        ("PRELOAD PRELOAD LOOP USE", "simt", f"{LEFT}its tile is written by another statement as well"),
        (
            "PRELOAD LOOP USE memref.copy %F, %Q : !frag to !tile",
            "simt",
            f"{LEFT}its tile is written by another statement as well",
        ),
    ],
)
def test_which_copies_are_left_to_the_producer(text: str, instruction: str, reason: str) -> None:
    with kernel(text) as function:
        attributes = preload(function).attributes
        assert ir.StringAttr(attributes["tile.instruction"]).value == instruction
        if reason:
            assert ir.StringAttr(attributes["tile.reason"]).value == reason


def test_a_machine_without_producers_leaves_none_to_them() -> None:
    with kernel("PRELOAD LOOP USE", "cuda:sm_80") as function:
        assert ir.StringAttr(preload(function).attributes["tile.instruction"]).value == "simt"
