# pyright: reportInvalidTypeForm=false
"""Multi-head latent attention for one new token of each sequence.

All heads share one latent vector for each key, which is its value too, and beside it a small part with the rotary position:
scores are Q KV^T + QRope KRope^T. With `splits` above 1 the keys are split, and a second kernel combines the parts.
"""

import math

import numpy as np

import tilewright.language as tl

# Finite: the largest score before the first.
LOWEST = -1e30
SMOKE = {
    "batch": 1,
    "heads": 64,
    "sequence": 128,
    "dimension": 64,
    "rope": 16,
    "splits": 1,
    "block_h": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "batch": 128,
    "heads": 128,
    "sequence": 8192,
    "dimension": 512,
    "rope": 64,
    "splits": 1,
    "block_h": 64,
    "block_n": 64,
    "num_stages": 2,
    "threads": 256,
}
VARIANTS = {
    "split": {"splits": 2},
    "four splits, two sequences": {"splits": 4, "batch": 2},
    "two blocks of heads": {"heads": 128, "num_stages": 3},
    "few heads, bf16": {"heads": 16, "block_h": 16, "dtype": "bf16", "splits": 2},
}


def build(
    batch: int = 1,
    heads: int = 64,
    sequence: int = 128,
    dimension: int = 64,
    rope: int = 16,
    splits: int = 1,
    block_h: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> list[tl.Kernel]:
    """The kernel, or two of them, for heads and parts of the sequence that are a multiple of the tile."""
    length = sequence // splits
    parts = (splits, batch, heads)
    scale = math.log2(math.e) / math.sqrt(dimension + rope)

    @tl.kernel(threads=threads)
    def mla_decode(
        Q: tl.Tensor((batch, heads, dimension), dtype),
        QRope: tl.Tensor((batch, heads, rope), dtype),
        KV: tl.Tensor((batch, sequence, dimension), dtype),
        KRope: tl.Tensor((batch, sequence, rope), dtype),
        Partial: tl.Tensor((*parts, dimension), dtype if splits == 1 else "f32"),
        LogSum: tl.Tensor(parts, "f32"),
    ):
        bx, split, b = tl.grid(heads // block_h, splits, batch)
        head = bx * block_h
        q = tl.alloc_shared((block_h, dimension), dtype)
        q_rope = tl.alloc_shared((block_h, rope), dtype)
        kv = tl.alloc_shared((block_n, dimension), dtype)
        k_rope = tl.alloc_shared((block_n, rope), dtype)
        weights = tl.alloc_shared((block_h, block_n), dtype)
        scores = tl.alloc_fragment((block_h, block_n), tl.f32)
        output = tl.alloc_fragment((block_h, dimension), tl.f32)
        largest = tl.alloc_fragment((block_h,), tl.f32)
        previous = tl.alloc_fragment((block_h,), tl.f32)
        rescale = tl.alloc_fragment((block_h,), tl.f32)
        partial = tl.alloc_fragment((block_h,), tl.f32)
        total = tl.alloc_fragment((block_h,), tl.f32)
        tl.copy(Q[b, head:, 0:], q)
        tl.copy(QRope[b, head:, 0:], q_rope)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        for t in tl.pipelined(length // block_n, num_stages=num_stages):
            column = split * length + t * block_n
            tl.copy(KV[b, column:, 0:], kv)
            tl.copy(KRope[b, column:, 0:], k_rope)
            tl.fill(scores, 0.0)
            tl.gemm(q, kv, scores, transpose_b=True)
            tl.gemm(q_rope, k_rope, scores, transpose_b=True)
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
        tl.copy(output, Partial[split, b, head:, 0:])
        for i in tl.parallel(block_h):
            LogSum[split, b, head + i] = tl.log2(total[i]) + largest[i] * scale

    return [mla_decode] if splits == 1 else [mla_decode, _combine(parts, dimension, block_h, dtype, threads)]


def _combine(parts: tuple[int, int, int], dimension: int, block_h: int, dtype: str, threads: int) -> tl.Kernel:
    """The sum of all parts, each weighted by its share of the whole sum."""
    splits, batch, heads = parts

    @tl.kernel(threads=threads)
    def mla_decode_combine(
        Partial: tl.Tensor((*parts, dimension), "f32"),
        LogSum: tl.Tensor(parts, "f32"),
        Out: tl.Tensor((batch, heads, dimension), dtype),
    ):
        bx, b = tl.grid(heads // block_h, batch)
        head = bx * block_h
        part = tl.alloc_shared((block_h, dimension), tl.f32)
        output = tl.alloc_fragment((block_h, dimension), tl.f32)
        largest = tl.alloc_fragment((block_h,), tl.f32)
        weight = tl.alloc_fragment((block_h,), tl.f32)
        total = tl.alloc_fragment((block_h,), tl.f32)
        tl.fill(largest, LOWEST)
        for s in tl.serial(splits):
            for i in tl.parallel(block_h):
                largest[i] = tl.max(largest[i], LogSum[s, b, head + i])
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        for s in tl.pipelined(splits, num_stages=2):
            tl.copy(Partial[s, b, head:, 0:], part)
            for i in tl.parallel(block_h):
                weight[i] = tl.exp2(LogSum[s, b, head + i] - largest[i])
            for i in tl.parallel(block_h):
                total[i] = total[i] + weight[i]
            for i, j in tl.parallel(block_h, dimension):
                output[i, j] = output[i, j] + part[i, j] * weight[i]
        for i, j in tl.parallel(block_h, dimension):
            Out[b, head + i, j] = tl.cast(output[i, j] / total[i], dtype)

    return mla_decode_combine


def reference(arguments: dict[str, np.ndarray], splits: int = 1, **parameters: object) -> dict[str, np.ndarray]:
    """Out in float64; without splits the only part is all of it."""
    q, q_rope, kv, k_rope = (arguments[name].astype(np.float64) for name in ("Q", "QRope", "KV", "KRope"))
    scores = q @ kv.transpose(0, 2, 1) + q_rope @ k_rope.transpose(0, 2, 1)
    powers = np.exp(scores / math.sqrt(q.shape[2] + q_rope.shape[2]))
    output = powers / powers.sum(axis=2, keepdims=True) @ kv
    return {"Partial": output[None]} if splits == 1 else {"Out": output}
