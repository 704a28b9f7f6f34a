# pyright: reportInvalidTypeForm=false
"""Attention of few queries over many keys, split over the keys: one new token of each sequence, or a few.

The `rows` of a tile are the queries that share a head's keys: the heads of a group (grouped-query attention), or several
tokens; padded to what a matrix instruction takes. Every block sees a part of the keys and writes what it found together with
the logarithm of its sum; a second kernel combines the parts. With `masked` a byte for each key says whether it is seen.
"""

import math

import numpy as np

import tilewright.language as tl

# Finite: where a row sees none of the keys of a block, its differences are numbers.
LOWEST = -1e30
SMOKE = {
    "batch": 1,
    "heads_of_keys": 2,
    "rows": 4,
    "sequence": 256,
    "dimension": 32,
    "splits": 2,
    "block_h": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "batch": 1,
    "heads_of_keys": 8,
    "rows": 4,
    "sequence": 8192,
    "dimension": 128,
    "splits": 16,
    "block_h": 64,
    "block_n": 128,
    "num_stages": 2,
}
VARIANTS = {
    "masked": {"masked": True},
    "one split": {"splits": 1, "num_stages": 3},
    "four splits, bf16": {"splits": 4, "dtype": "bf16"},
    "one warp's rows": {"block_h": 16, "rows": 16, "heads_of_keys": 1, "threads": 32},
    "tokens of one head": {"rows": 100, "dtype": "bf16"},
    "two sequences, masked": {"batch": 2, "heads_of_keys": 1, "masked": True, "rows": 6},
}


