# pyright: reportInvalidTypeForm=false
"""C += A B with K split over blocks: several blocks add their part of one tile of C, each element at once."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 64, "N": 64, "K": 192, "block_m": 32, "block_n": 32, "block_k": 16, "split_k": 3, "num_stages": 2}
FULL = {"M": 1024, "N": 1024, "K": 8192, "block_m": 128, "block_n": 128, "block_k": 32, "split_k": 4, "num_stages": 3}
VARIANTS = {
    "nt, bf16": {"transpose_b": True, "dtype": "bf16"},
    "through shared": {"through_shared": True},
    "one split": {"split_k": 1},
    "one trip": {"split_k": 12},
}


def build(
    M: int = 128,
    N: int = 128,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    split_k: int = 4,
    num_stages: int = 3,
    dtype: str = "f16",
    transpose_b: bool = False,
    through_shared: bool = False,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile, K of `split_k` tiles. C is f32.

    `through_shared` adds from a tile in shared memory, where neighbours in a row are added by neighbouring threads.
    """
    depth = K // split_k

    @tl.kernel(threads=threads)
    def gemm_split_k(
        A: tl.Tensor((M, K), dtype),
        B: tl.Tensor((N, K) if transpose_b else (K, N), dtype),
        C: tl.Tensor((M, N), tl.f32),
    ):
        bx, by, bz = tl.grid(N // block_n, M // block_m, split_k)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_n, block_k) if transpose_b else (block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(depth // block_k, num_stages=num_stages):
            start = bz * depth + k * block_k
            tl.copy(A[row:, start:], A_tile)
            tl.copy(B[column:, start:] if transpose_b else B[start:, column:], B_tile)
            tl.gemm(A_tile, B_tile, accumulator, transpose_b=transpose_b)
        part = accumulator
        if through_shared:
            part = tl.alloc_shared((block_m, block_n), tl.f32)
            tl.copy(accumulator, part)
        for i, j in tl.parallel(block_m, block_n):
            tl.atomic_add(C, (row + i, column + j), part[i, j])

    return gemm_split_k


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """C in float64; what C held before counts."""
    a, b, c = (arguments[name].astype(np.float64) for name in "ABC")
    return {"C": c + a @ (b.T if parameters.get("transpose_b") else b)}
