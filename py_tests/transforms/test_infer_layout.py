"""infer-layout as a function: the same for each run, and in time that grows with the statements."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tilewright import mlir
from tilewright.diagnostics import Diagnostic, DiagnosticSink, PassFailure
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


def refused(allocations: str, body: str, cost: Any = "registers") -> list[Diagnostic]:
    """The diagnostics of a kernel of 128 threads that the pass refuses."""
    attributes = "known_block_size = array<i32: 128, 1, 1>"
    text = f"gpu.module @kernels {{ gpu.func @k(%X: {TILE}) kernel attributes {{{attributes}}} {{\n"
    text += f"%c0 = arith.constant 0 : index\n{allocations}\n{body}\ngpu.return }} }}"
    sink = DiagnosticSink()
    with mlir.context():
        module = ir.Module.parse(text)
        with pytest.raises(PassFailure):
            InferLayout(cost=cost).run(module.operation, PassContext(machine_for("cuda:sm_90a"), sink))
    return sink.diagnostics


def test_a_cost_model_that_there_is_not() -> None:
    [error] = refused("", "", cost="bytes")
    assert (error.severity, error.message.split(": ")[-1]) == ("error", "cost = bytes; it is one of registers, io")


def test_an_annotated_accumulator_that_serial_code_reads_is_the_annotation_s_affair() -> None:
    """The notes name where the layout is given, and the access; a product's own accumulator names the product."""
    a, b = f"memref<64x16xf16, {SHARED}>", f"memref<8x16xf16, {SHARED}>"
    d = f"memref<64x8xf32, {PRIVATE}>"
    # Rows 0 to 15 are a warp's: lane / 4 is the row, lane mod 4 has pairs of neighbours, then the row eight below.
    modes = "[2, 0, 1], [4, 1, 0], [8, 4, 0], [2, 0, 2], [4, 32, 0]"
    layout = f"#tile.fragment<{{modes = [{modes}], shape = [64, 8], threads = 128 : i32}}>"
    maps = ", ".join(f"affine_map<(m, n, k) -> ({results})>" for results in ("m, k", "n, k", "m, n"))
    product = f'linalg.matmul indexing_maps = [{maps}] {{tile.instruction = "wgmma"}} ins(%A, %B : {a}, {b}) outs(%D : {d})'
    read = f"%v = memref.load %D[%c0, %c0] : {d}\nmemref.store %v, %X[%c0, %c0] : {TILE}"
    for attribute, notes in (
        ("", ["this 'linalg.matmul' spreads it over threads"]),
        (f"{{tile.layout = {layout}}}", ["'memref.alloc' accesses it as", "'memref.load' accesses it as"]),
    ):
        buffers = f"%A = memref.alloc() : {a}\n%B = memref.alloc() : {b}\n%D = memref.alloc() {attribute} : {d}"
        [error] = refused(buffers, f"{product}\n{read}")
        assert "outside of parallel loops" in error.message
        assert [note.message.split(" #")[0] for note in error.notes] == notes


def test_two_annotated_copies_that_want_a_fragment_differently_are_an_error_at_the_fragment() -> None:
    kind = f"memref<8x128xf32, {PRIVATE}>"
    window = "memref<8x128xf32>"
    rows, columns = (
        f"#tile.fragment<{{modes = [{modes}], shape = [8, 128], threads = 128 : i32}}>"
        for modes in ("[8, 0, 1], [128, 1, 0]", "[128, 1, 0], [8, 0, 1]")
    )
    buffers = f"%F = memref.alloc() : {kind}\n%M = memref.alloc() : {window}"
    into = f"memref.copy %M, %F {{tile.layout = {rows}}} : {window} to {kind}"
    back = f"memref.copy %F, %M {{tile.layout = {columns}}} : {kind} to {window}"
    [error] = refused(buffers, f"{into}\n{back}")
    assert error.severity == "error" and "the annotated layout of" in error.message and "does not serve all" in error.message
    accessed = "'memref.copy' accesses it as"
    assert [note.message for note in error.notes] == [
        f"{accessed} #tile.fragment<{{modes = [{modes}], shape = [8, 128], threads = 128 : i32}}>"
        for modes in ("[8, 0, 1], [128, 1, 0]", "[128, 1, 0], [8, 0, 1]")
    ]


