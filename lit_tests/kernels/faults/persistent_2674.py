# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only persistent_2674
# RUN: tilewright examples %S --only persistent_2674 --target cuda:sm_80
# RUN: tilewright examples %S --only persistent_2674 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2674: barriers forgot their phase from one tile of a persistent loop to the next; with a guard, its counter as well."""

import numpy as np

import tilewright.language as tl

GUARDS = {
    "always": (None, lambda k: True),
    "k < 2": (lambda k: k < 2, lambda k: k < 2),
    "0 or 2": (lambda k: (k == 0) | (k == 2), lambda k: k in (0, 2)),
    "odd": (lambda k: (k + 1) % 2 == 0, lambda k: k % 2 == 1),
}
SMOKE = {"num_stages": 2, "trips": 3, "guard": "always"}
VARIANTS = {
    f"{s} stages, {t} iterations, {guard}": {"num_stages": s, "trips": t, "guard": guard}
    for guard in GUARDS
    for s, t in ((1, 3), (2, 1), (2, 3), (2, 4), (3, 5), (3, 6), (4, 2))
}
SIDE, WAVES, BLOCKS = 32, 3, 2


def build(num_stages: int, trips: int, guard: str) -> tl.Kernel:
    condition = GUARDS[guard][0]

    @tl.kernel(threads=128)
    def persistent(
        A: tl.Tensor((WAVES * BLOCKS * SIDE, SIDE * trips), "f16"),
        B: tl.Tensor((SIDE * trips, SIDE), "f16"),
        C: tl.Tensor((WAVES * BLOCKS * SIDE, SIDE), "f32"),
    ):
        block = tl.grid(BLOCKS)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")

        def step(tile, k):
            tl.copy(A[tile * SIDE :, k * SIDE :], a)
            tl.copy(B[k * SIDE :, 0:], b)
            tl.gemm(a, b, total)

        for tile in tl.serial(block, WAVES * BLOCKS, BLOCKS):
            tl.fill(total, 0.0)
            for k in tl.pipelined(trips, num_stages=num_stages):
                if condition is None:
                    step(tile, k)
                else:
                    with tl.if_(condition(k)):
                        step(tile, k)
            tl.copy(total, C[tile * SIDE :, 0:])

    return persistent


def reference(arguments: dict[str, np.ndarray], trips: int, guard: str, **_: object) -> dict[str, np.ndarray]:
    counts = np.repeat([float(GUARDS[guard][1](k)) for k in range(trips)], SIDE)
    return {"C": (arguments["A"].astype(np.float64) * counts) @ arguments["B"].astype(np.float64)}
