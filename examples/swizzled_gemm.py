# pyright: reportInvalidTypeForm=false
"""C = A B with the blocks in another order: panels of some rows of tiles, there and back, so that neighbours share a cache.

Blocks are started by their number. In the order of numbers, the tiles of a panel go down its `panel` rows, then to the next
column; every other panel runs from right to left, so that it begins where the one before it ended. `by_attribute` asks for that
order with `tl.swizzle_blocks`; without it the kernel computes its tile from the block's number.
"""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 160, "N": 96, "K": 48, "block_m": 32, "block_n": 32, "block_k": 16, "panel": 2, "num_stages": 2}
FULL = {"M": 8192, "N": 8192, "K": 8192, "block_m": 128, "block_n": 128, "block_k": 32, "panel": 10, "num_stages": 3}
VARIANTS = {
    "bf16, nt": {"dtype": "bf16", "transpose_b": True},
    "one panel": {"panel": 5},
    "panels of one row": {"panel": 1, "num_stages": 3},
    "a panel larger than the grid": {"panel": 8},
    "by attribute": {"by_attribute": True},
}


def build(
    M: int = 256,
    N: int = 256,
    K: int = 128,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    panel: int = 3,
    num_stages: int = 3,
    dtype: str = "f16",
    transpose_b: bool = False,
    threads: int = 128,
    by_attribute: bool = False,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile. The last panel may have fewer rows."""
    rows, columns = M // block_m, N // block_n

    @tl.kernel(threads=threads)
    def swizzled_gemm(
        A: tl.Tensor((M, K), dtype),
        B: tl.Tensor((N, K) if transpose_b else (K, N), dtype),
        C: tl.Tensor((M, N), dtype),
    ):
        bx, by = tl.grid(columns, rows)
        if by_attribute:
            tl.swizzle_blocks(panel)
            row, column = by * block_m, bx * block_n
        else:
            number = by * columns + bx
            at = number // (panel * columns)
            within = number % (panel * columns)
            height = tl.min(rows - at * panel, panel)
            forth = within // height
            row = (at * panel + within % height) * block_m
            column = tl.where(at % 2 == 0, forth, columns - 1 - forth) * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_n, block_k) if transpose_b else (block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            tl.copy(A[row:, k * block_k :], A_tile)
            tl.copy(B[column:, k * block_k :] if transpose_b else B[k * block_k :, column:], B_tile)
            tl.gemm(A_tile, B_tile, accumulator, transpose_b=transpose_b)
        tl.copy(accumulator, C[row:, column:])

    return swizzled_gemm


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """C in float64."""
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    return {"C": a @ (b.T if parameters.get("transpose_b") else b)}
