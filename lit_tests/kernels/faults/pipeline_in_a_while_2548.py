# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only pipeline_in_a_while_2548
# RUN: tilewright examples %S --only pipeline_in_a_while_2548 --target cuda:sm_80
# RUN: tilewright examples %S --only pipeline_in_a_while_2548 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2548: a pipelined loop in a while stopped the compiler, as in a stream-K GEMM."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, SIDE, PARTS = 6, 32, 3


def build(num_stages: int, trips: int) -> tl.Kernel:
    """Tile p of C is the product over `trips` steps that begin at step p; the number of tiles is known at launch."""

    @tl.kernel(threads=128)
    def pipeline_in_a_while(
        A: tl.Tensor((SIDE, SIDE * (TILES + PARTS)), "f16"),
        B: tl.Tensor((SIDE * (TILES + PARTS), SIDE), "f16"),
        C: tl.Tensor((PARTS * SIDE, SIDE), "f32"),
        parts: tl.i32,
    ):
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        part = tl.alloc_shared((1,), "i32")
        part[0] = 0
        with tl.while_(lambda: part[0] < parts):
            tl.fill(total, 0.0)
            first = tl.cast(part[0], "index")
            for k in tl.pipelined(trips, num_stages=num_stages):
                tl.copy(A[0:, (first + k) * SIDE :], a)
                tl.copy(B[(first + k) * SIDE :, 0:], b)
                tl.gemm(a, b, total)
            tl.copy(total, C[first * SIDE :, 0:])
            part[0] = part[0] + 1

    return pipeline_in_a_while


def arguments(random: np.random.Generator, **_: object) -> dict[str, int]:
    return {"parts": PARTS}


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    steps = [slice(p * SIDE, (p + trips) * SIDE) for p in range(PARTS)]
    return {"C": np.concatenate([a[:, step] @ b[step] for step in steps])}
