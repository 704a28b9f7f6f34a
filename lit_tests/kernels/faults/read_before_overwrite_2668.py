# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only read_before_overwrite_2668
# RUN: tilewright examples %S --only read_before_overwrite_2668 --target cuda:sm_80
# RUN: tilewright examples %S --only read_before_overwrite_2668 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2668: a copy was moved over the read of what it overwrites; the read saw the next tile, without a wait."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 4) for t in (0, 1, 2, 3, 5)}
TILES, WIDTH = 6, 32


def build(num_stages: int, trips: int) -> tl.Kernel:
    @tl.kernel(threads=32)
    def read_before_overwrite(
        A: tl.Tensor((TILES, WIDTH), "i32"),
        First: tl.Tensor((WIDTH,), "i32"),
        Out: tl.Tensor((WIDTH,), "i32"),
        Last: tl.Tensor((WIDTH,), "i32"),
    ):
        tl.grid(1)
        tile = tl.alloc_shared((WIDTH,), "i32")
        total = tl.alloc_fragment((WIDTH,), "i32")
        tl.fill(total, 0)
        tl.copy(First[0:], tile)
        for k in tl.pipelined(trips, num_stages=num_stages):
            for i in tl.parallel(WIDTH):
                total[i] = total[i] + tile[i]
            tl.copy(A[k, 0:], tile)
        tl.copy(total, Out[0:])
        tl.copy(tile, Last[0:])

    return read_before_overwrite


def reference(arguments: dict[str, np.ndarray], trips: int, **_: object) -> dict[str, np.ndarray]:
    tiles = np.concatenate([arguments["First"][None], arguments["A"]]).astype(np.int64)
    return {"Out": tiles[:trips].sum(axis=0), "Last": tiles[trips]}
