# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only siblings_of_different_stages_2309
# RUN: tilewright examples %S --only siblings_of_different_stages_2309 --target cuda:sm_80
# RUN: tilewright examples %S --only siblings_of_different_stages_2309 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2309: two loops over the same tiles with different numbers of stages gave the tiles a stage dimension twice."""

import numpy as np

import tilewright.language as tl

SMOKE = {"stages": (2, 4), "trips": (3, 3)}
VARIANTS = {
    f"{first} and {second} stages, {one} and {other} iterations": {"stages": (first, second), "trips": (one, other)}
    for first, second in ((2, 4), (4, 2), (3, 1), (1, 3), (3, 3))
    for one, other in ((0, 3), (3, 0), (1, 1), (3, 3))
}
TILES, SIDE = 6, 32


def build(stages: tuple[int, int], trips: tuple[int, int]) -> tl.Kernel:
    @tl.kernel(threads=128)
    def siblings(
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE * TILES, SIDE), "f16"),
        C: tl.Tensor((SIDE, SIDE), "f32"),
    ):
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(trips[0], num_stages=stages[0]):
            tl.copy(A[0:, k * SIDE :], a)
            tl.copy(B[k * SIDE :, 0:], b)
            tl.gemm(a, b, total)
        for k in tl.pipelined(trips[1], num_stages=stages[1]):
            tl.copy(A[0:, (k + TILES // 2) * SIDE :], a)
            tl.copy(B[(k + TILES // 2) * SIDE :, 0:], b)
            tl.gemm(a, b, total)
        tl.copy(total, C[0:, 0:])

    return siblings


def reference(arguments: dict[str, np.ndarray], trips: tuple[int, int], **_: object) -> dict[str, np.ndarray]:
    a = np.split(arguments["A"].astype(np.float64), TILES, axis=1)
    b = np.split(arguments["B"].astype(np.float64), TILES, axis=0)
    taken = [*range(trips[0]), *range(TILES // 2, TILES // 2 + trips[1])]
    return {"C": sum((a[k] @ b[k] for k in taken), np.zeros((SIDE, SIDE)))}
