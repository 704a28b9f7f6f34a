# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only index_through_shared_memory_2720
# RUN: tilewright examples %S --only index_through_shared_memory_2720 --target cuda:sm_80
# RUN: tilewright examples %S --only index_through_shared_memory_2720 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2720: a copy's index comes through a buffer, then a scalar; the store of the index was left in a later stage."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, SIDE = 6, 16


def build(num_stages: int, trips: int) -> tl.Kernel:
    @tl.kernel(threads=128)
    def index_through_shared_memory(A: tl.Tensor((SIDE, SIDE * TILES), "f16"), Out: tl.Tensor((SIDE, SIDE), "f32")):
        tl.grid(1)
        index = tl.alloc_shared((1,), "i32")
        tile = tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(trips, num_stages=num_stages):
            index[0] = tl.cast((k + 2) % TILES, "i32")
            offset = index[0] * SIDE
            tl.copy(A[0:, offset:], tile)
            for i, j in tl.parallel(SIDE, SIDE):
                total[i, j] = total[i, j] * 0.5 + tl.cast(tile[i, j], "f32")
        tl.copy(total, Out[0:, 0:])

    return index_through_shared_memory


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    tiles = np.split(arguments["A"].astype(np.float64), TILES, axis=1)
    total = np.zeros((SIDE, SIDE))
    for k in range(trips):
        total = total * 0.5 + tiles[(k + 2) % TILES]
    return {"Out": total}
