# pyright: reportInvalidTypeForm=false
"""Grouped-query attention for one new token, over chosen blocks of each sequence's keys.

With `table` "indices" every head of keys lists its blocks, -1 where it has no more; with "mask" a byte for each block says
whether it is seen. An iteration without a block copies and computes nothing. Sequences end within their last block, at
`Lengths`. The blocks are split over thread blocks; a second kernel combines the parts.
"""

import math

import numpy as np

import tilewright.language as tl

# Finite: where a row sees none of the keys of a block, its differences are numbers.
LOWEST = -1e30
SMOKE = {
    "batch": 2,
    "heads_of_keys": 1,
    "group": 4,
    "sequence": 256,
    "dimension": 32,
    "selected": 6,
    "splits": 2,
    "block_h": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "batch": 8,
    "heads_of_keys": 8,
    "group": 4,
    "sequence": 8192,
    "dimension": 128,
    "selected": 64,
    "splits": 16,
    "block_h": 64,
    "block_n": 64,
    "num_stages": 2,
}
VARIANTS = {
    "mask": {"table": "mask"},
    "mask, three stages": {"table": "mask", "num_stages": 3, "batch": 1, "heads_of_keys": 2},
    "one split": {"splits": 1, "batch": 1, "num_stages": 3},
    "bf16": {"dtype": "bf16", "selected": 4},
}


def build(
    batch: int = 2,
    heads_of_keys: int = 1,
    group: int = 4,
    sequence: int = 256,
    dimension: int = 64,
    selected: int = 6,
    splits: int = 2,
    block_h: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    table: str = "indices",
    dtype: str = "f16",
    threads: int = 128,
) -> list[tl.Kernel]:
    """Both kernels, for numbers of blocks that are a multiple of the splits and groups that fit into `block_h` rows."""
    parts = (splits, batch, heads_of_keys, group)
    entries = selected if table == "indices" else sequence // block_n
    trips = entries // splits
    scale = math.log2(math.e) / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def sparse_gqa_decode_split(
        Q: tl.Tensor((batch, heads_of_keys, group, dimension), dtype),
        K: tl.Tensor((batch, sequence, heads_of_keys, dimension), dtype),
        V: tl.Tensor((batch, sequence, heads_of_keys, dimension), dtype),
        Blocks: tl.Tensor((batch, heads_of_keys, entries), "i32" if table == "indices" else "i8"),
        Lengths: tl.Tensor((batch,), "i32"),
        Partial: tl.Tensor((*parts, dimension), "f32"),
        LogSum: tl.Tensor(parts, "f32"),
    ):
        head, split, b = tl.grid(heads_of_keys, splits, batch)
        length = tl.cast(Lengths[b], "index")
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
        tl.copy_in(Q[b, head, 0:, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        for t in tl.pipelined(trips, num_stages=num_stages):
            entry = split * trips + t
            found = Blocks[b, head, entry]
            block = tl.cast(found, "index") if table == "indices" else entry
            with tl.if_(found >= 0 if table == "indices" else found != 0):
                tl.copy(K[b, block * block_n :, head, 0:], k)
                tl.fill(scores, 0.0)
                tl.gemm(q, k, scores, transpose_b=True)
                for i, j in tl.parallel(block_h, block_n):
                    scores[i, j] = tl.where(block * block_n + j < length, scores[i, j], -math.inf)
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
                tl.copy(V[b, block * block_n :, head, 0:], v)
                tl.gemm(weights, v, output)
        # A part that sees no key has a sum of zero: it weighs nothing, and must not be NaN.
        for i, j in tl.parallel(block_h, dimension):
            with tl.if_(i < group):
                Partial[split, b, head, i, j] = tl.where(total[i] > 0.0, output[i, j] / total[i], 0.0)
        for i in tl.parallel(block_h):
            with tl.if_(i < group):
                LogSum[split, b, head, i] = tl.where(total[i] > 0.0, tl.log2(total[i]) + largest[i] * scale, LOWEST)

    return [sparse_gqa_decode_split, _combine(parts, dimension, dtype, threads)]


def _combine(parts: tuple[int, int, int, int], dimension: int, dtype: str, threads: int) -> tl.Kernel:
    """The sum of all parts, each weighted by its share of the whole sum."""
    splits, batch, heads_of_keys, group = parts

    @tl.kernel(threads=threads)
    def sparse_gqa_decode_combine(
        Partial: tl.Tensor((*parts, dimension), "f32"),
        LogSum: tl.Tensor(parts, "f32"),
        Out: tl.Tensor((batch, heads_of_keys, group, dimension), dtype),
    ):
        head, b = tl.grid(heads_of_keys, batch)
        part = tl.alloc_shared((group, dimension), tl.f32)
        output = tl.alloc_fragment((group, dimension), tl.f32)
        largest = tl.alloc_fragment((group,), tl.f32)
        total = tl.alloc_fragment((group,), tl.f32)
        tl.fill(largest, LOWEST)
        for s in tl.serial(splits):
            for i in tl.parallel(group):
                largest[i] = tl.max(largest[i], LogSum[s, b, head, i])
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        for s in tl.pipelined(splits, num_stages=2):
            tl.copy(Partial[s, b, head, 0:, 0:], part)
            for i in tl.parallel(group):
                total[i] = total[i] + tl.exp2(LogSum[s, b, head, i] - largest[i])
            for i, j in tl.parallel(group, dimension):
                output[i, j] = output[i, j] + part[i, j] * tl.exp2(LogSum[s, b, head, i] - largest[i])
        for i, j in tl.parallel(group, dimension):
            Out[b, head, i, j] = tl.cast(output[i, j] / total[i], dtype)

    return sparse_gqa_decode_combine


def arguments(
    random: np.random.Generator,
    batch: int = 1,
    heads_of_keys: int = 1,
    sequence: int = 1,
    selected: int = 1,
    block_n: int = 1,
    table: str = "indices",
    **parameters: object,
) -> dict[str, np.ndarray]:
    """Lengths, and for each head of keys some of the blocks before that length, the last one always among them."""
    lengths = np.array([sequence - 5 - b * (sequence // 3) for b in range(batch)], dtype=np.int32)
    count = sequence // block_n
    indices = np.full((batch, heads_of_keys, selected), -1, dtype=np.int32)
    mask = np.zeros((batch, heads_of_keys, count), dtype=np.int8)
    for b in range(batch):
        last = (lengths[b] - 1) // block_n
        for head in range(heads_of_keys):
            others = random.permutation(last)[: selected - 2]
            indices[b, head, : len(others) + 1] = [last, *others]
            mask[b, head, indices[b, head, : len(others) + 1]] = 1
    return {"Lengths": lengths, "Blocks": indices if table == "indices" else mask}


def reference(
    arguments: dict[str, np.ndarray], block_n: int = 32, table: str = "indices", **parameters: object
) -> dict[str, np.ndarray]:
    """Out in float64."""
    q = arguments["Q"].astype(np.float64)
    k, v = (arguments[name].astype(np.float64).transpose(0, 2, 1, 3) for name in "KV")
    keys = np.arange(k.shape[2])
    if table == "indices":
        chosen = (arguments["Blocks"][..., None] == keys // block_n).any(axis=2)
    else:
        chosen = np.repeat(arguments["Blocks"] != 0, block_n, axis=2)
    seen = chosen & (keys < arguments["Lengths"][:, None, None])
    powers = np.where(seen[:, :, None], np.exp(q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[3])), 0.0)
    return {"Out": powers / powers.sum(axis=3, keepdims=True) @ v}
