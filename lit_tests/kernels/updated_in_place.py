# TIER: l2_simulator, sim
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a | FileCheck %s --check-prefix=SM90A
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a --parameter explicit=True \
# RUN:   | FileCheck %s --check-prefix=EXPLICIT

# The tile is scaled where it has been copied to: the copy of a later iteration runs ahead, and follows the last use.
# CHECK: async, stages [0, 2, 2, 2], order [2, 0, 1, 3]
# CHECK: versions [2]
# CHECK: "name": "tile-infer-layout"
# CHECK: "ok": true
# SM90A: warp_specialize, stages [0, 2, 2, 2], order [2, 0, 1, 3]
# SM90A: channels, versions [2]
# SM90A: "name": "tile-infer-layout"
# SM90A: "ok": true

# An explicit schedule has channels as deep as the loop says, and as its versions need.
# EXPLICIT: warp_specialize, stages [0, 1, 1, 1], source order
# EXPLICIT: channels, versions [2]
# EXPLICIT: "name": "tile-infer-layout"
# EXPLICIT: "ok": true

import tilewright.language as tl


def build(explicit: bool = False) -> tl.Kernel:
    @tl.kernel(threads=128)
    def updated_in_place(X: tl.Tensor((16, 192), "f32"), Y: tl.Tensor((16, 192), "f32")):
        tl.grid(1)
        tile = tl.alloc_shared((16, 32), "f32")
        row = tl.alloc_fragment((16, 32), "f32")
        stage, order = ([0, 1, 1, 1], [0, 1, 2, 3]) if explicit else (None, None)
        for k in tl.pipelined(6, num_stages=2, stage=stage, order=order):
            tl.copy(X[0:, k * 32 :], tile)
            for i, j in tl.parallel(16, 32):
                tile[i, j] = tile[i, j] * 2.0
            tl.copy(tile, row)
            tl.copy(row, Y[0:, k * 32 :])

    return updated_in_place
