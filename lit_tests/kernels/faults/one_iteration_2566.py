# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only one_iteration_2566
# RUN: tilewright examples %S --only one_iteration_2566 --target cuda:sm_80
# RUN: tilewright examples %S --only one_iteration_2566 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2566: a specialized loop of one iteration hung: its copy, contiguous now, was no longer signalled."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 2, "trips": 1, "dynamic": False}
VARIANTS = {
    f"{s} stages, {t} iterations{', known at launch' if d else ''}": {"num_stages": s, "trips": t, "dynamic": d}
    for s in (1, 2, 3, 4)
    for t in (0, 1, 2)
    for d in (False, True)
}
ROWS, COLUMNS, MOST = 16, 64, 2


def build(num_stages: int, trips: int, dynamic: bool) -> tl.Kernel:
    @tl.kernel(threads=128)
    def one_iteration(A: tl.Tensor((MOST, ROWS, COLUMNS), "f16"), Out: tl.Tensor((ROWS, COLUMNS), "f32"), n: tl.index):
        tl.grid(1)
        tile = tl.alloc_shared((ROWS, COLUMNS), "f16")
        total = tl.alloc_fragment((ROWS, COLUMNS), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(n if dynamic else trips, num_stages=num_stages):
            tl.copy(A[k, 0:, 0:], tile)
            for i, j in tl.parallel(ROWS, COLUMNS):
                total[i, j] = total[i, j] + tl.cast(tile[i, j], "f32")
        tl.copy(total, Out[0:, 0:])

    return one_iteration


def arguments(random: np.random.Generator, trips: int, **_: object) -> dict[str, int]:
    return {"n": trips}


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    return {"Out": arguments["A"][:trips].astype(np.float64).sum(axis=0)}
