# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only bias_copied_before_the_loop_2443
# RUN: tilewright examples %S --only bias_copied_before_the_loop_2443 --target cuda:sm_80
# RUN: tilewright examples %S --only bias_copied_before_the_loop_2443 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2443: a copy of a vector before the loop gave wrong values once the loop was specialized."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, SIDE, BLOCKS = 6, 32, 2


def build(num_stages: int, trips: int) -> tl.Kernel:
    @tl.kernel(threads=128)
    def bias_copied_before_the_loop(
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE * TILES, SIDE * BLOCKS), "f16"),
        Bias: tl.Tensor((SIDE * BLOCKS,), "f16"),
        C: tl.Tensor((SIDE, SIDE * BLOCKS), "f32"),
    ):
        block = tl.grid(BLOCKS)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        bias = tl.alloc_shared((SIDE,), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.copy(Bias[block * SIDE :], bias)
        tl.fill(total, 0.0)
        for k in tl.pipelined(trips, num_stages=num_stages):
            tl.copy(A[0:, k * SIDE :], a)
            tl.copy(B[k * SIDE :, block * SIDE :], b)
            tl.gemm(a, b, total)
        for i, j in tl.parallel(SIDE, SIDE):
            total[i, j] = tl.max(total[i, j] + tl.cast(bias[j], "f32"), 0.0)
        tl.copy(total, C[0:, block * SIDE :])

    return bias_copied_before_the_loop


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    product = a[:, : trips * SIDE] @ b[: trips * SIDE]
    return {"C": np.maximum(product + arguments["Bias"].astype(np.float64), 0)}
