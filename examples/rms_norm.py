# pyright: reportInvalidTypeForm=false
"""Y = X / sqrt(mean(X^2) + epsilon) * W, row by row: one pipelined loop sums the squares, a second one scales."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 32, "N": 128, "block_m": 16, "block_n": 32, "num_stages": 2}
FULL = {"M": 4096, "N": 4096, "block_m": 16, "block_n": 256, "num_stages": 3}
VARIANTS = {
    "bf16": {"dtype": "bf16"},
    "f32": {"dtype": "f32"},
    "three stages": {"num_stages": 3},
    "one trip": {"N": 32},
}


def build(
    M: int = 64,
    N: int = 256,
    block_m: int = 16,
    block_n: int = 64,
    num_stages: int = 2,
    dtype: str = "f16",
    epsilon: float = 1e-5,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile."""

    @tl.kernel(threads=threads)
    def rms_norm(X: tl.Tensor((M, N), dtype), W: tl.Tensor((N,), dtype), Y: tl.Tensor((M, N), dtype)):
        row = tl.grid(M // block_m) * block_m
        x = tl.alloc_shared((block_m, block_n), dtype)
        w = tl.alloc_shared((block_n,), dtype)
        squares = tl.alloc_fragment((block_m, block_n), tl.f32)
        scale = tl.alloc_fragment((block_m,), tl.f32)
        y = tl.alloc_fragment((block_m, block_n), dtype)
        tl.fill(scale, 0.0)
        for k in tl.pipelined(N // block_n, num_stages=num_stages):
            tl.copy(X[row:, k * block_n :], x)
            for i, j in tl.parallel(block_m, block_n):
                value = tl.cast(x[i, j], tl.f32)
                squares[i, j] = value * value
            tl.reduce(squares, scale, op="sum", axis=1, clear=False)
        for i in tl.parallel(block_m):
            scale[i] = tl.rsqrt(scale[i] / N + epsilon)
        for k in tl.pipelined(N // block_n, num_stages=num_stages):
            tl.copy(X[row:, k * block_n :], x)
            tl.copy(W[k * block_n :], w)
            for i, j in tl.parallel(block_m, block_n):
                y[i, j] = tl.cast(tl.cast(x[i, j], tl.f32) * scale[i] * tl.cast(w[j], tl.f32), dtype)
            tl.copy(y, Y[row:, k * block_n :])

    return rms_norm


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """Y in float64."""
    x, w = arguments["X"].astype(np.float64), arguments["W"].astype(np.float64)
    epsilon = float(str(parameters.get("epsilon", 1e-5)))
    return {"Y": x / np.sqrt((x * x).mean(axis=1, keepdims=True) + epsilon) * w}
