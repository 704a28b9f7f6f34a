# pyright: reportInvalidTypeForm=false
"""C = A + B, where B is a whole matrix, one row for all rows, or one column for all columns."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 64, "N": 96, "block_m": 32, "block_n": 32}
FULL = {"M": 4096, "N": 4096, "block_m": 64, "block_n": 128}
VARIANTS = {
    "row": {"broadcast": "row"},
    "column": {"broadcast": "column"},
    "bf16": {"dtype": "bf16"},
    "f32": {"dtype": "f32", "broadcast": "row"},
    "i32": {"dtype": "i32"},
}


def build(
    M: int = 256,
    N: int = 256,
    block_m: int = 32,
    block_n: int = 64,
    dtype: str = "f16",
    broadcast: str = "none",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile; `broadcast` is none, row (B has shape N) or column (M)."""
    shape_of_b = {"none": (M, N), "row": (N,), "column": (M,)}[broadcast]

    @tl.kernel(threads=threads)
    def add(A: tl.Tensor((M, N), dtype), B: tl.Tensor(shape_of_b, dtype), C: tl.Tensor((M, N), dtype)):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        a = tl.alloc_fragment((block_m, block_n), dtype)
        tl.copy(A[row:, column:], a)
        if broadcast == "none":
            b = tl.alloc_fragment((block_m, block_n), dtype)
            tl.copy(B[row:, column:], b)
        else:
            b = tl.alloc_fragment((block_n,) if broadcast == "row" else (block_m,), dtype)
            tl.copy(B[column:] if broadcast == "row" else B[row:], b)
        for i, j in tl.parallel(block_m, block_n):
            subscripts = {"none": (i, j), "row": (j,), "column": (i,)}[broadcast]
            a[i, j] = a[i, j] + b[subscripts]
        tl.copy(a, C[row:, column:])

    return add


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """C in float64."""
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    return {"C": a + (b[:, None] if parameters.get("broadcast") == "column" else b)}
