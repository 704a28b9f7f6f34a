"""After infer-layout a thread touches only the fragment elements that it keeps."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright import mlir
from tilewright.ir.kernel import kernels_in
from tilewright.machine import machine_for
from tilewright.mlir import ir
from tilewright.simulator import Finding, simulate

pytestmark = pytest.mark.l2_simulator

VECTORS_OF_FOUR = "[[4, 0, 1], [8, 1, 0], [16, 8, 0]]"
ONE_BY_ONE = "[[32, 1, 0], [4, 32, 0], [4, 0, 1]]"
ROWS = "shape = [16], threads = 128 : i32, modes = [[16, 8, 0]], replicas = [[8, 1, 0]]"
ROWS_IN_ONE_THREAD = "shape = [16], threads = 128 : i32, modes = [[16, 8, 0]]"

KERNEL = """gpu.module @kernels {{
  gpu.func @k(%C: memref<16x32xf32>) kernel
      attributes {{known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>}} {{
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %tile = memref.alloc() {{tile.layout = #tile.fragment<{{shape = [16, 32], threads = 128 : i32, modes = {buffer}}}>}}
      : memref<16x32xf32, #gpu.address_space<private>>
    %row = memref.alloc() {{tile.layout = #tile.fragment<{{{row}}}>}} : memref<16xf32, #gpu.address_space<private>>
    linalg.fill ins(%zero : f32) outs(%row : memref<16xf32, #gpu.address_space<private>>)
    scf.forall (%i, %j) in (16, 32) {{
      %r = memref.load %row[%i] : memref<16xf32, #gpu.address_space<private>>
      memref.store %r, %tile[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
    }} {{tile.layout = #tile.fragment<{{shape = [16, 32], threads = 128 : i32, modes = {loop}}}>}}
    {serial}
    gpu.return
  }}
}}
"""
SERIAL = "%x = memref.load %tile[%c0, %c0] : memref<16x32xf32, #gpu.address_space<private>>"


def findings(buffer: str, loop: str, row: str = ROWS, serial: str = "") -> list[Finding]:
    text = KERNEL.format(buffer=buffer, loop=loop, row=row, serial=serial)
    # The fill of a row runs in the threads that keep the row.
    text = text.replace("linalg.fill ins", f"linalg.fill {{tile.layout = #tile.fragment<{{{row}}}>}} ins")
    with mlir.context():
        module = ir.Module.parse(text)
        kernel = kernels_in(module.operation, text)[0]
        return simulate(kernel, [np.zeros((16, 32), np.float32)], machine=machine_for("cuda:sm_90a")).findings


def test_a_loop_laid_out_like_its_fragments_owns_what_it_touches() -> None:
    assert findings(VECTORS_OF_FOUR, VECTORS_OF_FOUR) == []


def test_a_loop_laid_out_differently_writes_what_others_keep() -> None:
    found = [finding for finding in findings(VECTORS_OF_FOUR, ONE_BY_ONE) if finding.op == "memref.store"]
    assert [finding.kind for finding in found] == ["ownership"]
    assert "element [0, 1] is kept by thread 0 and accessed by thread 1" in found[0].notes[0].message


def test_a_row_that_only_one_thread_keeps_is_read_by_others() -> None:
    found = findings(VECTORS_OF_FOUR, VECTORS_OF_FOUR, row=ROWS_IN_ONE_THREAD)
    assert [(finding.kind, finding.op) for finding in found] == [("ownership", "memref.load")]


def test_a_scalar_access_of_a_spread_fragment_is_every_threads() -> None:
    found = findings(VECTORS_OF_FOUR, VECTORS_OF_FOUR, serial=SERIAL)
    assert [(finding.kind, finding.op) for finding in found] == [("ownership", "memref.load")]


GROUPS = """gpu.module @kernels {{
  gpu.func @k(%C: memref<16xf32>) kernel
      attributes {{known_block_size = array<i32: 64, 1, 1>, known_grid_size = array<i32: 1, 1, 1>}} {{
    %row = memref.alloc() {{tile.layout = {layout}}}
      : memref<16xf32, #gpu.address_space<private>>
    memref.copy %C, %row {{tile.layout = {layout}}}
      : memref<16xf32> to memref<16xf32, #gpu.address_space<private>>
    "tile.specialize"() ({{
      "tile.warp_group"() ({{
        memref.copy %row, %C {{tile.layout = #tile.fragment<{{shape = [16], threads = 32 : i32, modes = [[16, 1, 0]]}}>}}
          : memref<16xf32, #gpu.address_space<private>> to memref<16xf32>
      }}) {{role = "consumer", warps = 1 : i32}} : () -> ()
    }}) : () -> ()
    gpu.return
  }}
}}
"""


@pytest.mark.parametrize(
    ("threads", "modes", "replicas", "kinds"),
    [(32, "[[16, 1, 0]]", "[]", ["ownership"]), (64, "[[16, 0, 1]]", "[[64, 1, 0]]", [])],
)
def test_a_fragment_of_one_group_of_threads_is_no_other_groups(threads, modes, replicas, kinds) -> None:
    layout = f"#tile.fragment<{{shape = [16], threads = {threads} : i32, modes = {modes}, replicas = {replicas}}}>"
    text = GROUPS.format(layout=layout)
    with mlir.context():
        module = ir.Module.parse(text)
        kernel = kernels_in(module.operation, text)[0]
        found = simulate(kernel, [np.zeros(16, np.float32)], machine=machine_for("cuda:sm_90a")).findings
    assert [finding.kind for finding in found] == kinds
