# pyright: reportInvalidTypeForm=false
"""Quantize a matrix to eight bits by its range: q = round(x / scale) + zero point, clamped.

One kernel finds the range, its blocks in any order, with atomic minima and maxima; the next quantizes by it.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 48, "N": 128, "block_m": 16, "block_n": 64}
FULL = {"M": 4096, "N": 4096, "block_m": 64, "block_n": 128}
VARIANTS = {
    "bf16": {"dtype": "bf16"},
    "ragged": {"M": 41, "N": 100},
}
STEPS, LOWEST = 255.0, -128.0


def build(
    M: int = 64, N: int = 256, block_m: int = 16, block_n: int = 64, dtype: str = "f32", threads: int = 128
) -> list[tl.Kernel]:
    """The kernels for any shape. `Range` holds the smallest and the largest element, of which 0 is always one."""
    grid = (tl.cdiv(N, block_n), tl.cdiv(M, block_m))
    x_type, range_type = tl.Tensor((M, N), dtype), tl.Tensor((2,), "f32")

    def load(X: tl.Buffer) -> tuple[tl.Scalar, tl.Scalar, tl.Buffer]:
        """The tile of this block, its place and its elements; zeros outside, which change no range."""
        bx, by = tl.grid(*grid)
        row, column = by * block_m, bx * block_n
        x = tl.alloc_shared((block_m, block_n), dtype)
        values = tl.alloc_fragment((block_m, block_n), tl.f32)
        tl.copy_in(X[row:, column:], x)
        tl.copy(x, values)
        return row, column, values

    @tl.kernel(threads=threads)
    def find_range(X: x_type, Range: range_type):
        _, _, values = load(X)
        smallest = tl.alloc_fragment((block_m,), tl.f32)
        largest = tl.alloc_fragment((block_m,), tl.f32)
        tl.reduce(values, smallest, op="min", axis=1)
        tl.reduce(values, largest, op="max", axis=1)
        for i in tl.parallel(block_m):
            tl.atomic_min(Range, 0, smallest[i])
            tl.atomic_max(Range, 1, largest[i])

    @tl.kernel(threads=threads)
    def quantize(X: x_type, Range: range_type, Q: tl.Tensor((M, N), "i8")):
        row, column, values = load(X)
        q = tl.alloc_shared((block_m, block_n), tl.i8)
        for i, j in tl.parallel(block_m, block_n):
            scale = (Range[1] - Range[0]) / STEPS
            zero_point = LOWEST - tl.round(Range[0] / scale)
            level = tl.round(values[i, j] / scale) + zero_point
            q[i, j] = tl.cast(tl.clamp(level, LOWEST, LOWEST + STEPS), tl.i8)
        tl.copy_out(q, Q[row:, column:])

    return [find_range, quantize]


def arguments(random: np.random.Generator, **_: Any) -> dict[str, np.ndarray]:
    """A range that holds nothing but 0 yet."""
    return {"Range": np.zeros(2, np.float32)}


def reference(arguments: dict[str, np.ndarray], **_: Any) -> dict[str, np.ndarray]:
    """The range exactly; levels in float32, as the kernel has them: quotients between two levels go either way in float64."""
    x = arguments["X"].astype(np.float32)
    limits = np.array([min(x.min(), 0), max(x.max(), 0)], np.float32)
    scale = (limits[1] - limits[0]) / np.float32(STEPS)
    zero_point = np.float32(LOWEST) - np.rint(limits[0] / scale)
    return {"Range": limits, "Q": np.clip(np.rint(x / scale) + zero_point, LOWEST, LOWEST + STEPS)}
