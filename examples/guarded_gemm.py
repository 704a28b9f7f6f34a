# pyright: reportInvalidTypeForm=false
"""C = A B where blocks of A are skipped: a table says which, and guards the copies and the product of an iteration."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 64, "N": 64, "K": 96, "block_m": 32, "block_n": 32, "block_k": 16, "num_stages": 3}
FULL = {"M": 4096, "N": 4096, "K": 4096, "block_m": 128, "block_n": 128, "block_k": 64, "num_stages": 3}
VARIANTS = {
    "bf16": {"dtype": "bf16"},
    "one stage": {"num_stages": 1},
    "one trip": {"K": 16},
}


def build(
    M: int = 128,
    N: int = 128,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 3,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile. A block (i, k) of A counts where Mask[i, k] is not 0."""

    @tl.kernel(threads=threads)
    def guarded_gemm(
        A: tl.Tensor((M, K), dtype),
        B: tl.Tensor((K, N), dtype),
        Mask: tl.Tensor((M // block_m, K // block_k), tl.i32),
        C: tl.Tensor((M, N), dtype),
    ):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            with tl.if_(Mask[by, k] != 0):
                tl.copy(A[row:, k * block_k :], A_tile)
                tl.copy(B[k * block_k :, column:], B_tile)
                tl.gemm(A_tile, B_tile, accumulator)
        tl.copy(accumulator, C[row:, column:])

    return guarded_gemm


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    mask = arguments["Mask"] != 0
    block = np.ones((a.shape[0] // mask.shape[0], a.shape[1] // mask.shape[1]))
    return {"C": (a * np.kron(mask, block)) @ b}
