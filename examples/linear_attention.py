# pyright: reportInvalidTypeForm=false
"""Causal linear attention, forward, in chunks: Out[t] = scale * Q[t] times the sum of K[s]^T V[s] over all s up to t.

A block walks over the chunks of one head and keeps the sum so far, its state, in registers. Within a chunk the products of
Q and K are masked; what earlier chunks contribute comes from the state. Blocks of keys' columns add to one output with atomics.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {
    "batch": 1,
    "heads": 2,
    "sequence": 256,
    "dimension": 32,
    "dimension_of_values": 32,
    "chunk": 64,
    "block_k": 32,
    "block_v": 32,
    "num_stages": 2,
}
FULL = {
    "batch": 1,
    "heads": 32,
    "sequence": 4096,
    "dimension": 256,
    "dimension_of_values": 256,
    "chunk": 64,
    "block_k": 64,
    "block_v": 64,
    "num_stages": 2,
}
VARIANTS = {
    "blocks of columns": {"heads": 1, "dimension": 128, "dimension_of_values": 64, "block_k": 64},
    "bf16, three stages": {"dtype": "bf16", "num_stages": 3},
    "one chunk": {"sequence": 64, "batch": 2, "heads": 1},
}


def build(
    batch: int = 1,
    heads: int = 2,
    sequence: int = 256,
    dimension: int = 64,
    dimension_of_values: int = 64,
    chunk: int = 64,
    block_k: int = 64,
    block_v: int = 64,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for sequences of whole chunks. `Out` is added to: it starts as zero."""
    shape = (batch, sequence, heads, dimension)
    shape_of_values = (batch, sequence, heads, dimension_of_values)
    scale = 1 / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def linear_attention(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape, dtype),
        V: tl.Tensor(shape_of_values, dtype),
        Out: tl.Tensor(shape_of_values, "f32"),
        State: tl.Tensor((batch, heads, dimension, dimension_of_values), "f32"),
    ):
        bv, bk, place = tl.grid(dimension_of_values // block_v, dimension // block_k, batch * heads)
        b, head = place // heads, place % heads
        column, value = bk * block_k, bv * block_v
        q = tl.alloc_shared((chunk, block_k), dtype)
        k = tl.alloc_shared((chunk, block_k), dtype)
        v = tl.alloc_shared((chunk, block_v), dtype)
        weights = tl.alloc_shared((chunk, chunk), dtype)
        state_shared = tl.alloc_shared((block_k, block_v), dtype)
        scores = tl.alloc_fragment((chunk, chunk), tl.f32)
        output = tl.alloc_fragment((chunk, block_v), tl.f32)
        state = tl.alloc_fragment((block_k, block_v), tl.f32)
        tl.fill(state, 0.0)
        for t in tl.pipelined(sequence // chunk, num_stages=num_stages):
            row = t * chunk
            for i, j in tl.parallel(chunk, block_k):
                q[i, j] = Q[b, row + i, head, column + j] * scale
            tl.copy(K[b, row:, head, column:], k)
            tl.copy(V[b, row:, head, value:], v)
            tl.fill(scores, 0.0)
            tl.gemm(q, k, scores, transpose_b=True)
            for i, j in tl.parallel(chunk, chunk):
                weights[i, j] = tl.cast(tl.where(i >= j, scores[i, j], 0.0), dtype)
            tl.fill(output, 0.0)
            tl.gemm(weights, v, output)
            tl.copy(state, state_shared)
            tl.gemm(k, v, state, transpose_a=True)
            tl.gemm(q, state_shared, output)
            for i, j in tl.parallel(chunk, block_v):
                tl.atomic_add(Out, (b, row + i, head, value + j), output[i, j])
        tl.copy(state, State[b, head, column:, value:])

    return linear_attention


def arguments(
    random: np.random.Generator,
    batch: int = 1,
    heads: int = 2,
    sequence: int = 256,
    dimension_of_values: int = 64,
    **parameters: Any,
) -> dict[str, np.ndarray]:
    """The output starts as zero."""
    return {"Out": np.zeros((batch, sequence, heads, dimension_of_values), np.float32)}


def rounded_as(dtype: str, **parameters: Any) -> dict[str, str]:
    """The weights and the state are rounded before they are multiplied again."""
    return {"Out": dtype}


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Out and the last state in float64."""
    q, k, v = (arguments[name].astype(np.float64).transpose(0, 2, 1, 3) for name in "QKV")
    scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[3])
    output = np.tril(scores) @ v
    return {"Out": output.transpose(0, 2, 1, 3), "State": k.transpose(0, 1, 3, 2) @ v}