def test_views_of_what_moves_to_shared_memory_move_with_it() -> None:
    """Views of views too; strides and offsets stay, and so does what is no view of it."""
    whole, part = f"memref<16x64xf32, {PRIVATE}>", f"memref<16x32xf32, strided<[64, 1], offset: 32>, {PRIVATE}>"
    small = f"memref<8x32xf32, strided<[64, 1], offset: 32>, {PRIVATE}>"
    text = f"""gpu.module @kernels {{ gpu.func @k(%X: {TILE}) kernel attributes {{known_block_size = array<i32: 128, 1, 1>}} {{
    %zero = arith.constant 0.0 : f32
    %F = memref.alloc() : {whole}
    %G = memref.alloc() : {whole}
    %P = memref.subview %F[0, 32] [16, 32] [1, 1] : {whole} to {part}
    %Q = memref.subview %P[0, 0] [8, 32] [1, 1] : {part} to {small}
    %R = memref.subview %G[0, 32] [16, 32] [1, 1] : {whole} to {part}
    linalg.fill ins(%zero : f32) outs(%F : {whole})
    scf.forall (%i, %j) in (8, 8) {{
      %n = arith.addi %i, %j : index
      %v = memref.load %Q[%n, %n] : {small}
      memref.store %v, %X[%i, %j] : {TILE}
    }}
    gpu.return }} }}"""
    sink = DiagnosticSink()
    with mlir.context():
        module = ir.Module.parse(text)
        InferLayout().run(module.operation, PassContext(machine_for("cuda:sm_90a"), sink))
        assert module.operation.verify()
        block = module.body.operations[0].regions[0].blocks[0].operations[0].regions[0].blocks[0]
        types = [str(each.operation.results[0].type) for each in block.operations if each.operation.name == "memref.subview"]
    assert types == [part.replace(PRIVATE, SHARED), small.replace(PRIVATE, SHARED), part]
    assert [remark.severity for remark in sink.diagnostics] == ["remark"]


def test_a_bulk_copy_is_one_threads_and_has_no_layout() -> None:
    tile = f"memref<8x16xf32, {SHARED}>"
    text = f"""gpu.module @kernels {{ gpu.func @k(%X: {TILE}) kernel attributes {{known_block_size = array<i32: 128, 1, 1>}} {{
    %c0 = arith.constant 0 : index
    %A = memref.alloc() : {tile}
    %full = "tile.mbarrier_init"() {{arrivals = 1 : i32, stages = 1 : i32}} : () -> !tile.mbarrier
    "tile.bulk_copy"(%X, %c0, %c0, %A, %full, %c0) : ({TILE}, index, index, {tile}, !tile.mbarrier, index) -> ()
    linalg.fill ins(%v : f32) outs(%A : {tile})
    gpu.return }} }}""".replace("%A = memref", "%v = arith.constant 0.0 : f32\n%A = memref")
    with mlir.context():
        module = ir.Module.parse(text)
        InferLayout().run(module.operation, PassContext(machine_for("cuda:sm_90a"), DiagnosticSink()))
        block = module.body.operations[0].regions[0].blocks[0].operations[0].regions[0].blocks[0]
        names = [each.operation.name for each in block.operations if "tile.layout" in each.operation.attributes]
    assert names == ["memref.alloc", "linalg.fill"]


@pytest.mark.parametrize(
    ("index", "moved", "phrase"),
    [
        ("%i", 0, "2 buffers and 2 parallel operations laid out"),
        ("%n", 1, "2 buffers and 2 parallel operations laid out, 1 fragments moved to shared memory"),
    ],
)
def test_the_decision_counts_what_is_laid_out_and_what_moved(index: str, moved: int, phrase: str) -> None:
    kind, tile = f"memref<64xf32, {PRIVATE}>", f"memref<64xf32, {SHARED}>"
    text = f"""gpu.module @kernels {{ gpu.func @k(%X: {TILE}) kernel attributes {{known_block_size = array<i32: 128, 1, 1>}} {{
    %zero = arith.constant 0.0 : f32
    %F = memref.alloc() : {kind}
    %S = memref.alloc() : {tile}
    linalg.fill ins(%zero : f32) outs(%F : {kind})
    scf.forall (%i) in (64) {{
      %n = arith.addi %i, %i : index
      %v = memref.load %F[{index}] : {kind}
      memref.store %v, %S[%i] : {tile}
    }}
    gpu.return }} }}"""
    with mlir.context():
        module = ir.Module.parse(text)
        context = PassContext(machine_for("cuda:sm_90a"), DiagnosticSink())
        InferLayout().run(module.operation, context)
        block = module.body.operations[0].regions[0].blocks[0].operations[0].regions[0].blocks[0]
        allocations = [each.operation for each in block.operations if each.operation.name == "memref.alloc"]
        layouts = [str(each.attributes["tile.layout"]) for each in allocations]
    [decision] = context.decisions
    assert decision.phrase == phrase
    assert decision.details == {"buffers": layouts, "moved": moved}
