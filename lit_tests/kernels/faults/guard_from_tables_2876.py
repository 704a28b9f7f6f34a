# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only guard_from_tables_2876
# RUN: tilewright examples %S --only guard_from_tables_2876 --target cuda:sm_80
# RUN: tilewright examples %S --only guard_from_tables_2876 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2876: a guard of values loaded from buffers made injection fail."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, SIDE, BLOCKS = 6, 16, 3


def build(num_stages: int, trips: int) -> tl.Kernel:
    @tl.kernel(threads=128)
    def guard_from_tables(
        Q: tl.Tensor((SIDE, SIDE * TILES), "bf16"),
        V: tl.Tensor((SIDE, SIDE), "bf16"),
        Starts: tl.Tensor((TILES,), "i32"),
        Ends: tl.Tensor((TILES,), "i32"),
        Out: tl.Tensor((SIDE * BLOCKS, SIDE), "f32"),
    ):
        block = tl.grid(BLOCKS)
        q, v = tl.alloc_shared((SIDE, SIDE), "bf16"), tl.alloc_shared((SIDE, SIDE), "bf16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)
        tl.copy(V[0:, 0:], v)
        for k in tl.pipelined(trips, num_stages=num_stages):
            start, end = Starts[k], Ends[k]
            here = tl.cast(block, "i32")
            with tl.if_((start <= here) & (here < end)):
                tl.copy(Q[0:, k * SIDE :], q)
                tl.gemm(q, v, total)
        tl.copy(total, Out[block * SIDE :, 0:])

    return guard_from_tables


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    tiles = np.split(arguments["Q"].astype(np.float64), TILES, axis=1)
    v = arguments["V"].astype(np.float64)
    bounds = list(zip(arguments["Starts"], arguments["Ends"], strict=True))[:trips]
    parts = [sum((tiles[k] @ v for k, (s, e) in enumerate(bounds) if s <= b < e), np.zeros_like(v)) for b in range(BLOCKS)]
    return {"Out": np.concatenate(parts)}