def build(
    batch: int = 1,
    heads_of_keys: int = 2,
    rows: int = 4,
    sequence: int = 256,
    dimension: int = 64,
    splits: int = 2,
    block_h: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    masked: bool = False,
    dtype: str = "f16",
    threads: int = 128,
) -> list[tl.Kernel]:
    """Both kernels, for parts of the sequence that are a multiple of the tile."""
    length = sequence // splits
    row_blocks = tl.cdiv(rows, block_h)
    parts = (splits, batch, heads_of_keys, rows)
    scale = math.log2(math.e) / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def gqa_decode_split(
        Q: tl.Tensor((batch, heads_of_keys, rows, dimension), dtype),
        K: tl.Tensor((batch, sequence, heads_of_keys, dimension), dtype),
        V: tl.Tensor((batch, sequence, heads_of_keys, dimension), dtype),
        Mask: tl.Tensor((batch, heads_of_keys, sequence), "i8"),
        Partial: tl.Tensor((*parts, dimension), "f32"),
        LogSum: tl.Tensor(parts, "f32"),
    ):
        bx, split, b = tl.grid(heads_of_keys * row_blocks, splits, batch)
        head, row = bx // row_blocks, bx % row_blocks * block_h
        q = tl.alloc_shared((block_h, dimension), dtype)
        k = tl.alloc_shared((block_n, dimension), dtype)
        v = tl.alloc_shared((block_n, dimension), dtype)
        scores = tl.alloc_fragment((block_h, block_n), tl.f32)
        weights = tl.alloc_fragment((block_h, block_n), dtype)
        output = tl.alloc_fragment((block_h, dimension), tl.f32)
        largest = tl.alloc_fragment((block_h,), tl.f32)
        previous = tl.alloc_fragment((block_h,), tl.f32)
        rescale = tl.alloc_fragment((block_h,), tl.f32)
        partial = tl.alloc_fragment((block_h,), tl.f32)
        total = tl.alloc_fragment((block_h,), tl.f32)
        tl.copy_in(Q[b, head, row:, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        for t in tl.pipelined(length // block_n, num_stages=num_stages):
            column = split * length + t * block_n
            tl.copy(K[b, column:, head, 0:], k)
            tl.fill(scores, 0.0)
            tl.gemm(q, k, scores, transpose_b=True)
            if masked:
                for i, j in tl.parallel(block_h, block_n):
                    scores[i, j] = tl.where(Mask[b, head, column + j] != 0, scores[i, j], -math.inf)
            tl.copy(largest, previous)
            tl.reduce(scores, largest, op="max", axis=1, clear=False)
            for i in tl.parallel(block_h):
                rescale[i] = tl.exp2((previous[i] - largest[i]) * scale)
            for i, j in tl.parallel(block_h, block_n):
                scores[i, j] = tl.exp2((scores[i, j] - largest[i]) * scale)
            tl.reduce(scores, partial, op="sum", axis=1)
            for i in tl.parallel(block_h):
                total[i] = total[i] * rescale[i] + partial[i]
            tl.copy(scores, weights)
            for i, j in tl.parallel(block_h, dimension):
                output[i, j] = output[i, j] * rescale[i]
            tl.copy(V[b, column:, head, 0:], v)
            tl.gemm(weights, v, output)
        # A part that sees no key has a sum of zero: it weighs nothing, and must not be NaN.
        for i, j in tl.parallel(block_h, dimension):
            with tl.if_(row + i < rows):
                Partial[split, b, head, row + i, j] = tl.where(total[i] > 0.0, output[i, j] / total[i], 0.0)
        for i in tl.parallel(block_h):
            with tl.if_(row + i < rows):
                LogSum[split, b, head, row + i] = tl.where(total[i] > 0.0, tl.log2(total[i]) + largest[i] * scale, LOWEST)

    return [gqa_decode_split, _combine(parts, dimension, dtype, threads)]


def _combine(parts: tuple[int, int, int, int], dimension: int, dtype: str, threads: int) -> tl.Kernel:
    """The sum of all parts, each weighted by its share of the whole sum."""
    splits, batch, heads_of_keys, rows = parts

    @tl.kernel(threads=threads)
    def gqa_decode_combine(
        Partial: tl.Tensor((*parts, dimension), "f32"),
        LogSum: tl.Tensor(parts, "f32"),
        Out: tl.Tensor((batch, heads_of_keys, rows, dimension), dtype),
    ):
        head, b = tl.grid(heads_of_keys, batch)
        part = tl.alloc_shared((rows, dimension), tl.f32)
        output = tl.alloc_fragment((rows, dimension), tl.f32)
        largest = tl.alloc_fragment((rows,), tl.f32)
        total = tl.alloc_fragment((rows,), tl.f32)
        tl.fill(largest, LOWEST)
        for s in tl.serial(splits):
            for i in tl.parallel(rows):
                largest[i] = tl.max(largest[i], LogSum[s, b, head, i])
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        for s in tl.pipelined(splits, num_stages=2):
            tl.copy(Partial[s, b, head, 0:, 0:], part)
            for i in tl.parallel(rows):
                total[i] = total[i] + tl.exp2(LogSum[s, b, head, i] - largest[i])
            for i, j in tl.parallel(rows, dimension):
                output[i, j] = output[i, j] + part[i, j] * tl.exp2(LogSum[s, b, head, i] - largest[i])
        for i, j in tl.parallel(rows, dimension):
            Out[b, head, i, j] = tl.cast(output[i, j] / total[i], dtype)

    return gqa_decode_combine


def arguments(
    random: np.random.Generator,
    batch: int = 1,
    heads_of_keys: int = 1,
    sequence: int = 1,
    block_n: int = 1,
    **parameters: object,
) -> dict[str, np.ndarray]:
    """A mask that hides half of the keys and all of the first block, but never the last key."""
    mask = random.integers(0, 2, (batch, heads_of_keys, sequence), dtype=np.int8)
    mask[..., :block_n] = 0
    mask[..., -1] = 1
    return {"Mask": mask}


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """Out in float64."""
    q = arguments["Q"].astype(np.float64)
    k, v = (arguments[name].astype(np.float64).transpose(0, 2, 1, 3) for name in "KV")
    powers = np.exp(q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[3]))
    if parameters.get("masked"):
        powers = np.where(arguments["Mask"][:, :, None, :] != 0, powers, 0.0)
    return {"Out": powers / powers.sum(axis=3, keepdims=True) @ v}
