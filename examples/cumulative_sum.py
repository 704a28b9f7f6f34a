# pyright: reportInvalidTypeForm=false
"""Running sums along the rows or the columns of a matrix, forwards or from the end, a tile at a time.

A tile is scanned; what the tiles before it sum up to is added to it, and grows by the tile's own sums.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 32, "N": 96, "block_m": 16, "block_n": 32, "num_stages": 2}
FULL = {"M": 4096, "N": 4096, "block_m": 64, "block_n": 64, "num_stages": 2}
VARIANTS = {
    "reverse": {"reverse": True},
    "along columns": {"axis": 0, "M": 48},
    "along columns, reverse, i32": {"axis": 0, "M": 48, "reverse": True, "dtype": "i32"},
    "three stages": {"num_stages": 3, "N": 160},
}


def build(
    M: int = 64,
    N: int = 128,
    block_m: int = 16,
    block_n: int = 32,
    num_stages: int = 2,
    axis: int = 1,
    reverse: bool = False,
    dtype: str = "f32",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile."""

    @tl.kernel(threads=threads)
    def cumulative_sum(X: tl.Tensor((M, N), dtype), Y: tl.Tensor((M, N), dtype)):
        extents = (M // block_m, N // block_n)
        block = tl.grid(extents[1 - axis])
        x = tl.alloc_shared((block_m, block_n), dtype)
        sums = tl.alloc_fragment((block_m, block_n), dtype)
        before = tl.alloc_fragment((block_m if axis else block_n,), dtype)
        zero = 0.0 if tl.as_dtype(dtype).is_float else 0
        tl.fill(before, zero)
        for k in tl.pipelined(extents[axis], num_stages=num_stages):
            tile = extents[axis] - 1 - k if reverse else k
            row, column = (block * block_m, tile * block_n) if axis else (tile * block_m, block * block_n)
            tl.copy(X[row:, column:], x)
            tl.cumsum(x, sums, axis=axis, reverse=reverse)
            for i, j in tl.parallel(block_m, block_n):
                sums[i, j] = sums[i, j] + before[i if axis else j]
            tl.copy(sums, Y[row:, column:])
            tl.reduce(x, before, op="sum", axis=axis, clear=False)

    return cumulative_sum


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Y in float64."""
    x, axis = arguments["X"].astype(np.float64), parameters.get("axis", 1)
    if parameters.get("reverse"):
        return {"Y": np.flip(np.flip(x, axis).cumsum(axis), axis)}
    return {"Y": x.cumsum(axis)}
