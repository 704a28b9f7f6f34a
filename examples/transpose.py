# pyright: reportInvalidTypeForm=false
"""Transpositions through shared memory, of a matrix or of positions and heads; a block walks along a row of tiles.

The heads of a position lie one after another in X: a tile of positions is seen in another shape, and written head by head.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 48, "N": 64, "block_m": 16, "block_n": 32, "num_stages": 2}
FULL = {"M": 4096, "N": 4096, "block_m": 64, "block_n": 64, "num_stages": 2}
VARIANTS = {
    "through a view": {"through_view": True},
    "heads": {"heads": 4},
    "i8": {"dtype": "i8", "num_stages": 3, "M": 80},
    "ragged": {"M": 41, "N": 56},
}


def build(
    M: int = 128,
    N: int = 128,
    block_m: int = 32,
    block_n: int = 32,
    num_stages: int = 2,
    heads: int | None = None,
    through_view: bool = False,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for any matrix; with heads, which divide N, or through a transposed view, for multiples of the tile."""
    if heads is None:

        @tl.kernel(threads=threads)
        def transpose(X: tl.Tensor((M, N), dtype), Y: tl.Tensor((N, M), dtype)):
            column = tl.grid(tl.cdiv(N, block_n)) * block_n
            x = tl.alloc_shared((block_m, block_n), dtype)
            y = tl.alloc_shared((block_n, block_m), dtype)
            for k in tl.pipelined(tl.cdiv(M, block_m), num_stages=num_stages):
                if through_view:
                    tl.copy(tl.view(X, (N, M), strides=(1, N))[column:, k * block_m :], y)
                else:
                    tl.copy_in(X[k * block_m :, column:], x)
                    for i, j in tl.parallel(block_n, block_m):
                        y[i, j] = x[j, i]
                tl.copy_out(y, Y[column:, k * block_m :])

        return transpose

    dimension = N // heads

    @tl.kernel(threads=threads)
    def transpose_heads(X: tl.Tensor((M, N), dtype), Y: tl.Tensor((heads, M, dimension), dtype)):
        tl.grid(1)
        x = tl.alloc_shared((block_m, N), dtype)
        for k in tl.pipelined(M // block_m, num_stages=num_stages):
            tl.copy(X[k * block_m :, 0:], x)
            by_head = tl.reshape(x, (block_m, heads, dimension))
            for h, i, d in tl.parallel(heads, block_m, dimension):
                Y[h, k * block_m + i, d] = by_head[i, h, d]

    return transpose_heads


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Y, exactly."""
    x, heads = arguments["X"], parameters.get("heads")
    return {"Y": x.T if heads is None else x.reshape(x.shape[0], heads, -1).transpose(1, 0, 2)}
