# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only read_after_atomic_2595
# RUN: tilewright examples %S --only read_after_atomic_2595 --target cuda:sm_80
# RUN: tilewright examples %S --only read_after_atomic_2595 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2595: a read was moved before the atomic addition that it has to see."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, SIDE = 6, 16


def build(num_stages: int, trips: int) -> tl.Kernel:
    @tl.kernel(threads=128)
    def read_after_atomic(
        A: tl.Tensor((SIDE, SIDE * TILES), "f32"),
        Sum: tl.Tensor((SIDE, SIDE), "f32"),
        Out: tl.Tensor((SIDE, SIDE), "f32"),
    ):
        tl.grid(1)
        tile, snapshot = tl.alloc_shared((SIDE, SIDE), "f32"), tl.alloc_shared((SIDE, SIDE), "f32")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(trips, num_stages=num_stages):
            tl.copy(A[0:, k * SIDE :], tile)
            for i, j in tl.parallel(SIDE, SIDE):
                tl.atomic_add(Sum, (i, j), tile[i, j])
            tl.copy(Sum[0:, 0:], snapshot)
            for i, j in tl.parallel(SIDE, SIDE):
                total[i, j] = total[i, j] + snapshot[i, j]
        tl.copy(total, Out[0:, 0:])

    return read_after_atomic


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    tiles = np.split(arguments["A"].astype(np.float64), TILES, axis=1)
    sums = np.cumsum([arguments["Sum"].astype(np.float64), *tiles[:trips]], axis=0)
    return {"Sum": sums[-1], "Out": sums[1:].sum(axis=0)}
