# pyright: reportInvalidTypeForm=false
"""The largest (or smallest) element of each row and its column, a tile of columns at a time; of equal ones the first."""

import math
from typing import Any, Literal

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 32, "N": 104, "block_m": 16, "block_n": 32, "num_stages": 2}
FULL = {"M": 8192, "N": 151936, "block_m": 8, "block_n": 512, "num_stages": 3}
VARIANTS = {
    "argmin": {"op": "min"},
    "f32, whole tiles": {"dtype": "f32", "N": 96, "num_stages": 3},
    "i32": {"dtype": "i32", "N": 90},
}


def build(
    M: int = 64,
    N: int = 256,
    block_m: int = 16,
    block_n: int = 32,
    num_stages: int = 2,
    op: Literal["max", "min"] = "max",
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for M that is a multiple of block_m, and any N; f16, f32 or i32."""
    limits = (-math.inf, math.inf) if tl.as_dtype(dtype).is_float else (-(1 << 31), (1 << 31) - 1)
    worst = limits[op == "min"]

    @tl.kernel(threads=threads)
    def argmax(X: tl.Tensor((M, N), dtype), Values: tl.Tensor((M,), dtype), Places: tl.Tensor((M,), "i32")):
        row = tl.grid(M // block_m) * block_m
        x = tl.alloc_shared((block_m, block_n), dtype)
        elements = tl.alloc_fragment((block_m, block_n), dtype)
        values = tl.alloc_fragment((block_m,), dtype)
        places = tl.alloc_fragment((block_m,), tl.i32)
        tl.fill(values, worst)
        tl.fill(places, -1)
        for k in tl.pipelined(tl.cdiv(N, block_n), num_stages=num_stages):
            # Padding with zeros leaves the copy to the hardware; what is beyond the last column is masked here.
            tl.copy_in(X[row:, k * block_n :], x)
            for i, j in tl.parallel(block_m, block_n):
                elements[i, j] = tl.where(k * block_n + j < N, x[i, j], worst)
            tl.arg_reduce(elements, values, places, op=op, axis=1, start=k * block_n, clear=False)
        tl.copy(values, Values[row:])
        tl.copy(places, Places[row:])

    return argmax


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Both results, exactly."""
    x = arguments["X"].astype(np.float64)
    places = x.argmin(axis=1) if parameters.get("op") == "min" else x.argmax(axis=1)
    return {"Values": np.take_along_axis(x, places[:, None], axis=1)[:, 0], "Places": places}
