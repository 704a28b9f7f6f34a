# TIER: l2_simulator, sim
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 --parameter case=table --arg I=random:0:4 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a --parameter case=table --arg I=random:0:4 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 --parameter case=rows --arg I=random:0:4 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a --parameter case=mask --arg I=random:0:4 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 --parameter case=fill --arg I=random:0:4 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a --parameter case=used_late --arg I=random:0:4 \
# RUN:   | FileCheck %s --check-prefix=LATE
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 --parameter case=position --arg I=random:0:3 \
# RUN:   | FileCheck %s --check-prefix=POSITION

# What a copy needs runs ahead with it: the table of its indices, a mask, the fill before a part, a position that is counted.
# CHECK: async, stages [0, 0, 2], source order
# CHECK: prologue and epilogue of 2 steps
# CHECK: "name": "tile-infer-layout"
# CHECK: "ok": true

# The table has one version more than the tile: it is read again three steps later.
# LATE: async, stages [0, 0, 3, 3], order [1, 2, 0, 3]
# LATE: versions [4, 3]
# LATE: "name": "tile-infer-layout"
# LATE: "ok": true

# The count goes on in stage 0, after the copy that it places.
# POSITION: async, stages [0, 2, 0], order [0, 2, 1]
# POSITION: "name": "tile-infer-layout"
# POSITION: "ok": true

import tilewright.language as tl

ROWS, COLUMNS = 16, 32


def build(case: str = "table", num_stages: int = 3) -> tl.Kernel:
    @tl.kernel(threads=128)
    def producers(A: tl.Tensor((64, 192), "f16"), I: tl.Tensor((8, 16), "i32"), Sum: tl.Tensor((ROWS, COLUMNS), "f32")):  # noqa: E741
        tl.grid(1)
        tile = tl.alloc_shared((ROWS, COLUMNS), "f16")
        ids = tl.alloc_shared((16,), "i32")
        mask = tl.alloc_fragment((16,), "i32")
        position = tl.alloc_fragment((1,), "i32")
        total = tl.alloc_fragment((ROWS, COLUMNS), "f32")
        tl.fill(total, 0.0)
        position[0] = 0
        for k in tl.pipelined(6, num_stages=num_stages):
            if case in ("table", "used_late"):
                tl.copy(I[k, 0:], ids)
                tl.copy(A[tl.cast(ids[3], "index") * ROWS :, k * COLUMNS :], tile)
            elif case == "rows":
                tl.copy(I[k, 0:], ids)
                for i, j in tl.parallel(ROWS, COLUMNS):
                    tile[i, j] = A[tl.cast(ids[i], "index"), k * COLUMNS + j]
            elif case == "mask":
                for i in tl.parallel(ROWS):
                    mask[i] = I[k, i] % 2
                for i, j in tl.parallel(ROWS, COLUMNS):
                    tile[i, j] = tl.where(mask[i] == 1, A[i, k * COLUMNS + j], tl.cast(0.0, "f16"))
            elif case == "fill":
                tl.fill(tile, 0.5)
                tl.copy(A.window((0, k * COLUMNS), (8, COLUMNS)), tile.window((0, 0), (8, COLUMNS)))
            if case == "position":
                with tl.if_(I[k, 0] != 1):
                    tl.copy(A[tl.cast(position[0], "index") * ROWS :, k * COLUMNS :], tile)
                    add(tile, total)
                position[0] = (position[0] + 1) % 4
            else:
                add(tile, total)
            if case == "used_late":
                for i, j in tl.parallel(ROWS, COLUMNS):
                    total[i, j] = total[i, j] + tl.cast(ids[i], "f32")
        tl.copy(total, Sum[0:, 0:])

    return producers


def add(tile, total) -> None:
    for i, j in tl.parallel(ROWS, COLUMNS):
        total[i, j] = total[i, j] + tl.cast(tile[i, j], "f32")
