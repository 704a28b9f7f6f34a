"""infer-layout as a function: the same for each run, and in time that grows with the statements."""

from __future__ import annotations

import time

import pytest

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink
from tilewright.machine import machine_for
from tilewright.mlir import ir
from tilewright.transforms.base import PassContext
from tilewright.transforms.infer_layout import InferLayout

pytestmark = pytest.mark.l1a_compile_no_target_dialect

TILE, FRAGMENT = "memref<64x64xf32>", "memref<64x64xf32, #gpu.address_space<private>>"
ROW = "memref<64xf32, #gpu.address_space<private>>"


def kernel(statements: int) -> str:
    """A chain of `statements` fragments, each made of the one before and the sums of its rows."""
    lines = [f"%F0 = memref.alloc() : {FRAGMENT}", f"memref.copy %X, %F0 : {TILE} to {FRAGMENT}"]
    for n in range(statements):
        lines += [
            f"%F{n + 1} = memref.alloc() : {FRAGMENT}",
            f"%S{n} = memref.alloc() : {ROW}",
            f"linalg.fill ins(%zero : f32) outs(%S{n} : {ROW})",
            f"linalg.reduce ins(%F{n} : {FRAGMENT}) outs(%S{n} : {ROW}) dimensions = [1] (%a: f32, %b: f32) {{",
            "  %c = arith.addf %a, %b : f32",
            "  linalg.yield %c : f32",
            "}",
            "scf.forall (%i, %j) in (64, 64) {",
            f"  %v = memref.load %F{n}[%i, %j] : {FRAGMENT}",
            f"  %s = memref.load %S{n}[%i] : {ROW}",
            "  %w = arith.divf %v, %s : f32",
            f"  memref.store %w, %F{n + 1}[%i, %j] : {FRAGMENT}",
            "}",
        ]
    lines.append(f"memref.copy %F{statements}, %X : {FRAGMENT} to {TILE}")
    body = "\n".join(lines)
    attributes = "known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>"
    return (
        f"gpu.module @kernels {{ gpu.func @chain(%X: {TILE}) kernel attributes {{{attributes}}} {{\n"
        f"%zero = arith.constant 0.0 : f32\n{body}\ngpu.return\n}} }}"
    )


def inferred(text: str) -> tuple[str, float]:
    """The module after the pass, and the seconds of processor time that it took."""
    with mlir.context():
        module = ir.Module.parse(text)
        start = time.process_time()
        InferLayout().run(module.operation, PassContext(machine_for("cuda:sm_90a"), DiagnosticSink()))
        seconds = time.process_time() - start
        return str(module), seconds


def test_a_kernel_gets_the_same_layouts_whatever_was_compiled_before() -> None:
    first, _ = inferred(kernel(2))
    inferred(kernel(5))
    again, _ = inferred(kernel(2))
    assert again == first


def test_ten_times_the_statements_take_at_most_twelve_times_as_long() -> None:
    inferred(kernel(4))
    small = min(inferred(kernel(4))[1] for _ in range(5))
    large = min(inferred(kernel(40))[1] for _ in range(3))
    assert large <= 12 * small, f"{1000 * small:.1f} ms for 4 statements, {1000 * large:.1f} ms for 40"


def test_all_fragments_of_the_chain_agree() -> None:
    text, _ = inferred(kernel(3))
    layouts = {
        line.split("tile.layout = ")[1].split("}>")[0] for line in text.split("\n") if "alloc()" in line and "64x64" in line
    }
    assert len(layouts) == 1
