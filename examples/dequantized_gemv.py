# pyright: reportInvalidTypeForm=false
"""y = B x with weights B of four bits, two in a byte: products in f32, summed along each row, a tile of K at a time."""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"N": 64, "K": 256, "block_n": 16, "block_k": 64, "num_stages": 3}
FULL = {"N": 16384, "K": 16384, "block_n": 32, "block_k": 512, "num_stages": 3}
VARIANTS = {
    "bf16": {"dtype": "bf16"},
    "one trip": {"K": 64},
    "ragged": {"N": 60, "K": 240},
}


def build(
    N: int = 256,
    K: int = 512,
    block_n: int = 16,
    block_k: int = 128,
    num_stages: int = 3,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for any N and even K. B[n, k // 2] holds B[n, k] in its low half for even k."""

    @tl.kernel(threads=threads)
    def dequantized_gemv(x: tl.Tensor((K,), dtype), B: tl.Tensor((N, K // 2), "i8"), y: tl.Tensor((N,), dtype)):
        row = tl.grid(tl.cdiv(N, block_n)) * block_n
        x_tile = tl.alloc_shared((block_k,), dtype)
        B_packed = tl.alloc_shared((block_n, block_k // 2), tl.i8)
        products = tl.alloc_fragment((block_n, block_k), tl.f32)
        total = tl.alloc_fragment((block_n,), tl.f32)
        result = tl.alloc_shared((block_n,), dtype)
        tl.fill(total, 0.0)
        for k in tl.pipelined(tl.cdiv(K, block_k), num_stages=num_stages):
            tl.copy_in(x[k * block_k :], x_tile)
            tl.copy_in(B[row:, k * (block_k // 2) :], B_packed)
            for i, j in tl.parallel(block_n, block_k):
                up = tl.cast(4 - j % 2 * 4, tl.i8)
                weight = tl.cast((B_packed[i, j // 2] << up) >> 4, tl.f32)
                products[i, j] = weight * tl.cast(x_tile[j], tl.f32)
            tl.reduce(products, total, op="sum", axis=1, clear=False)
        tl.copy(total, result)
        tl.copy_out(result, y[row:])

    return dequantized_gemv


def arguments(random: np.random.Generator, **parameters: Any) -> dict[str, np.ndarray]:
    """Bytes of any value for B."""
    return {"B": random.integers(-128, 128, (parameters["N"], parameters["K"] // 2), np.int8)}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """y in float64."""
    packed = arguments["B"].view(np.uint8).astype(np.int64)
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(packed.shape[0], -1)
    weights = np.where(halves < 8, halves, halves - 16)
    return {"y": weights @ arguments["x"].astype(np.float64)}
