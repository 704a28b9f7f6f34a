# TIER: l2_simulator, sim
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 --arg n=3 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a --arg n=1 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 --arg n=0 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 --arg n=4 --parameter first=1 | FileCheck %s --check-prefix=ONE

# Two loops of different blocks share a tile that each renews: each has its versions, and counts its own iterations.
# CHECK: async, stages [0, 2], source order
# CHECK: async, stages [0, 1], source order
# CHECK: versions [3]
# CHECK: versions [3]
# CHECK: "name": "tile-infer-layout"
# CHECK: "ok": true

# One stage needs two versions; the tile has as many as the loop that needs most.
# ONE: async, stages [0, 1]
# ONE: "name": "tile-infer-layout"
# ONE: "ok": true

import tilewright.language as tl

ROWS, COLUMNS = 16, 32


def build(first: int = 3, second: int = 2) -> tl.Kernel:
    @tl.kernel(threads=128)
    def two_blocks(A: tl.Tensor((ROWS, 192), "f16"), Sum: tl.Tensor((ROWS, COLUMNS), "f32"), n: tl.index):
        tl.grid(1)
        tile = tl.alloc_shared((ROWS, COLUMNS), "f16")
        total = tl.alloc_fragment((ROWS, COLUMNS), "f32")
        tl.fill(total, 0.0)
        for _ in tl.serial(2):
            for k in tl.pipelined(n, num_stages=first):
                tl.copy(A[0:, k * COLUMNS :], tile)
                add(tile, total)
        for _ in tl.serial(3):
            for k in tl.pipelined(5, num_stages=second):
                tl.copy(A[0:, k * COLUMNS :], tile)
                add(tile, total)
        tl.copy(total, Sum[0:, 0:])

    return two_blocks


def add(tile, total) -> None:
    for i, j in tl.parallel(ROWS, COLUMNS):
        total[i, j] = total[i, j] * 0.5 + tl.cast(tile[i, j], "f32")
