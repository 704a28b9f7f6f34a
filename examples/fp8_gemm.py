# pyright: reportInvalidTypeForm=false
"""C = A B^T in fp8, accumulated at two levels: the matrix unit's sum is added to one in f32 every few steps, and cleared.

With block scales (as DeepSeek's kernels have them) each step's product is scaled while it is added: A has a scale for each row
and 128 columns, B one for each 128 by 128.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 128, "N": 64, "K": 320, "block_m": 64, "block_n": 32, "block_k": 64, "num_stages": 3}
FULL = {"M": 8192, "N": 8192, "K": 8192, "block_m": 128, "block_n": 128, "block_k": 128, "num_stages": 3}
VARIANTS = {
    "e5m2": {"dtype": "f8E5M2", "interval": 4},
    "at every step": {"interval": 1},
    "interval beyond the end": {"interval": 8},
    "block scales": {"scaled": True, "block_k": 128, "K": 384, "N": 128, "M": 64, "num_stages": 2},
    "block scales, two blocks of B to one": {"scaled": True, "block_k": 128, "K": 256, "N": 256, "M": 64, "block_n": 64},
}
SCALE_BLOCK = 128


def build(
    M: int = 256,
    N: int = 256,
    K: int = 512,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 64,
    num_stages: int = 3,
    interval: int = 2,
    dtype: str = "f8E4M3FN",
    out_dtype: str = "bf16",
    scaled: bool = False,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile; promotes every `interval` steps. With scales, block_k is 128."""
    trips = K // block_k

    def accumulate(partial: tl.Buffer, total: tl.Buffer) -> None:
        for i, j in tl.parallel(block_m, block_n):
            total[i, j] = total[i, j] + partial[i, j]
        tl.fill(partial, 0.0)

    if not scaled:

        @tl.kernel(threads=threads)
        def fp8_gemm(A: tl.Tensor((M, K), dtype), B: tl.Tensor((N, K), dtype), C: tl.Tensor((M, N), out_dtype)):
            bx, by = tl.grid(N // block_n, M // block_m)
            row, column = by * block_m, bx * block_n
            A_tile = tl.alloc_shared((block_m, block_k), dtype)
            B_tile = tl.alloc_shared((block_n, block_k), dtype)
            partial = tl.alloc_fragment((block_m, block_n), tl.f32)
            total = tl.alloc_fragment((block_m, block_n), tl.f32)
            tl.fill(partial, 0.0)
            tl.fill(total, 0.0)
            for k in tl.pipelined(trips, num_stages=num_stages):
                tl.copy(A[row:, k * block_k :], A_tile)
                tl.copy(B[column:, k * block_k :], B_tile)
                tl.gemm(A_tile, B_tile, partial, transpose_b=True)
                with tl.if_(k % interval == interval - 1):
                    accumulate(partial, total)
            if trips % interval:
                accumulate(partial, total)
            tl.copy(total, C[row:, column:])

        return fp8_gemm

    @tl.kernel(threads=threads)
    def block_scaled_fp8_gemm(
        A: tl.Tensor((M, K), dtype),
        B: tl.Tensor((N, K), dtype),
        SA: tl.Tensor((M, K // SCALE_BLOCK), "f32"),
        SB: tl.Tensor((N // SCALE_BLOCK, K // SCALE_BLOCK), "f32"),
        C: tl.Tensor((M, N), out_dtype),
    ):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_n, block_k), dtype)
        scales = tl.alloc_shared((block_m,), tl.f32)
        partial = tl.alloc_fragment((block_m, block_n), tl.f32)
        total = tl.alloc_fragment((block_m, block_n), tl.f32)
        tl.fill(total, 0.0)
        for k in tl.pipelined(trips, num_stages=num_stages):
            tl.copy(A[row:, k * block_k :], A_tile)
            tl.copy(B[column:, k * block_k :], B_tile)
            for i in tl.parallel(block_m):
                scales[i] = SA[row + i, k] * SB[column // SCALE_BLOCK, k]
            tl.fill(partial, 0.0)
            tl.gemm(A_tile, B_tile, partial, transpose_b=True)
            for i, j in tl.parallel(block_m, block_n):
                total[i, j] = total[i, j] + partial[i, j] * scales[i]
        tl.copy(total, C[row:, column:])

    return block_scaled_fp8_gemm


def arguments(random: np.random.Generator, **parameters: Any) -> dict[str, np.ndarray]:
    """Scales from a half to one and a half."""
    if not parameters.get("scaled"):
        return {}
    m, n, k = parameters["M"], parameters["N"] // SCALE_BLOCK, parameters["K"] // SCALE_BLOCK
    return {name: random.uniform(0.5, 1.5, shape).astype(np.float32) for name, shape in (("SA", (m, k)), ("SB", (n, k)))}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    if "SA" in arguments:
        a *= np.repeat(arguments["SA"].astype(np.float64), SCALE_BLOCK, axis=1)
        b *= np.kron(arguments["SB"].astype(np.float64), np.ones((SCALE_BLOCK, SCALE_BLOCK)))
    return {"C": a @ b.T}
