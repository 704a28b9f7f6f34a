# pyright: reportInvalidTypeForm=false
"""Causal flash attention with an attention sink, forward.

A head has one learned logit beside those of its keys: it takes part in the softmax's sum, and has no value. Optionally a row
sees a sliding window only, and several heads share their keys (`heads_of_keys` of them).
"""

import math

import numpy as np

import tilewright.language as tl

# Finite: where a row sees none of the keys of a block, its differences are numbers.
LOWEST = -1e30
SMOKE = {"heads": 2, "heads_of_keys": 2, "sequence": 128, "dimension": 32, "block_m": 64, "block_n": 32, "num_stages": 2}
FULL = {
    "heads": 64,
    "heads_of_keys": 8,
    "sequence": 4096,
    "dimension": 128,
    "block_m": 128,
    "block_n": 128,
    "num_stages": 2,
    "threads": 256,
}
VARIANTS = {
    "window": {"window": 48, "sequence": 192},
    "window of one block": {"window": 32, "sequence": 192, "num_stages": 3},
    "grouped": {"heads": 4, "heads_of_keys": 2},
    "grouped, window, bf16": {"heads": 4, "heads_of_keys": 1, "window": 40, "dtype": "bf16"},
}


def build(
    heads: int = 2,
    heads_of_keys: int = 2,
    sequence: int = 128,
    dimension: int = 64,
    block_m: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    window: int = 0,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for sequences that are a multiple of both tiles; with a `window` a row sees itself and what is less than
    that before it."""
    shape, shape_of_keys = (heads, sequence, dimension), (heads_of_keys, sequence, dimension)
    group = heads // heads_of_keys
    scale = math.log2(math.e) / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def attention_sink(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape_of_keys, dtype),
        V: tl.Tensor(shape_of_keys, dtype),
        Sinks: tl.Tensor((heads,), "f32"),
        Out: tl.Tensor(shape, dtype),
    ):
        bx, head = tl.grid(sequence // block_m, heads)
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
        tl.copy(Q[head, row:, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        start = tl.max(row - window + 1, 0) // block_n if window else 0
        for t in tl.pipelined(start, tl.cdiv(row + block_m, block_n), num_stages=num_stages):
            column = t * block_n
            tl.copy(K[head // group, column:, 0:], k)
            for i, j in tl.parallel(block_m, block_n):
                distance = row + i - (column + j)
                seen = (distance >= 0) & (distance < window) if window else distance >= 0
                scores[i, j] = tl.where(seen, tl.cast(0.0, "f32"), -math.inf)
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
            tl.copy(V[head // group, column:, 0:], v)
            tl.gemm(weights, v, output)
        for i in tl.parallel(block_m):
            total[i] = total[i] + tl.exp2(Sinks[head] * math.log2(math.e) - largest[i] * scale)
        for i, j in tl.parallel(block_m, dimension):
            output[i, j] = output[i, j] / total[i]
        tl.copy(output, Out[head, row:, 0:])

    return attention_sink


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """Out in float64."""
    q, k, v = (arguments[name].astype(np.float64) for name in "QKV")
    k, v = (np.repeat(x, q.shape[0] // x.shape[0], axis=0) for x in (k, v))
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2])
    distance = np.subtract.outer(np.arange(q.shape[1]), np.arange(q.shape[1]))
    seen = (distance >= 0) & (distance < (parameters.get("window") or q.shape[1]))
    powers = np.where(seen, np.exp(scores), 0.0)
    sinks = np.exp(arguments["Sinks"].astype(np.float64))[:, None, None]
    return {"Out": powers / (powers.sum(axis=2, keepdims=True) + sinks) @ v}
