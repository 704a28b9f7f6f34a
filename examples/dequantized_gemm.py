# pyright: reportInvalidTypeForm=false
"""C = A B^T with weights B of four bits, two in a byte: the tile is unpacked in the pipelined loop, then multiplied.

The unpacked tile goes through shared memory, or stays in registers as the left operand of the transposed product.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 128, "N": 64, "K": 128, "block_m": 64, "block_n": 32, "block_k": 32, "num_stages": 3}
FULL = {"M": 4096, "N": 4096, "K": 4096, "block_m": 128, "block_n": 128, "block_k": 64, "num_stages": 3}
VARIANTS = {
    "weights in registers": {"in_registers": True, "N": 128, "block_n": 64, "block_m": 32},
    "bf16": {"dtype": "bf16"},
    "scales and zero points": {"group": 16},
    "scales and zero points in registers": {"group": 32, "in_registers": True, "N": 128, "block_n": 64, "block_m": 32},
    "one trip": {"K": 32},
    "two stages": {"num_stages": 2},
}


def build(
    M: int = 256,
    N: int = 256,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 3,
    dtype: str = "f16",
    in_registers: bool = False,
    group: int | None = None,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile. B[n, k // 2] holds B[n, k] in its low half for even k.

    With `group`, which divides block_k, each `group` weights along K have a scale and a zero point, S[k // group, n] and Z.
    """

    def product(A: tl.Buffer, B: tl.Buffer, C: tl.Buffer, *scales_and_zeros: tl.Buffer) -> None:
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_packed = tl.alloc_shared((block_n, block_k // 2), tl.i8)
        alloc = tl.alloc_fragment if in_registers else tl.alloc_shared
        B_tile = alloc((block_n, block_k), dtype)
        accumulator = tl.alloc_fragment((block_n, block_m) if in_registers else (block_m, block_n), tl.f32)
        groups = block_k // (group or block_k)
        tables = [(table, tl.alloc_shared((groups, block_n), table.dtype)) for table in scales_and_zeros]
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            tl.copy(A[row:, k * block_k :], A_tile)
            tl.copy(B[column:, k * (block_k // 2) :], B_packed)
            for table, tile in tables:
                tl.copy(table[k * groups :, column:], tile)
            for i, j in tl.parallel(block_n, block_k):
                # The half is moved to the top of its byte and back down, which extends its sign.
                up = tl.cast(4 - j % 2 * 4, tl.i8)
                weight = (B_packed[i, j // 2] << up) >> 4
                if group is None:
                    B_tile[i, j] = tl.cast(weight, dtype)
                else:
                    (_, scales), (_, zeros) = tables
                    B_tile[i, j] = tl.cast(weight - zeros[j // group, i], dtype) * scales[j // group, i]
            if in_registers:
                tl.gemm(B_tile, A_tile, accumulator, transpose_b=True)
            else:
                tl.gemm(A_tile, B_tile, accumulator, transpose_b=True)
        if in_registers:
            for i, j in tl.parallel(block_n, block_m):
                C[row + j, column + i] = tl.cast(accumulator[i, j], dtype)
        else:
            tl.copy(accumulator, C[row:, column:])

    a, b, c = tl.Tensor((M, K), dtype), tl.Tensor((N, K // 2), "i8"), tl.Tensor((M, N), dtype)
    if group is None:

        @tl.kernel(threads=threads)
        def dequantized_gemm(A: a, B: b, C: c):
            product(A, B, C)

        return dequantized_gemm

    @tl.kernel(threads=threads)
    def group_dequantized_gemm(A: a, B: b, S: tl.Tensor((K // group, N), dtype), Z: tl.Tensor((K // group, N), "i8"), C: c):
        product(A, B, C, S, Z)

    return group_dequantized_gemm


def arguments(random: np.random.Generator, **parameters: Any) -> dict[str, np.ndarray]:
    """Bytes of any value for B, zero points of four bits."""
    n, k, group = parameters["N"], parameters["K"], parameters.get("group")
    own = {"B": random.integers(-128, 128, (n, k // 2), np.int8)}
    return own if group is None else own | {"Z": random.integers(-8, 8, (k // group, n), np.int8)}


def unpacked(packed: np.ndarray) -> np.ndarray:
    """The signed halves of each byte, low half first, along the last dimension."""
    wide = packed.view(np.uint8).astype(np.int64)
    halves = np.stack([wide & 15, wide >> 4], axis=-1).reshape(*packed.shape[:-1], -1)
    return np.where(halves < 8, halves, halves - 16)


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """C in float64, of weights rounded to the type of A."""
    a, weights = arguments["A"], unpacked(arguments["B"])
    if "S" in arguments:
        scales, zeros = (np.repeat(arguments[name].T, parameters["group"], axis=1) for name in "SZ")
        weights = ((weights - zeros) * scales.astype(np.float64)).astype(a.dtype).astype(np.float64)
    return {"C": a.astype(np.float64) @ weights.T}
