# pyright: reportInvalidTypeForm=false
"""Layer norm, or group norm of each position: (x - mean) / sqrt(variance + epsilon), times a weight, plus a bias.

Batch, position and group are one dimension of the reshaped argument: a row of it is what is normalized. Two pipelined loops
go over its tiles, one for sums and sums of squares, one for the result.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"batch": 2, "positions": 9, "hidden": 96, "block_m": 8, "block_n": 32, "num_stages": 2}
FULL = {"batch": 8, "positions": 4096, "hidden": 4096, "block_m": 16, "block_n": 256, "num_stages": 2}
VARIANTS = {
    "groups": {"groups": 3, "block_n": 16},
    "bf16": {"dtype": "bf16"},
    "three stages": {"num_stages": 3, "hidden": 160},
}


def build(
    batch: int = 2,
    positions: int = 16,
    hidden: int = 128,
    groups: int = 1,
    block_m: int = 8,
    block_n: int = 32,
    num_stages: int = 2,
    epsilon: float = 1e-5,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for any number of rows; block_n divides a group."""
    rows, width = batch * positions * groups, hidden // groups

    @tl.kernel(threads=threads)
    def layer_norm(
        X: tl.Tensor((batch, positions, hidden), dtype),
        Weight: tl.Tensor((hidden,), dtype),
        Bias: tl.Tensor((hidden,), dtype),
        Y: tl.Tensor((batch, positions, hidden), dtype),
    ):
        row = tl.grid(tl.cdiv(rows, block_m)) * block_m
        x_rows, y_rows = tl.reshape(X, (rows, width)), tl.reshape(Y, (rows, width))
        weight, bias = tl.reshape(Weight, (groups, width)), tl.reshape(Bias, (groups, width))
        # Each loop has a tile of its own, so that each can leave its copies to a producer.
        x = tl.alloc_shared((block_m, block_n), dtype)
        x_again = tl.alloc_shared((block_m, block_n), dtype)
        weight_tile = tl.alloc_shared((groups, block_n), dtype)
        bias_tile = tl.alloc_shared((groups, block_n), dtype)
        y = tl.alloc_shared((block_m, block_n), dtype)
        values = tl.alloc_fragment((block_m, block_n), tl.f32)
        squares = tl.alloc_fragment((block_m, block_n), tl.f32)
        mean = tl.alloc_fragment((block_m,), tl.f32)
        scale = tl.alloc_fragment((block_m,), tl.f32)
        tl.fill(mean, 0.0)
        tl.fill(scale, 0.0)
        for k in tl.pipelined(width // block_n, num_stages=num_stages):
            tl.copy_in(x_rows[row:, k * block_n :], x)
            tl.copy(x, values)
            for i, j in tl.parallel(block_m, block_n):
                squares[i, j] = values[i, j] * values[i, j]
            tl.reduce(values, mean, op="sum", axis=1, clear=False)
            tl.reduce(squares, scale, op="sum", axis=1, clear=False)
        for i in tl.parallel(block_m):
            mean[i] = mean[i] / float(width)
            scale[i] = tl.rsqrt(scale[i] / float(width) - mean[i] * mean[i] + epsilon)
        for k in tl.pipelined(width // block_n, num_stages=num_stages):
            tl.copy_in(x_rows[row:, k * block_n :], x_again)
            tl.copy(weight[0:, k * block_n :], weight_tile)
            tl.copy(bias[0:, k * block_n :], bias_tile)
            for i, j in tl.parallel(block_m, block_n):
                group = (row + i) % groups
                normal = (tl.cast(x_again[i, j], tl.f32) - mean[i]) * scale[i]
                result = normal * tl.cast(weight_tile[group, j], tl.f32) + tl.cast(bias_tile[group, j], tl.f32)
                y[i, j] = tl.cast(result, dtype)
            tl.copy_out(y, y_rows[row:, k * block_n :])

    return layer_norm


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Y in float64."""
    x, weight, bias = (arguments[name].astype(np.float64) for name in ("X", "Weight", "Bias"))
    grouped = x.reshape(*x.shape[:2], parameters.get("groups", 1), -1)
    centred = grouped - grouped.mean(axis=3, keepdims=True)
    normal = centred / np.sqrt(grouped.var(axis=3, keepdims=True) + parameters.get("epsilon", 1e-5))
    return {"Y": normal.reshape(x.shape) * weight + bias}
