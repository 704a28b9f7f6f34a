# pyright: reportInvalidTypeForm=false
"""y = A x, some rows of A for each block: products of a tile are kept element by element, and summed at the end.

Variants: K split over blocks that add to y; a batch of matrices, each with a vector of its own.
"""

import numpy as np

import tilewright.language as tl

SMOKE = {"rows": 96, "columns": 128, "block_rows": 32, "block_columns": 32, "num_stages": 2}
FULL = {"rows": 16384, "columns": 8192, "block_rows": 16, "block_columns": 512, "num_stages": 3}
VARIANTS = {
    "bf16, three stages": {"dtype": "bf16", "num_stages": 3},
    "split": {"split": 2},
    "batched": {"batch": 3, "rows": 64},
    "batched and split": {"batch": 2, "split": 4, "dtype": "f32"},
    "one trip": {"columns": 32},
}


def build(
    rows: int = 128,
    columns: int = 512,
    batch: int = 1,
    block_rows: int = 32,
    block_columns: int = 128,
    split: int = 1,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile, columns of `split` tiles. y is f32; split blocks add to it."""
    depth = columns // split

    @tl.kernel(threads=threads)
    def gemv(
        A: tl.Tensor((batch, rows, columns), dtype),
        x: tl.Tensor((batch, columns), dtype),
        y: tl.Tensor((batch, rows), tl.f32),
    ):
        bx, part, matrix = tl.grid(rows // block_rows, split, batch)
        row = bx * block_rows
        A_tile = tl.alloc_shared((block_rows, block_columns), dtype)
        x_tile = tl.alloc_shared((block_columns,), dtype)
        products = tl.alloc_fragment((block_rows, block_columns), tl.f32)
        total = tl.alloc_fragment((block_rows,), tl.f32)
        tl.fill(products, 0.0)
        for k in tl.pipelined(depth // block_columns, num_stages=num_stages):
            column = part * depth + k * block_columns
            tl.copy(A[matrix, row:, column:], A_tile)
            tl.copy(x[matrix, column:], x_tile)
            for i, j in tl.parallel(block_rows, block_columns):
                products[i, j] = products[i, j] + tl.cast(A_tile[i, j], tl.f32) * tl.cast(x_tile[j], tl.f32)
        tl.reduce(products, total, op="sum", axis=1)
        if split == 1:
            tl.copy(total, y[matrix, row:])
        else:
            for i in tl.parallel(block_rows):
                tl.atomic_add(y, (matrix, row + i), total[i])

    return gemv


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """y in float64."""
    product = np.einsum("brc,bc->br", arguments["A"].astype(np.float64), arguments["x"].astype(np.float64))
    return {"y": product + (arguments["y"] if parameters.get("split", 1) != 1 else 0.0)}
