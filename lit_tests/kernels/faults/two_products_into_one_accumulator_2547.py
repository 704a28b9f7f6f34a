# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only two_products_into_one_accumulator_2547
# RUN: tilewright examples %S --only two_products_into_one_accumulator_2547 --target cuda:sm_80
# RUN: tilewright examples %S --only two_products_into_one_accumulator_2547 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2547: a product before the loop and one in it, into one accumulator, had different layouts once specialized."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, SIDE = 6, 64


def build(num_stages: int, trips: int) -> tl.Kernel:
    @tl.kernel(threads=128)
    def two_products(
        P: tl.Tensor((SIDE, SIDE), "f16"),
        Q: tl.Tensor((SIDE, SIDE), "f16"),
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE * TILES, SIDE), "f16"),
        C: tl.Tensor((SIDE, SIDE), "f32"),
    ):
        tl.grid(1)
        p, q = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        tl.copy(P[0:, 0:], p)
        tl.copy(Q[0:, 0:], q)
        tl.gemm(p, q, total)
        for k in tl.pipelined(trips, num_stages=num_stages):
            tl.copy(A[0:, k * SIDE :], a)
            tl.copy(B[k * SIDE :, 0:], b)
            tl.gemm(a, b, total)
        tl.copy(total, C[0:, 0:])

    return two_products


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    before = arguments["P"].astype(np.float64) @ arguments["Q"].astype(np.float64)
    return {"C": before + a[:, : trips * SIDE] @ b[: trips * SIDE]}
