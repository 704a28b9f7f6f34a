# pyright: reportInvalidTypeForm=false
"""Sparse multi-head latent attention, forward: every token attends to single keys that it lists itself.

All heads share one vector for each key: its first part is the key's value too, its tail holds the rotary position. The threads
gather the rows of a tile by the indices of `Indices`, one by one; -1 is no key, and keys after the token are masked.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

# Finite: where a tile has no key that the token may see, its differences are numbers.
LOWEST = -1e30
SMOKE = {
    "batch": 1,
    "tokens": 4,
    "keys": 96,
    "heads": 64,
    "dimension": 32,
    "tail": 16,
    "selected": 96,
    "block_h": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "batch": 1,
    "tokens": 4096,
    "keys": 8192,
    "heads": 128,
    "dimension": 512,
    "tail": 64,
    "selected": 2048,
    "block_h": 64,
    "block_n": 64,
    "num_stages": 2,
    "threads": 256,
}
VARIANTS = {
    "two blocks of heads": {"heads": 128, "tokens": 2},
    "from the first token": {"tokens": 6, "keys": 6, "selected": 32, "block_n": 16},
    "bf16, three stages": {"dtype": "bf16", "num_stages": 3, "tokens": 2, "selected": 128, "keys": 200},
}


def build(
    batch: int = 1,
    tokens: int = 4,
    keys: int = 96,
    heads: int = 64,
    dimension: int = 64,
    tail: int = 16,
    selected: int = 96,
    block_h: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for numbers of heads and of selected keys that are multiples of the tile."""
    scale = math.log2(math.e) / math.sqrt(dimension + tail)

    @tl.kernel(threads=threads)
    def sparse_mla(
        Q: tl.Tensor((batch, tokens, heads, dimension + tail), dtype),
        KV: tl.Tensor((batch, keys, dimension + tail), dtype),
        Indices: tl.Tensor((batch, tokens, selected), "i32"),
        Out: tl.Tensor((batch, tokens, heads, dimension), dtype),
        LogSum: tl.Tensor((batch, tokens, heads), "f32"),
    ):
        bx, token, b = tl.grid(heads // block_h, tokens, batch)
        head = bx * block_h
        position = tl.cast(token + (keys - tokens), "i32")
        q = tl.alloc_shared((block_h, dimension), dtype)
        q_tail = tl.alloc_shared((block_h, tail), dtype)
        kv = tl.alloc_shared((block_n, dimension), dtype)
        k_tail = tl.alloc_shared((block_n, tail), dtype)
        weights = tl.alloc_shared((block_h, block_n), dtype)
        scores = tl.alloc_fragment((block_h, block_n), tl.f32)
        output = tl.alloc_fragment((block_h, dimension), tl.f32)
        largest = tl.alloc_fragment((block_h,), tl.f32)
        previous = tl.alloc_fragment((block_h,), tl.f32)
        rescale = tl.alloc_fragment((block_h,), tl.f32)
        partial = tl.alloc_fragment((block_h,), tl.f32)
        total = tl.alloc_fragment((block_h,), tl.f32)
        tl.copy(Q[b, token, head:, 0:dimension], q)
        tl.copy(Q[b, token, head:, dimension:], q_tail)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        for t in tl.pipelined(selected // block_n, num_stages=num_stages):
            for i, j in tl.parallel(block_n, dimension):
                kv[i, j] = KV[b, tl.max(Indices[b, token, t * block_n + i], 0), j]
            for i, j in tl.parallel(block_n, tail):
                k_tail[i, j] = KV[b, tl.max(Indices[b, token, t * block_n + i], 0), dimension + j]
            for i, j in tl.parallel(block_h, block_n):
                index = Indices[b, token, t * block_n + j]
                seen = (index >= 0) & (index <= position)
                scores[i, j] = tl.where(seen, tl.cast(0.0, "f32"), -math.inf)
            tl.gemm(q, kv, scores, transpose_b=True)
            tl.gemm(q_tail, k_tail, scores, transpose_b=True)
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
            tl.gemm(weights, kv, output)
        for i, j in tl.parallel(block_h, dimension):
            output[i, j] = output[i, j] / total[i]
        tl.copy(output, Out[b, token, head:, 0:])
        for i in tl.parallel(block_h):
            LogSum[b, token, head + i] = tl.log2(total[i]) + largest[i] * scale

    return sparse_mla


def arguments(
    random: np.random.Generator, batch: int, tokens: int, keys: int, selected: int, **parameters: Any
) -> dict[str, np.ndarray]:
    """For every token its own key and others, some of them after it, no key twice, in any order; -1 where there are no more."""
    indices = np.full((batch, tokens, selected), -1, dtype=np.int32)
    for place in np.ndindex(batch, tokens):
        own = place[1] + keys - tokens
        others = [key for key in random.permutation(keys) if key != own][: selected - 5]
        indices[place][: len(others) + 1] = random.permutation([own, *others])
    return {"Indices": indices}


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Out, and the binary logarithm of each head's sum, in float64."""
    q, kv = (arguments[name].astype(np.float64) for name in ("Q", "KV"))
    dimension = arguments["Out"].shape[3]
    positions = np.arange(q.shape[1]) + kv.shape[1] - q.shape[1]
    keys = np.arange(kv.shape[1])
    chosen = (arguments["Indices"][..., None] == keys).any(axis=2) & (keys <= positions[:, None])
    powers = np.exp(np.einsum("bthd,bkd->bthk", q, kv) / math.sqrt(q.shape[3])) * chosen[:, :, None]
    sums = powers.sum(axis=3, keepdims=True)
    return {"Out": np.einsum("bthk,bkd->bthd", powers / sums, kv[..., :dimension]), "LogSum": np.log2(sums[..., 0])}
