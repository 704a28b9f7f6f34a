# pyright: reportInvalidTypeForm=false
"""Causal linear attention, backward, in chunks: the gradients of Q, K and V from that of the output.

One kernel with two pipelined loops. The first walks forward with the state of the forward pass, for DQ; the second walks
backward with the state's gradient, for DK and DV. All three are added to with atomics: other blocks hold other columns.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {
    "batch": 1,
    "heads": 1,
    "sequence": 192,
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
    "dimension": 128,
    "dimension_of_values": 128,
    "chunk": 64,
    "block_k": 64,
    "block_v": 64,
    "num_stages": 2,
}
VARIANTS = {
    "blocks of columns": {"dimension": 64, "sequence": 128},
    "bf16, three stages": {"dtype": "bf16", "num_stages": 3, "sequence": 256},
    "common tiles": {"common_tiles": True},
    "one chunk": {"sequence": 64, "batch": 2, "heads": 2},
}


def build(
    batch: int = 1,
    heads: int = 1,
    sequence: int = 192,
    dimension: int = 64,
    dimension_of_values: int = 64,
    chunk: int = 64,
    block_k: int = 64,
    block_v: int = 64,
    num_stages: int = 2,
    common_tiles: bool = False,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for sequences of whole chunks. The gradients are added to: they start as zero.

    With `common_tiles` both loops copy to the same tiles.
    """
    shape = (batch, sequence, heads, dimension)
    shape_of_values = (batch, sequence, heads, dimension_of_values)
    scale = 1 / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def linear_attention_backward(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape, dtype),
        V: tl.Tensor(shape_of_values, dtype),
        DOut: tl.Tensor(shape_of_values, dtype),
        DQ: tl.Tensor(shape, "f32"),
        DK: tl.Tensor(shape, "f32"),
        DV: tl.Tensor(shape_of_values, "f32"),
    ):
        bv, bk, place = tl.grid(dimension_of_values // block_v, dimension // block_k, batch * heads)
        b, head = place // heads, place % heads
        column, value = bk * block_k, bv * block_v
        q = tl.alloc_shared((chunk, block_k), dtype)
        k = tl.alloc_shared((chunk, block_k), dtype)
        v = tl.alloc_shared((chunk, block_v), dtype)
        d_out = tl.alloc_shared((chunk, block_v), dtype)
        weights = tl.alloc_shared((chunk, chunk), dtype)
        state_shared = tl.alloc_shared((block_k, block_v), dtype)
        scores = tl.alloc_fragment((chunk, chunk), tl.f32)
        dq = tl.alloc_fragment((chunk, block_k), tl.f32)
        dk = tl.alloc_fragment((chunk, block_k), tl.f32)
        dv = tl.alloc_fragment((chunk, block_v), tl.f32)
        state = tl.alloc_fragment((block_k, block_v), tl.f32)
        d_state = tl.alloc_fragment((block_k, block_v), tl.f32)
        tl.fill(state, 0.0)
        for t in tl.pipelined(sequence // chunk, num_stages=num_stages):
            row = t * chunk
            tl.copy(K[b, row:, head, column:], k)
            tl.copy(V[b, row:, head, value:], v)
            tl.copy(DOut[b, row:, head, value:], d_out)
            tl.fill(scores, 0.0)
            tl.gemm(d_out, v, scores, transpose_b=True)
            for i, j in tl.parallel(chunk, chunk):
                weights[i, j] = tl.cast(tl.where(i >= j, scores[i, j], 0.0), dtype)
            tl.fill(dq, 0.0)
            tl.gemm(weights, k, dq)
            tl.copy(state, state_shared)
            tl.gemm(d_out, state_shared, dq, transpose_b=True)
            tl.gemm(k, v, state, transpose_a=True)
            for i, j in tl.parallel(chunk, block_k):
                tl.atomic_add(DQ, (b, row + i, head, column + j), dq[i, j] * scale)
        if not common_tiles:
            k, v, d_out = (tl.alloc_shared(tile.shape, dtype) for tile in (k, v, d_out))
        tl.fill(d_state, 0.0)
        for t in tl.pipelined(sequence // chunk, num_stages=num_stages):
            row = sequence - chunk - t * chunk
            for i, j in tl.parallel(chunk, block_k):
                q[i, j] = Q[b, row + i, head, column + j] * scale
            tl.copy(K[b, row:, head, column:], k)
            tl.copy(V[b, row:, head, value:], v)
            tl.copy(DOut[b, row:, head, value:], d_out)
            tl.fill(scores, 0.0)
            tl.gemm(v, d_out, scores, transpose_b=True)
            for i, j in tl.parallel(chunk, chunk):
                weights[i, j] = tl.cast(tl.where(i <= j, scores[i, j], 0.0), dtype)
            tl.fill(dk, 0.0)
            tl.gemm(weights, q, dk)
            tl.fill(scores, 0.0)
            tl.gemm(k, q, scores, transpose_b=True)
            for i, j in tl.parallel(chunk, chunk):
                weights[i, j] = tl.cast(tl.where(i <= j, scores[i, j], 0.0), dtype)
            tl.fill(dv, 0.0)
            tl.gemm(weights, d_out, dv)
            tl.copy(d_state, state_shared)
            tl.gemm(v, state_shared, dk, transpose_b=True)
            tl.gemm(k, state_shared, dv)
            tl.gemm(q, d_out, d_state, transpose_a=True)
            for i, j in tl.parallel(chunk, block_k):
                tl.atomic_add(DK, (b, row + i, head, column + j), dk[i, j])
            for i, j in tl.parallel(chunk, block_v):
                tl.atomic_add(DV, (b, row + i, head, value + j), dv[i, j])

    return linear_attention_backward


def arguments(
    random: np.random.Generator,
    batch: int,
    heads: int,
    sequence: int,
    dimension: int,
    dimension_of_values: int,
    **parameters: Any,
) -> dict[str, np.ndarray]:
    """The gradients start as zero."""
    widths = {"DQ": dimension, "DK": dimension, "DV": dimension_of_values}
    return {name: np.zeros((batch, sequence, heads, width), np.float32) for name, width in widths.items()}


def rounded_as(dtype: str, **parameters: Any) -> dict[str, str]:
    """The weights and the state are rounded before they are multiplied again."""
    return dict.fromkeys(("DQ", "DK", "DV"), dtype)


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """The gradients in float64."""
    q, k, v, d_out = (arguments[name].astype(np.float64).transpose(0, 2, 1, 3) for name in ("Q", "K", "V", "DOut"))
    scale = 1 / math.sqrt(q.shape[3])
    scores = np.tril(q @ k.transpose(0, 1, 3, 2)) * scale
    d_scores = np.tril(d_out @ v.transpose(0, 1, 3, 2)) * scale
    gradients = {
        "DQ": d_scores @ k,
        "DK": d_scores.transpose(0, 1, 3, 2) @ q,
        "DV": scores.transpose(0, 1, 3, 2) @ d_out,
    }
    return {name: gradient.transpose(0, 2, 1, 3) for name, gradient in gradients.items()}
