# pyright: reportInvalidTypeForm=false
"""C = A B for any shape: tiles that cross an edge read zeros beyond it, and write nothing there."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 45, "N": 70, "K": 50, "block_m": 32, "block_n": 32, "block_k": 16, "num_stages": 3}
FULL = {"M": 4000, "N": 4000, "K": 4000, "block_m": 128, "block_n": 128, "block_k": 64, "num_stages": 3}
VARIANTS = {
    "bf16": {"dtype": "bf16"},
    "f32": {"dtype": "f32"},
    "smaller than a tile": {"M": 7, "N": 5, "K": 3},
    "no edge": {"M": 64, "N": 64, "K": 48},
}


def build(
    M: int = 100,
    N: int = 90,
    K: int = 70,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 3,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for any M, N and K."""

    @tl.kernel(threads=threads)
    def edge_gemm(A: tl.Tensor((M, K), dtype), B: tl.Tensor((K, N), dtype), C: tl.Tensor((M, N), dtype)):
        bx, by = tl.grid(tl.cdiv(N, block_n), tl.cdiv(M, block_m))
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)
        result = tl.alloc_fragment((block_m, block_n), dtype)
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(tl.cdiv(K, block_k), num_stages=num_stages):
            tl.copy_in(A[row:, k * block_k :], A_tile)
            tl.copy_in(B[k * block_k :, column:], B_tile)
            tl.gemm(A_tile, B_tile, accumulator)
        tl.copy(accumulator, result)
        tl.copy_out(result, C[row:, column:])

    return edge_gemm


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    return {"C": arguments["A"].astype(np.float64) @ arguments["B"].astype(np.float64)}
