# TIER: l2_simulator, sim
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a --parameter explicit=True \
# RUN:   | FileCheck %s --check-prefix=EXPLICIT

# One tile takes two copies in turn, each read before the other comes: neither copy may run ahead by itself, and a schedule by
# hand keeps their order.
# CHECK: none: no copy from global to shared memory may run ahead of its iteration
# CHECK: "name": "tile-infer-layout"
# CHECK: "ok": true
# EXPLICIT: async, stages [0, 1, 1, 1], order [1, 0, 2, 3]
# EXPLICIT: versions [2]
# EXPLICIT: "name": "tile-infer-layout"
# EXPLICIT: "ok": true

import tilewright.language as tl


def build(explicit: bool = False) -> tl.Kernel:
    @tl.kernel(threads=128)
    def used_in_turn(X: tl.Tensor((16, 192), "f32"), Y: tl.Tensor((16, 192), "f32"), Sums: tl.Tensor((2, 16, 32), "f32")):
        tl.grid(1)
        tile = tl.alloc_shared((16, 32), "f32")
        of_x = tl.alloc_fragment((16, 32), "f32")
        of_y = tl.alloc_fragment((16, 32), "f32")
        tl.fill(of_x, 0.0)
        tl.fill(of_y, 0.0)
        stage, order = ([0, 1, 1, 1], [1, 0, 2, 3]) if explicit else (None, None)
        for k in tl.pipelined(6, num_stages=2, stage=stage, order=order):
            tl.copy(X[0:, k * 32 :], tile)
            for i, j in tl.parallel(16, 32):
                of_x[i, j] = of_x[i, j] * 2.0 + tile[i, j]
            tl.copy(Y[0:, k * 32 :], tile)
            for i, j in tl.parallel(16, 32):
                of_y[i, j] = of_y[i, j] * 2.0 + tile[i, j]
        tl.copy(of_x, Sums[0, 0:, 0:])
        tl.copy(of_y, Sums[1, 0:, 0:])

    return used_in_turn
