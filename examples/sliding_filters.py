# pyright: reportInvalidTypeForm=false
"""Filters slid along a signal: Y[n, f] = sum over t of X[n + t] * W[f, t], as a product with a view whose rows overlap.

Row n of the view begins one element after row n - 1: nothing is unrolled in global memory, only in the tile.
"""

import numpy as np

import tilewright.language as tl

SMOKE = {"length": 143, "taps": 16, "filters": 32, "block_m": 32, "tiles": 2, "num_stages": 2}
FULL = {"length": 1048591, "taps": 16, "filters": 64, "block_m": 128, "tiles": 64, "num_stages": 2}
VARIANTS = {
    "three stages, one block": {"tiles": 4, "num_stages": 3},
    "bf16, more taps": {"dtype": "bf16", "taps": 48, "length": 175},
}


def build(
    length: int = 271,
    taps: int = 16,
    filters: int = 32,
    block_m: int = 32,
    tiles: int = 2,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for length - taps + 1 positions that are a multiple of block_m times `tiles`, the tiles of a block."""
    positions = length - taps + 1

    @tl.kernel(threads=threads)
    def sliding_filters(
        X: tl.Tensor((length,), dtype), W: tl.Tensor((filters, taps), dtype), Y: tl.Tensor((positions, filters), dtype)
    ):
        first = tl.grid(positions // (block_m * tiles)) * (block_m * tiles)
        windows = tl.view(X, (positions, taps), strides=(1, 1))
        window = tl.alloc_shared((block_m, taps), dtype)
        w = tl.alloc_shared((filters, taps), dtype)
        y = tl.alloc_fragment((block_m, filters), tl.f32)
        tl.copy(W[0:, 0:], w)
        for k in tl.pipelined(tiles, num_stages=num_stages):
            row = first + k * block_m
            tl.copy(windows[row:, 0:], window)
            tl.fill(y, 0.0)
            tl.gemm(window, w, y, transpose_b=True)
            tl.copy(y, Y[row:, 0:])

    return sliding_filters


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """Y in float64."""
    x, w = arguments["X"].astype(np.float64), arguments["W"].astype(np.float64)
    return {"Y": np.lib.stride_tricks.sliding_window_view(x, w.shape[1]) @ w.T}
