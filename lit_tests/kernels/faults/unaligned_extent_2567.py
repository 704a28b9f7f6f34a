# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only unaligned_extent_2567
# RUN: tilewright examples %S --only unaligned_extent_2567 --target cuda:sm_80
# RUN: tilewright examples %S --only unaligned_extent_2567 --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""2567: rows of an unaligned length turned one copy of a group into threads' work, and the barriers waited for one another."""

import numpy as np

import tilewright.language as tl

SMOKE = {"length": 42, "num_stages": 2}
VARIANTS = {f"length {n}, {s} stages": {"length": n, "num_stages": s} for n in (8, 16, 30, 33, 48, 50, 64) for s in (1, 2, 3)}
HEADS, BLOCK, WIDTH = 2, 16, 32


def build(length: int, num_stages: int) -> tl.Kernel:
    """Sums of keys, each times its weight; a row of Weights has `length` elements of 4 bytes."""

    @tl.kernel(threads=128)
    def unaligned_extent(
        Keys: tl.Tensor((HEADS, length, WIDTH), "f16"),
        Weights: tl.Tensor((HEADS, length), "f32"),
        Out: tl.Tensor((HEADS, WIDTH), "f32"),
    ):
        head = tl.grid(HEADS)
        keys = tl.alloc_shared((BLOCK, WIDTH), "f16")
        weights = tl.alloc_shared((BLOCK,), "f32")
        products = tl.alloc_fragment((BLOCK, WIDTH), "f32")
        total = tl.alloc_fragment((WIDTH,), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(tl.cdiv(length, BLOCK), num_stages=num_stages):
            tl.copy_in(Keys[head, k * BLOCK :, 0:], keys)
            tl.copy_in(Weights[head, k * BLOCK :], weights)
            for i, j in tl.parallel(BLOCK, WIDTH):
                products[i, j] = tl.cast(keys[i, j], "f32") * weights[i]
            tl.reduce(products, total, op="sum", axis=0, clear=False)
        tl.copy(total, Out[head, 0:])

    return unaligned_extent


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    keys, weights = arguments["Keys"].astype(np.float64), arguments["Weights"].astype(np.float64)
    return {"Out": np.einsum("hlw,hl->hw", keys, weights)}
