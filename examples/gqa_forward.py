# pyright: reportInvalidTypeForm=false
"""Grouped-query flash attention, forward: `group` heads of queries share one head of keys and values.

Arrays are batch x sequence x heads x dimension. The logarithm of each row's sum is written too: the backward pass needs it.
"""

import math

import numpy as np

import tilewright.language as tl

SMOKE = {
    "batch": 1,
    "heads": 4,
    "group": 2,
    "sequence": 128,
    "dimension": 32,
    "block_m": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "batch": 1,
    "heads": 64,
    "group": 16,
    "sequence": 8192,
    "dimension": 128,
    "block_m": 128,
    "block_n": 128,
    "num_stages": 2,
    "threads": 256,
}
VARIANTS = {
    "causal": {"causal": True},
    "one head of keys": {"group": 4, "causal": True, "num_stages": 3},
    "no group": {"heads": 2, "group": 1, "dtype": "bf16"},
    "two sequences": {"batch": 2, "heads": 2},
}


def build(
    batch: int = 1,
    heads: int = 4,
    group: int = 2,
    sequence: int = 128,
    dimension: int = 64,
    block_m: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    causal: bool = False,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for sequences that are a multiple of both tiles. Causal blocks stop after the diagonal."""
    shape = (batch, sequence, heads, dimension)
    shape_of_keys = (batch, sequence, heads // group, dimension)
    scale = math.log2(math.e) / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def gqa_forward(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape_of_keys, dtype),
        V: tl.Tensor(shape_of_keys, dtype),
        Out: tl.Tensor(shape, dtype),
        LogSum: tl.Tensor((batch, heads, sequence), "f32"),
    ):
        bx, head, b = tl.grid(sequence // block_m, heads, batch)
        row = bx * block_m
        q = tl.alloc_shared((block_m, dimension), dtype)
        k = tl.alloc_shared((block_n, dimension), dtype)
        v = tl.alloc_shared((block_n, dimension), dtype)
        scores = tl.alloc_fragment((block_m, block_n), tl.f32)
        weights = tl.alloc_fragment((block_m, block_n), dtype)
        output = tl.alloc_fragment((block_m, dimension), tl.f32)
        largest = tl.alloc_fragment((block_m,), tl.f32)
        previous = tl.alloc_fragment((block_m,), tl.f32)
        rescale = tl.alloc_fragment((block_m,), tl.f32)
        partial = tl.alloc_fragment((block_m,), tl.f32)
        total = tl.alloc_fragment((block_m,), tl.f32)
        tl.copy(Q[b, row:, head, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, -math.inf)
        trips = tl.cdiv(row + block_m, block_n) if causal else sequence // block_n
        for t in tl.pipelined(trips, num_stages=num_stages):
            column = t * block_n
            tl.copy(K[b, column:, head // group, 0:], k)
            if causal:
                for i, j in tl.parallel(block_m, block_n):
                    scores[i, j] = tl.where(row + i >= column + j, tl.cast(0.0, "f32"), -math.inf)
            else:
                tl.fill(scores, 0.0)
            tl.gemm(q, k, scores, transpose_b=True)
            tl.copy(largest, previous)
            tl.reduce(scores, largest, op="max", axis=1, clear=False)
            for i in tl.parallel(block_m):
                rescale[i] = tl.exp2((previous[i] - largest[i]) * scale)
            for i, j in tl.parallel(block_m, block_n):
                scores[i, j] = tl.exp2((scores[i, j] - largest[i]) * scale)
            tl.reduce(scores, partial, op="sum", axis=1)
            for i in tl.parallel(block_m):
                total[i] = total[i] * rescale[i] + partial[i]
            tl.copy(scores, weights)
            for i, j in tl.parallel(block_m, dimension):
                output[i, j] = output[i, j] * rescale[i]
            tl.copy(V[b, column:, head // group, 0:], v)
            tl.gemm(weights, v, output)
        for i, j in tl.parallel(block_m, dimension):
            output[i, j] = output[i, j] / total[i]
        tl.copy(output, Out[b, row:, head, 0:])
        for i in tl.parallel(block_m):
            LogSum[b, head, row + i] = tl.log2(total[i]) + largest[i] * scale

    return gqa_forward


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """Out, and the binary logarithm of each row's sum, in float64."""
    q, k, v = (arguments[name].astype(np.float64).transpose(0, 2, 1, 3) for name in "QKV")
    k, v = (np.repeat(x, q.shape[1] // x.shape[1], axis=1) for x in (k, v))
    scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[3])
    if parameters.get("causal"):
        scores = np.where(np.tri(q.shape[2], dtype=bool), scores, -np.inf)
    powers = np.exp(scores)
    sums = powers.sum(axis=3, keepdims=True)
    return {"Out": (powers / sums @ v).transpose(0, 2, 1, 3), "LogSum": np.log2(sums[..., 0])}
