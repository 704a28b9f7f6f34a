# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only condition_read_in_the_loop_374
# RUN: tilewright examples %S --only condition_read_in_the_loop_374 --target cuda:sm_80
# RUN: tilewright examples %S --only condition_read_in_the_loop_374 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""374: barriers came in the wrong order where the condition is a value that the iteration itself loads."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5, "space": "shared"}
VARIANTS = {
    f"{s} stages, {t} iterations, {space}": {"num_stages": s, "trips": t, "space": space}
    for s in (1, 2, 4)
    for t in (0, 1, 2, 5)
    for space in ("shared", "global")
}
TILES, SIDE = 6, 32


def build(num_stages: int, trips: int, space: str) -> tl.Kernel:
    """A block-sparse product; the mask of an iteration is copied in it, or read where it is."""

    @tl.kernel(threads=128)
    def condition_read_in_the_loop(
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE * TILES, SIDE), "f16"),
        Mask: tl.Tensor((TILES, 4), "i32"),
        C: tl.Tensor((SIDE, SIDE), "f32"),
    ):
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        mask = tl.alloc_shared((4,), "i32")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(trips, num_stages=num_stages):
            if space == "shared":
                tl.copy(Mask[k, 0:], mask)
            counts = mask[0] if space == "shared" else Mask[k, 0]
            with tl.if_(counts > 1):
                tl.copy(A[0:, k * SIDE :], a)
                tl.copy(B[k * SIDE :, 0:], b)
                tl.gemm(a, b, total)
        tl.copy(total, C[0:, 0:])

    return condition_read_in_the_loop


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    a = np.split(arguments["A"].astype(np.float64), TILES, axis=1)
    b = np.split(arguments["B"].astype(np.float64), TILES, axis=0)
    taken = [k for k in range(trips) if arguments["Mask"][k, 0] > 1]
    return {"C": sum((a[k] @ b[k] for k in taken), np.zeros((SIDE, SIDE)))}
