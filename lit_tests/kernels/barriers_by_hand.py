# TIER: l2_simulator, sim
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a | FileCheck %s
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a --parameter bulk=True | FileCheck %s --check-prefix=BULK

# Barriers of the user's own keep their order, in one stage, with the parity of their own iteration; copies run ahead of them.
# CHECK: async, stages [0, 2, 2, 2], order [1, 0, 2, 3]
# CHECK: "name": "tile-infer-layout"
# CHECK: "ok": true

# A bulk copy that is issued and waited for by hand, by all threads, stays ahead of its wait: the barrier is replicated.
# BULK: async, stages [0, 0, 0, 0, 1, 1]
# BULK: mbarriers replicated [2]
# BULK: "name": "tile-infer-layout"
# BULK: "ok": true

import tilewright.language as tl

THREADS = 128


def build(bulk: bool = False) -> tl.Kernel:
    @tl.kernel(threads=THREADS)
    def barriers_by_hand(X: tl.Tensor((16, 192), "f32"), W: tl.Tensor((16, 192), "f32"), Sum: tl.Tensor((16, 32), "f32")):
        tl.grid(1)
        tile = tl.alloc_shared((16, 32), "f32")
        by_hand = tl.alloc_shared((16, 32), "f32")
        total = tl.alloc_fragment((16, 32), "f32")
        barrier = tl.mbarrier(arrivals=THREADS)
        tl.fill(total, 0.0)
        tl.fill(by_hand, 1.0)
        for k in tl.pipelined(6, num_stages=2):
            tl.copy(X[0:, k * 32 :], tile)
            if bulk:
                barrier.expect(16 * 32 * 4)
                tl.async_copy(W[0:, k * 32 :], by_hand, barrier=barrier)
                barrier.arrive()
                barrier.wait(parity=k % 2)
            for i, j in tl.parallel(16, 32):
                total[i, j] = total[i, j] + tile[i, j] * by_hand[i, j]
            if not bulk:
                barrier.arrive()
                barrier.wait(parity=k % 2)
        tl.copy(total, Sum[0:, 0:])

    return barriers_by_hand
