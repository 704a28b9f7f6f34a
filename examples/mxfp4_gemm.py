# pyright: reportInvalidTypeForm=false
"""C = A B^T with weights B in four-bit floats (e2m1), two in a byte, each 32 along K with one exponent (mxfp4).

The halves become bf16 or f16 by their bits: a sign, two bits of exponent, one of mantissa; the shared exponent is added to
theirs. Without scales it is the plain four-bit product.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 128, "N": 64, "K": 192, "block_m": 64, "block_n": 32, "block_k": 64, "num_stages": 2}
FULL = {"M": 4096, "N": 4096, "K": 4096, "block_m": 256, "block_n": 128, "block_k": 128, "num_stages": 2, "threads": 256}
VARIANTS = {
    "fp4": {"scaled": False},
    "fp4, f16": {"scaled": False, "dtype": "f16"},
    "weights in registers": {"in_registers": True, "N": 128, "block_n": 64, "block_m": 32},
    "three stages": {"K": 256, "num_stages": 3},
    "one trip": {"K": 64},
}
GROUP = 32
SCALE_BIAS = 127
# Bits of the mantissa, and the exponent that an e2m1 exponent of 0 (its bias is 1) corresponds to.
_FORMATS = {"bf16": (7, 126), "f16": (10, 14)}
_MAGNITUDES = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])


def float4(half: tl.Scalar, scale: tl.Scalar, dtype: str) -> tl.Scalar:
    """The value of four bits in an i16, times two to `scale` (an i16); the result must be a normal number or zero."""
    mantissa_bits, base = _FORMATS[dtype]
    exponent, mantissa = (half >> 1) & 3, half & 1
    normal = ((exponent + base + scale) << mantissa_bits) | (mantissa << (mantissa_bits - 1))
    # With exponent 0 there is no leading one: the mantissa's bit alone is one half.
    small = tl.where(mantissa == 1, (scale + base) << mantissa_bits, 0)
    magnitude = tl.where(exponent == 0, small, normal)
    return tl.bitcast(magnitude | ((half >> 3) << 15), dtype)


def build(
    M: int = 256,
    N: int = 256,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 64,
    num_stages: int = 2,
    dtype: str = "bf16",
    scaled: bool = True,
    in_registers: bool = False,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile. B[n, k // 2] holds B[n, k] in its low half for even k.

    A block reads the scales of all its rows before the loop. Scales are exponents with a bias of 127.
    """

    def product(A: tl.Buffer, B: tl.Buffer, C: tl.Buffer, S: tl.Buffer | None) -> None:
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_packed = tl.alloc_shared((block_n, block_k // 2), tl.i8)
        alloc = tl.alloc_fragment if in_registers else tl.alloc_shared
        B_tile = alloc((block_n, block_k), dtype)
        accumulator = tl.alloc_fragment((block_n, block_m) if in_registers else (block_m, block_n), tl.f32)
        scales = None
        if S is not None:
            scales = tl.alloc_shared((block_n, K // GROUP), tl.i8)
            tl.copy(S[column:, 0:], scales)
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            tl.copy(A[row:, k * block_k :], A_tile)
            tl.copy(B[column:, k * (block_k // 2) :], B_packed)
            for i, j in tl.parallel(block_n, block_k):
                half = (tl.cast(B_packed[i, j // 2], tl.i16) >> tl.cast(j % 2 * 4, tl.i16)) & 15
                scale = tl.cast(0, tl.i16)
                if scales is not None:
                    # The byte is unsigned.
                    scale = (tl.cast(scales[i, (k * block_k + j) // GROUP], tl.i16) & 255) - SCALE_BIAS
                B_tile[i, j] = float4(half, scale, dtype)
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
    if not scaled:

        @tl.kernel(threads=threads)
        def fp4_gemm(A: a, B: b, C: c):
            product(A, B, C, None)

        return fp4_gemm

    @tl.kernel(threads=threads)
    def mxfp4_gemm(A: a, B: b, S: tl.Tensor((N, K // GROUP), "i8"), C: c):
        product(A, B, C, S)

    return mxfp4_gemm


def arguments(random: np.random.Generator, **parameters: Any) -> dict[str, np.ndarray]:
    """Bytes of any value for B, scales from 1/16 to 8."""
    packed = random.integers(-128, 128, (parameters["N"], parameters["K"] // 2), np.int8)
    if not parameters.get("scaled", True):
        return {"B": packed}
    exponents = random.integers(SCALE_BIAS - 4, SCALE_BIAS + 4, (parameters["N"], parameters["K"] // GROUP))
    return {"B": packed, "S": exponents.astype(np.uint8).view(np.int8)}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    packed = arguments["B"].view(np.uint8)
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(packed.shape[0], -1)
    weights = np.where(halves < 8, 1.0, -1.0) * _MAGNITUDES[halves & 7]
    if "S" in arguments:
        weights *= np.repeat(2.0 ** (arguments["S"].view(np.uint8).astype(np.float64) - SCALE_BIAS), GROUP, axis=1)
    return {"C": arguments["A"].astype(np.float64) @ weights.T}
