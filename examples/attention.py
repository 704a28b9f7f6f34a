# pyright: reportInvalidTypeForm=false
"""Flash attention, forward: softmax(Q K^T / sqrt(d)) V for each head, full or causal, with an online softmax."""

import math

import numpy as np

import tilewright.language as tl

SMOKE = {"heads": 2, "sequence": 128, "dimension": 32, "block_m": 64, "block_n": 32, "num_stages": 2}
FULL = {"heads": 64, "sequence": 4096, "dimension": 128, "block_m": 128, "block_n": 128, "num_stages": 2}
VARIANTS = {
    "causal": {"causal": True},
    "bf16": {"dtype": "bf16"},
    "f32": {"dtype": "f32"},
    "one trip": {"sequence": 64, "block_n": 64},
    "causal, three stages": {"causal": True, "num_stages": 3, "sequence": 192},
}


def build(
    heads: int = 2,
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
    shape = (heads, sequence, dimension)
    scale = math.log2(math.e) / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def attention(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape, dtype),
        V: tl.Tensor(shape, dtype),
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
        tl.fill(largest, -math.inf)
        trips = tl.cdiv(row + block_m, block_n) if causal else sequence // block_n
        for t in tl.pipelined(trips, num_stages=num_stages):
            column = t * block_n
            tl.copy(K[head, column:, 0:], k)
            tl.fill(scores, 0.0)
            tl.gemm(q, k, scores, transpose_b=True)
            if causal:
                for i, j in tl.parallel(block_m, block_n):
                    scores[i, j] = tl.where(row + i >= column + j, scores[i, j], -math.inf)
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
            tl.copy(V[head, column:, 0:], v)
            tl.gemm(weights, v, output)
        for i, j in tl.parallel(block_m, dimension):
            output[i, j] = output[i, j] / total[i]
        tl.copy(output, Out[head, row:, 0:])

    return attention


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """Out in float64."""
    q, k, v = (arguments[name].astype(np.float64) for name in "QKV")
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2])
    if parameters.get("causal"):
        scores = np.where(np.tri(q.shape[1], dtype=bool), scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=2, keepdims=True))
    return {"Out": powers / powers.sum(axis=2, keepdims=True) @ v}
