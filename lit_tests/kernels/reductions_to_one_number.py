# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only reductions_to_one_number
# RUN: tilewright examples %S --only reductions_to_one_number --target cuda:sm_80
# RUN: tilewright examples %S --only reductions_to_one_number --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""Rows and columns broadcast to a tile of any extents, reductions along both, and on to a buffer without dimensions."""

import numpy as np

import tilewright.language as tl

SMOKE = {"rows": 32, "columns": 24, "threads": 128}
VARIANTS = {
    f"{rows}x{columns} on {threads}": {"rows": rows, "columns": columns, "threads": threads}
    for rows, columns, threads in ((48, 40, 96), (16, 96, 128), (80, 72, 160), (5, 1, 128), (3, 514, 128), (7, 33, 32))
}
TRIPS = 3


def build(rows: int, columns: int, threads: int) -> tl.Kernel:
    @tl.kernel(threads=threads)
    def reductions(
        X: tl.Tensor((rows, columns * TRIPS), "f16"),
        Column: tl.Tensor((rows,), "f32"),
        Row: tl.Tensor((columns,), "f32"),
        Y: tl.Tensor((rows, columns), "f32"),
        Sums: tl.Tensor((rows,), "f32"),
        Sum: tl.Tensor((), "f32"),
    ):
        tl.grid(1)
        x = tl.alloc_shared((rows, columns), "f16")
        scaled = tl.alloc_fragment((rows, columns), "f32")
        total = tl.alloc_fragment((rows, columns), "f32")
        row = tl.alloc_fragment((columns,), "f32")
        column = tl.alloc_fragment((rows,), "f32")
        largest = tl.alloc_fragment((columns,), "f32")
        number = tl.alloc_fragment((), "f32")
        tl.copy(Column, column)
        tl.copy(Row, row)
        tl.fill(total, 0.0)
        for t in tl.pipelined(TRIPS, num_stages=2):
            tl.copy(X[0:, t * columns :], x)
            tl.copy(x, scaled)
            for i, j in tl.parallel(rows, columns):
                scaled[i, j] = scaled[i, j] * column[i] + row[j]
            tl.reduce(scaled, largest, op="max", axis=0)
            for i, j in tl.parallel(rows, columns):
                total[i, j] = total[i, j] + scaled[i, j] - largest[j]
        tl.reduce(total, column, op="sum", axis=1)
        tl.reduce(column, number, op="sum", axis=0)
        tl.copy(total, Y)
        tl.copy(column, Sums)
        tl.copy(number, Sum)

    return reductions


def reference(arguments: dict[str, np.ndarray], rows: int, columns: int, **_: object) -> dict[str, np.ndarray]:
    x, column, row = (arguments[name].astype(np.float64) for name in ("X", "Column", "Row"))
    total = np.zeros((rows, columns))
    for t in range(TRIPS):
        scaled = x[:, t * columns : (t + 1) * columns] * column[:, None] + row
        total += scaled - scaled.max(axis=0)
    return {"Y": total, "Sums": total.sum(axis=1), "Sum": total.sum()}
