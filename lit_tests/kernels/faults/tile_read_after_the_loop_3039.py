# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only tile_read_after_the_loop_3039
# RUN: tilewright examples %S --only tile_read_after_the_loop_3039 --target cuda:sm_80
# RUN: tilewright examples %S --only tile_read_after_the_loop_3039 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""3039: a tile with versions could not be read after its loop."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5, "filled": True}
VARIANTS = {
    f"{s} stages, {t} iterations{', filled' if filled else ''}": {"num_stages": s, "trips": t, "filled": filled}
    for s in (1, 2, 4)
    for t in (0, 1, 2, 3, 5)
    for filled in (True, False)
    if t or filled
}
TILES, SIDE = 6, 32


def build(num_stages: int, trips: int, filled: bool) -> tl.Kernel:
    @tl.kernel(threads=128)
    def tile_read_after_the_loop(
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE, SIDE), "f16"),
        C: tl.Tensor((SIDE, SIDE), "f32"),
        Last: tl.Tensor((SIDE, SIDE), "f16"),
    ):
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        if filled:
            tl.fill(a, 1.0)
        for k in tl.pipelined(trips, num_stages=num_stages):
            tl.copy(A[0:, k * SIDE :], a)
            tl.copy(B[0:, 0:], b)
            tl.gemm(a, b, total)
        tl.copy(total, C[0:, 0:])
        for i, j in tl.parallel(SIDE, SIDE):
            Last[i, j] = a[i, j]

    return tile_read_after_the_loop


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    a = np.split(arguments["A"].astype(np.float64), TILES, axis=1)
    b = arguments["B"].astype(np.float64)
    total = sum((tile @ b for tile in a[:trips]), np.zeros_like(b))
    return {"C": total, "Last": a[trips - 1] if trips else np.ones_like(b)}
