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


PRIVATE, SHARED = "#gpu.address_space<private>", "#gpu.address_space<workgroup>"
SERIAL_ROWS = """
scf.forall (%i, %j) in (8, 32) {
  %v = memref.load %X[%i, %j] : memref<64x64xf32>
  memref.store %v, %F0[%i, %j] : BUFFER
}
scf.forall (%i) in (8) {
  scf.for %k = %c0 to %c32 step %c1 {
    %v = memref.load %F0[%i, %k] : BUFFER
    memref.store %v, %X[%i, %k] : memref<64x64xf32>
  }
}
"""


def allocated(kinds: list[str], body: str = "", block_size: bool = True) -> list[tuple[str, str | None]]:
    """The types of the allocations of a kernel after the pass, each with its layout."""
    lines = "\n".join(f"%F{number} = memref.alloc() : {kind}" for number, kind in enumerate(kinds))
    constants = "".join(f"%c{n} = arith.constant {n} : index\n" for n in (0, 1, 32))
    attributes = "known_block_size = array<i32: 128, 1, 1>" if block_size else ""
    text = f"gpu.module @kernels {{ gpu.func @k(%X: {TILE}) kernel attributes {{{attributes}}} {{ {constants} {lines}\n"
    with mlir.context():
        module = ir.Module.parse(f"{text}{body}\ngpu.return }} }}")
        InferLayout().run(module.operation, PassContext(machine_for("cuda:sm_90a"), DiagnosticSink()))
        block = module.body.operations[0].regions[0].blocks[0].operations[0].regions[0].blocks[0]
        operations = [each.operation for each in block.operations if each.operation.name == "memref.alloc"]
        layouts = [str(each.attributes["tile.layout"]) if "tile.layout" in each.attributes else None for each in operations]
        return list(zip((str(each.results[0].type) for each in operations), layouts, strict=True))


def test_only_buffers_on_chip_that_have_elements_get_layouts() -> None:
    kinds = ["memref<4x8xf32>", f"memref<0x8xf32, {SHARED}>", f"memref<8x0xf32, {PRIVATE}>", f"memref<1x8xf32, {SHARED}>"]
    shared = "#tile.shared<{element_bytes = 4 : i32, shape = [1, 8], swizzle = 0 : i32}>"
    assert allocated(kinds) == list(zip(kinds, [None, None, None, shared], strict=True))


def test_a_kernel_whose_block_is_not_known_is_laid_out_for_one_thread() -> None:
    """What it uses, and what it does not."""
    kinds = [f"memref<4xf32, {PRIVATE}>"] * 2
    fill = "%zero = arith.constant 0.0 : f32\nlinalg.fill ins(%zero : f32) outs(%F0 : KIND)".replace("KIND", kinds[0])
    layout = "#tile.fragment<{modes = [[4, 0, 1]], shape = [4], threads = 1 : i32}>"
    assert allocated(kinds, fill, block_size=False) == [(kind, layout) for kind in kinds]


def test_a_fragment_stays_in_registers_where_a_thread_has_room_for_its_rows() -> None:
    """32 values of 4 bytes; a thread has 255 registers."""
    kind = f"memref<8x32xf32, {PRIVATE}>"
    [(found, _)] = allocated([kind], SERIAL_ROWS.replace("BUFFER", kind))
    assert found == kind
