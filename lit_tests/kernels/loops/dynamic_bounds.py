# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only dynamic_bounds
# RUN: tilewright examples %S --only dynamic_bounds --target cuda:sm_80
# RUN: tilewright examples %S --only dynamic_bounds --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""A pipelined product whose loop starts and ends where the launch says, with one stage and with several."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 1, "start": 1, "stop": 4}
VARIANTS = {
    f"{s} stages, from {start} to {stop}": {"num_stages": s, "start": start, "stop": stop}
    for s in (1, 2, 3)
    for start, stop in ((0, 6), (2, 6), (2, 3), (3, 3), (4, 2), (5, 6))
}
TILES, SIDE = 6, 32


def build(num_stages: int, **_: int) -> tl.Kernel:
    @tl.kernel(threads=128)
    def dynamic_bounds(
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE * TILES, SIDE), "f16"),
        C: tl.Tensor((SIDE, SIDE), "f32"),
        start: tl.index,
        stop: tl.i32,
    ):
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(start, tl.cast(stop, "index"), num_stages=num_stages):
            tl.copy(A[0:, k * SIDE :], a)
            tl.copy(B[k * SIDE :, 0:], b)
            tl.gemm(a, b, total)
        tl.copy(total, C[0:, 0:])

    return dynamic_bounds


def arguments(random: np.random.Generator, start: int, stop: int, **_: object) -> dict[str, int]:
    return {"start": start, "stop": stop}


def reference(arguments: dict[str, np.ndarray], start: int, stop: int, **_: object) -> dict[str, np.ndarray]:
    steps = slice(start * SIDE, max(start, stop) * SIDE)
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    return {"C": a[:, steps] @ b[steps]}
