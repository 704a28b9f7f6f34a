# pyright: reportInvalidTypeForm=false
"""C = A B^T in integers: activations A of eight bits, weights B of four, two in a byte; accumulation in i32.

The unpacked weights stay in registers, as the left operand of the transposed product, or go through shared memory.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 64, "N": 128, "K": 192, "block_m": 32, "block_n": 64, "block_k": 64, "num_stages": 2}
FULL = {"M": 4096, "N": 4096, "K": 4096, "block_m": 128, "block_n": 128, "block_k": 128, "num_stages": 3}
VARIANTS = {
    "weights in shared memory": {"in_registers": False, "block_m": 64},
    "three stages": {"K": 320, "num_stages": 3},
    "one trip": {"K": 64},
}


def build(
    M: int = 256,
    N: int = 256,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 64,
    num_stages: int = 2,
    in_registers: bool = True,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile. B[n, k // 2] holds B[n, k] in its low half for even k."""

    @tl.kernel(threads=threads)
    def w4a8_gemm(A: tl.Tensor((M, K), "i8"), B: tl.Tensor((N, K // 2), "i8"), C: tl.Tensor((M, N), "i32")):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), tl.i8)
        B_packed = tl.alloc_shared((block_n, block_k // 2), tl.i8)
        B_tile = (tl.alloc_fragment if in_registers else tl.alloc_shared)((block_n, block_k), tl.i8)
        accumulator = tl.alloc_fragment((block_n, block_m) if in_registers else (block_m, block_n), tl.i32)
        tl.fill(accumulator, 0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            tl.copy(A[row:, k * block_k :], A_tile)
            tl.copy(B[column:, k * (block_k // 2) :], B_packed)
            for i, j in tl.parallel(block_n, block_k):
                up = tl.cast(4 - j % 2 * 4, tl.i8)
                B_tile[i, j] = (B_packed[i, j // 2] << up) >> 4
            if in_registers:
                tl.gemm(B_tile, A_tile, accumulator, transpose_b=True)
            else:
                tl.gemm(A_tile, B_tile, accumulator, transpose_b=True)
        if in_registers:
            for i, j in tl.parallel(block_n, block_m):
                C[row + j, column + i] = accumulator[i, j]
        else:
            tl.copy(accumulator, C[row:, column:])

    return w4a8_gemm


def arguments(random: np.random.Generator, **parameters: Any) -> dict[str, np.ndarray]:
    """Bytes of any value."""
    m, n, k = (parameters[name] for name in "MNK")
    return {"A": random.integers(-128, 128, (m, k), np.int8), "B": random.integers(-128, 128, (n, k // 2), np.int8)}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C, exactly."""
    packed = arguments["B"].view(np.uint8).astype(np.int64)
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(packed.shape[0], -1)
    weights = np.where(halves < 8, halves, halves - 16)
    return {"C": arguments["A"].astype(np.int64) @ weights.T}
