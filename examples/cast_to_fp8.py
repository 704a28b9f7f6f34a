# pyright: reportInvalidTypeForm=false
"""Cast to fp8 with scales: each row in groups of columns, each group divided by its largest magnitude over that of the type.

A group as wide as a row is the per-token cast, one of 128 columns the per-token-group cast. Split, the rows belong to
batches of different sizes, one after another in X, and each batch has a place of its own in the results, padded with zeros.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 40, "N": 256, "group": 128, "block_m": 16}
FULL = {"M": 8192, "N": 8192, "group": 128, "block_m": 8}
VARIANTS = {
    "per token": {"group": 256, "block_m": 8},
    "e5m2": {"target": "f8E5M2"},
    "bf16": {"dtype": "bf16"},
    "group_per_split_token": {"M": 24, "sizes": (9, 0, 24, 7), "dtype": "bf16"},
}
LARGEST = {"f8E4M3FN": 448.0, "f8E5M2": 57344.0}
SMALLEST_MAXIMUM = 1e-4


def build(
    M: int = 64,
    N: int = 512,
    group: int = 128,
    block_m: int = 8,
    dtype: str = "f32",
    target: str = "f8E4M3FN",
    sizes: tuple[int, ...] | None = None,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for any M; `group` divides N. With `sizes` of batches, which are data, M is the largest size that fits."""
    largest = LARGEST[target]

    def quantize(values: tl.Buffer, result: tl.Buffer, scales: tl.Buffer) -> None:
        maxima = tl.alloc_fragment((block_m,), tl.f32)
        tl.reduce(values, maxima, op="absmax", axis=1)
        for i in tl.parallel(block_m):
            scales[i] = tl.max(maxima[i], SMALLEST_MAXIMUM) / largest
        for i, j in tl.parallel(block_m, group):
            result[i, j] = tl.cast(tl.clamp(values[i, j] / scales[i], -largest, largest), target)

    if sizes is None:

        @tl.kernel(threads=threads)
        def cast_to_fp8(X: tl.Tensor((M, N), dtype), Y: tl.Tensor((M, N), target), S: tl.Tensor((M, N // group), "f32")):
            by, bx = tl.grid(tl.cdiv(M, block_m), N // group)
            row, column = by * block_m, bx * group
            x = tl.alloc_shared((block_m, group), dtype)
            values = tl.alloc_fragment((block_m, group), tl.f32)
            scales = tl.alloc_fragment((block_m,), tl.f32)
            y = tl.alloc_shared((block_m, group), target)
            tl.copy_in(X[row:, column:], x)
            tl.copy(x, values)
            quantize(values, y, scales)
            tl.copy_out(y, Y[row:, column:])
            for i in tl.parallel(block_m):
                with tl.if_(row + i < M):
                    S[row + i, bx] = scales[i]

        return cast_to_fp8

    batches, total = len(sizes), sum(sizes)

    @tl.kernel(threads=threads)
    def group_per_split_token_cast_to_fp8(
        X: tl.Tensor((total, N), dtype),
        Sizes: tl.Tensor((batches,), "i32"),
        Y: tl.Tensor((batches, M, N), target),
        S: tl.Tensor((batches, M, N // group), "f32"),
    ):
        by, bx, batch = tl.grid(tl.cdiv(M, block_m), N // group, batches)
        row, column = by * block_m, bx * group
        x = tl.alloc_shared((block_m, group), dtype)
        values = tl.alloc_fragment((block_m, group), tl.f32)
        scales = tl.alloc_fragment((block_m,), tl.f32)
        y = tl.alloc_shared((block_m, group), target)
        start = tl.alloc_fragment((1,), tl.i32)
        start[0] = tl.cast(0, tl.i32)
        for b in tl.serial(batch):
            start[0] = start[0] + Sizes[b]
        tl.copy_in(X[start[0] + row :, column:], x)
        # Rows of the next batch are in the tile as well, where this one ends.
        for i, j in tl.parallel(block_m, group):
            values[i, j] = tl.where(row + i < Sizes[batch], tl.cast(x[i, j], tl.f32), 0.0)
        quantize(values, y, scales)
        tl.copy_out(y, Y[batch, row:, column:])
        for i in tl.parallel(block_m):
            with tl.if_(row + i < M):
                S[batch, row + i, bx] = tl.where(row + i < Sizes[batch], scales[i], 0.0)

    return group_per_split_token_cast_to_fp8


def arguments(random: np.random.Generator, **parameters: Any) -> dict[str, np.ndarray]:
    """The sizes of the batches."""
    sizes = parameters.get("sizes")
    return {} if sizes is None else {"Sizes": np.array(sizes, np.int32)}


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Quotients, whose rounding to fp8 is the result, and scales: in float32, as float64 would break ties in another way."""
    x, group, sizes = arguments["X"].astype(np.float32), parameters["group"], parameters.get("sizes")
    largest = np.float32(LARGEST[parameters.get("target", "f8E4M3FN")])
    if sizes is not None:
        padded = np.zeros((len(sizes), parameters["M"], x.shape[1]), np.float32)
        for batch, size in enumerate(sizes):
            start, kept = sum(sizes[:batch]), min(size, parameters["M"])
            padded[batch, :kept] = x[start : start + kept]
        x = padded
    groups = x.reshape(*x.shape[:-1], -1, group)
    scales = np.maximum(np.abs(groups).max(axis=-1), np.float32(SMALLEST_MAXIMUM)) / largest
    quotients = (groups / scales[..., None]).reshape(x.shape)
    if sizes is not None:
        scales = np.where(np.arange(parameters["M"]) < np.array(sizes)[:, None], scales.transpose(2, 0, 1), 0).transpose(
            1, 2, 0
        )
    return {"Y": quotients, "S": scales}
