# pyright: reportInvalidTypeForm=false
"""The softmax of each row. A row fits into one tile; columns beyond the last are masked: they read as minus infinity."""

import math

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 32, "N": 50, "block_m": 16}
FULL = {"M": 4096, "N": 1000, "block_m": 4}
VARIANTS = {
    "whole tile": {"N": 64},
    "partial rows": {"M": 29},
    "bf16": {"dtype": "bf16"},
    "f32": {"dtype": "f32"},
}
LOG2_E = math.log2(math.e)


def build(M: int = 64, N: int = 100, block_m: int = 16, dtype: str = "f16", threads: int = 128) -> tl.Kernel:
    """The kernel for any M and N."""
    width = 1 << (N - 1).bit_length()

    @tl.kernel(threads=threads)
    def softmax(X: tl.Tensor((M, N), dtype), Y: tl.Tensor((M, N), dtype)):
        row = tl.grid(tl.cdiv(M, block_m)) * block_m
        x = tl.alloc_shared((block_m, width), dtype)
        values = tl.alloc_fragment((block_m, width), tl.f32)
        largest = tl.alloc_fragment((block_m,), tl.f32)
        total = tl.alloc_fragment((block_m,), tl.f32)
        tl.copy_in(X[row:, 0:], x, pad=-math.inf)
        tl.copy(x, values)
        # A row outside X is all minus infinity; a finite start keeps its difference from being NaN.
        tl.fill(largest, -3.0e38)
        tl.reduce(values, largest, op="max", axis=1, clear=False)
        for i, j in tl.parallel(block_m, width):
            values[i, j] = tl.exp2((values[i, j] - largest[i]) * LOG2_E)
        tl.reduce(values, total, op="sum", axis=1)
        for i, j in tl.parallel(block_m, width):
            values[i, j] = values[i, j] / total[i]
        tl.copy(values, x)
        tl.copy_out(x, Y[row:, 0:])

    return softmax


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """Y in float64."""
    x = arguments["X"].astype(np.float64)
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return {"Y": powers / powers.sum(axis=1, keepdims=True)}
