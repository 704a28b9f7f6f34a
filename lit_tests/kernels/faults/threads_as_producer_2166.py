# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only threads_as_producer_2166
# RUN: tilewright examples %S --only threads_as_producer_2166 --target cuda:sm_80
# RUN: tilewright examples %S --only threads_as_producer_2166 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2166: what the producer's threads write was read before the wait, which stood at the first use of a bulk copy."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, SIDE = 6, 32


def build(num_stages: int, trips: int) -> tl.Kernel:
    """B is converted by the threads of the producer, A is a bulk copy; the consumer reads B first, on its own."""

    @tl.kernel(threads=128)
    def threads_as_producer(
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE, SIDE * TILES), "f32"),
        Out: tl.Tensor((SIDE, SIDE), "f32"),
    ):
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(trips, num_stages=num_stages):
            tl.copy(A[0:, k * SIDE :], a)
            for i, j in tl.parallel(SIDE, SIDE):
                b[i, j] = tl.cast(B[i, k * SIDE + j], "f16")
            for i, j in tl.parallel(SIDE, SIDE):
                total[i, j] = total[i, j] + tl.cast(b[i, j], "f32")
            for i, j in tl.parallel(SIDE, SIDE):
                total[i, j] = total[i, j] * 0.5 + tl.cast(a[i, j], "f32")
        tl.copy(total, Out[0:, 0:])

    return threads_as_producer


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    a = np.split(arguments["A"].astype(np.float64), TILES, axis=1)
    b = np.split(arguments["B"].astype(np.float16).astype(np.float64), TILES, axis=1)
    total = np.zeros((SIDE, SIDE))
    for k in range(trips):
        total = (total + b[k]) * 0.5 + a[k]
    return {"Out": total}
