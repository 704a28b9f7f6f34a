# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only mixed_producer
# RUN: tilewright examples %S --only mixed_producer --target cuda:sm_80

# pyright: reportInvalidTypeForm=false
"""Copies of three kinds fill one stage: a bulk copy, a cp.async of rows of 12 bytes, and one that converts, by threads."""

from itertools import product

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3}
VARIANTS = {
    f"{s} stages, {t} iterations, converts {c}, guarded {g}, {o} outer": {
        "num_stages": s,
        "trips": t,
        "converts": c,
        "guarded": g,
        "outer": o,
    }
    for s, t, (c, g, o) in product((1, 2, 3), (0, 1, 4), ((False, False, 1), (True, False, 1), (True, True, 2)))
}
ROWS, COLUMNS, FEW = 16, 32, 6


def build(num_stages: int = 3, trips: int = 4, converts: bool = False, guarded: bool = False, outer: int = 1) -> tl.Kernel:
    """Sums of A, of the few columns of B next to it and, where `converts`, of C, which is of another type than its tile."""

    @tl.kernel(threads=128)
    def mixed_producer(
        A: tl.Tensor((ROWS, 4 * COLUMNS), "f16"),
        B: tl.Tensor((4 * ROWS, FEW), "f16"),
        C: tl.Tensor((4 * ROWS, FEW), "f32"),
        Sum: tl.Tensor((ROWS, COLUMNS), "f32"),
    ):
        tl.grid(2)
        a, b = tl.alloc_shared((ROWS, COLUMNS), "f16"), tl.alloc_shared((ROWS, FEW), "f16")
        c = tl.alloc_shared((ROWS, FEW), "f16")
        total = tl.alloc_fragment((ROWS, COLUMNS), "f32")
        tl.fill(total, 0.0)

        def body(k: tl.Scalar) -> None:
            tl.copy(A[0:, k * COLUMNS :], a)
            tl.copy(B[k * ROWS :, 0:], b)
            if converts:
                for i, j in tl.parallel(ROWS, FEW):
                    c[i, j] = tl.cast(C[k * ROWS + i, j], "f16")
            for i, j in tl.parallel(ROWS, COLUMNS):
                total[i, j] = total[i, j] + tl.cast(a[i, j], "f32") * tl.cast(b[i, j % FEW], "f32")
                if converts:
                    total[i, j] = total[i, j] + tl.cast(c[i, j % FEW], "f32")

        for _ in tl.serial(outer):
            for k in tl.pipelined(trips, num_stages=num_stages):
                if guarded:
                    with tl.if_(k % 2 == 0):
                        body(k)
                else:
                    body(k)
        tl.copy(total, Sum[0:, 0:])

    return mixed_producer


def reference(
    arguments: dict[str, np.ndarray], trips: int = 4, converts: bool = False, guarded: bool = False, outer: int = 1, **_: object
) -> dict[str, np.ndarray]:
    total = np.zeros((ROWS, COLUMNS))
    for k in range(0, trips, 2 if guarded else 1):
        rows = slice(k * ROWS, (k + 1) * ROWS)
        columns = np.arange(COLUMNS) % FEW
        total += arguments["A"][:, k * COLUMNS : (k + 1) * COLUMNS].astype(np.float64) * arguments["B"][rows][:, columns]
        if converts:
            total += arguments["C"][rows][:, columns].astype(np.float16)
    return {"Sum": outer * total}
