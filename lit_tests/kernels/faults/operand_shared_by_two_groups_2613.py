# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only operand_shared_by_two_groups_2613
# RUN: tilewright examples %S --only operand_shared_by_two_groups_2613 --target cuda:sm_80
# RUN: tilewright examples %S --only operand_shared_by_two_groups_2613 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2613: an operand that two warp groups read was overwritten by the next iteration's copy: a barrier was missing."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 0, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (0, 1, 3) for t in (0, 1, 2, 3, 5)}
TILES, SIDE = 6, 32


def build(num_stages: int, trips: int) -> tl.Kernel:
    """A is copied by all threads; two warp groups, specialized by hand, multiply it with one half of B each. 0: no pipeline."""

    @tl.kernel(threads=256)
    def operand_shared_by_two_groups(
        A: tl.Tensor((SIDE, SIDE * TILES), "f16"),
        B: tl.Tensor((SIDE * TILES, 2 * SIDE), "f16"),
        C: tl.Tensor((SIDE, 2 * SIDE), "f32"),
    ):
        tl.grid(1)
        a = tl.alloc_shared((SIDE, SIDE), "f16")
        b = [tl.alloc_shared((SIDE, SIDE), "f16") for _ in range(2)]
        total = [tl.alloc_fragment((SIDE, SIDE), "f32") for _ in range(2)]
        for half in total:
            tl.fill(half, 0.0)
        for k in tl.pipelined(trips, num_stages=num_stages) if num_stages else tl.serial(trips):
            tl.copy(A[0:, k * SIDE :], a)
            with tl.specialize():
                for half in range(2):
                    with tl.warp_group(f"half{half}", warps=4):
                        tl.copy(B[k * SIDE :, half * SIDE :], b[half])
                        tl.gemm(a, b[half], total[half])
        for half in range(2):
            tl.copy(total[half], C[0:, half * SIDE :])

    return operand_shared_by_two_groups


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    return {"C": a[:, : trips * SIDE] @ b[: trips * SIDE]}
