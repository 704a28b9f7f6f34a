# pyright: reportInvalidTypeForm=false
"""The k largest of each row, largest first, with their positions: k times the largest, which is then left out."""

import math

import numpy as np

import tilewright.language as tl

SMOKE = {"rows": 64, "columns": 48, "k": 4, "block_rows": 32}
FULL = {"rows": 320, "columns": 128, "k": 6, "block_rows": 64}
VARIANTS = {
    "all": {"columns": 8, "k": 8},
    "one": {"k": 1},
    "equal elements": {"distinct": 5},
    "bf16": {"dtype": "bf16"},
}


def build(
    rows: int = 64,
    columns: int = 64,
    k: int = 6,
    block_rows: int = 64,
    dtype: str = "f32",
    distinct: int = 0,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for rows that are a multiple of `block_rows`. Of equal elements the first comes first.

    `arguments` draws from `distinct` values, where that is not 0.
    """
    del distinct

    @tl.kernel(threads=threads)
    def topk(
        X: tl.Tensor((rows, columns), dtype),
        Values: tl.Tensor((rows, k), dtype),
        Positions: tl.Tensor((rows, k), tl.i32),
    ):
        row = tl.grid(rows // block_rows) * block_rows
        x = tl.alloc_fragment((block_rows, columns), tl.f32)
        places = tl.alloc_fragment((block_rows, columns), tl.i32)
        largest = tl.alloc_fragment((block_rows,), tl.f32)
        place = tl.alloc_fragment((block_rows,), tl.i32)
        tl.copy(X[row:, 0:], x)
        for n in tl.serial(k):
            tl.reduce(x, largest, op="max", axis=1)
            for i, j in tl.parallel(block_rows, columns):
                places[i, j] = tl.where(x[i, j] == largest[i], tl.cast(j, tl.i32), columns)
            tl.reduce(places, place, op="min", axis=1)
            for i, j in tl.parallel(block_rows, columns):
                x[i, j] = tl.where(tl.cast(j, tl.i32) == place[i], -math.inf, x[i, j])
            for i in tl.parallel(block_rows):
                Values[row + i, n] = tl.cast(largest[i], dtype)
                Positions[row + i, n] = place[i]

    return topk


def arguments(
    random: np.random.Generator, rows: int, columns: int, dtype: str, distinct: int, **_: object
) -> dict[str, np.ndarray]:
    drawn = random.integers(0, distinct, (rows, columns)) if distinct else random.uniform(-1, 1, (rows, columns))
    return {"X": drawn.astype(tl.as_dtype(dtype).numpy)}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """By a stable sort in float64."""
    x = arguments["X"].astype(np.float64)
    positions = np.argsort(-x, axis=1, kind="stable")[:, : arguments["Values"].shape[1]]
    return {"Values": np.take_along_axis(x, positions, axis=1), "Positions": positions}
