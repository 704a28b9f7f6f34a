# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only barrier_by_hand_3087
# RUN: tilewright examples %S --only barrier_by_hand_3087 --target cuda:sm_80
# RUN: tilewright examples %S --only barrier_by_hand_3087 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""3087: a barrier of the user's in a pipelined loop was waited for with the parity of the pipeline's own ring."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, SIDE, THREADS = 6, 32, 128


def build(num_stages: int, trips: int) -> tl.Kernel:
    """All threads arrive on one mbarrier in each iteration, after the product, and wait for its phase."""

    @tl.kernel(threads=THREADS)
    def barrier_by_hand(
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE * TILES, SIDE), "f16"),
        C: tl.Tensor((SIDE, SIDE), "f32"),
    ):
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        barrier = tl.mbarrier(arrivals=THREADS)
        tl.fill(total, 0.0)
        for k in tl.pipelined(trips, num_stages=num_stages):
            tl.copy(A[0:, k * SIDE :], a)
            tl.copy(B[k * SIDE :, 0:], b)
            tl.gemm(a, b, total)
            barrier.arrive()
            barrier.wait(parity=k % 2)
        tl.copy(total, C[0:, 0:])

    return barrier_by_hand


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    return {"C": a[:, : trips * SIDE] @ b[: trips * SIDE]}
