# pyright: reportInvalidTypeForm=false
"""Sparse multi-head latent attention, backward: the gradients of Q and KV from that of the output.

`prepare` computes each head's Delta = sum(Out * DOut) and clears the sum of DKV; the main kernel goes over the keys that
a token lists, gathered into tiles by the threads, keeps DQ in registers and scatters to DKV with atomics, by the same
indices; `finish` rounds.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {
    "batch": 1,
    "tokens": 3,
    "keys": 48,
    "heads": 64,
    "dimension": 32,
    "tail": 16,
    "selected": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "batch": 1,
    "tokens": 4096,
    "keys": 4096,
    "heads": 64,
    "dimension": 256,
    "tail": 64,
    "selected": 2048,
    "block_n": 32,
    "num_stages": 2,
    "threads": 256,
}
VARIANTS = {
    "from the first token": {"tokens": 5, "keys": 5, "selected": 32, "block_n": 16},
    "bf16, three stages": {"dtype": "bf16", "num_stages": 3, "tokens": 2, "selected": 96, "keys": 100},
}


def build(
    batch: int = 1,
    tokens: int = 3,
    keys: int = 48,
    heads: int = 64,
    dimension: int = 64,
    tail: int = 16,
    selected: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> list[tl.Kernel]:
    """The kernels for numbers of selected keys that are a multiple of the tile; a block has all heads of a token."""
    width = dimension + tail
    scale = 1 / math.sqrt(width)
    logarithm = math.log2(math.e)

    @tl.kernel(threads=threads)
    def sparse_mla_backward(
        Q: tl.Tensor((batch, tokens, heads, width), dtype),
        KV: tl.Tensor((batch, keys, width), dtype),
        Indices: tl.Tensor((batch, tokens, selected), "i32"),
        DOut: tl.Tensor((batch, tokens, heads, dimension), dtype),
        LogSum: tl.Tensor((batch, tokens, heads), "f32"),
        Delta: tl.Tensor((batch, tokens, heads), "f32"),
        DQ: tl.Tensor((batch, tokens, heads, width), dtype),
        DKVSum: tl.Tensor((batch, keys, width), "f32"),
    ):
        token, b = tl.grid(tokens, batch)
        position = tl.cast(token + (keys - tokens), "i32")
        q = tl.alloc_shared((heads, dimension), dtype)
        q_tail = tl.alloc_shared((heads, tail), dtype)
        d_out = tl.alloc_shared((heads, dimension), dtype)
        kv = tl.alloc_shared((block_n, dimension), dtype)
        k_tail = tl.alloc_shared((block_n, tail), dtype)
        weights = tl.alloc_shared((heads, block_n), dtype)
        d_scores = tl.alloc_shared((heads, block_n), dtype)
        scores = tl.alloc_fragment((heads, block_n), tl.f32)
        d_weights = tl.alloc_fragment((heads, block_n), tl.f32)
        dq = tl.alloc_fragment((heads, dimension), tl.f32)
        dq_tail = tl.alloc_fragment((heads, tail), tl.f32)
        dkv = tl.alloc_fragment((block_n, dimension), tl.f32)
        dk_tail = tl.alloc_fragment((block_n, tail), tl.f32)
        tl.copy(Q[b, token, 0:, 0:dimension], q)
        tl.copy(Q[b, token, 0:, dimension:], q_tail)
        tl.copy(DOut[b, token, 0:, 0:], d_out)
        tl.fill(dq, 0.0)
        tl.fill(dq_tail, 0.0)
        for t in tl.pipelined(selected // block_n, num_stages=num_stages):
            for i, j in tl.parallel(block_n, dimension):
                kv[i, j] = KV[b, tl.max(Indices[b, token, t * block_n + i], 0), j]
            for i, j in tl.parallel(block_n, tail):
                k_tail[i, j] = KV[b, tl.max(Indices[b, token, t * block_n + i], 0), dimension + j]
            for i, j in tl.parallel(heads, block_n):
                index = Indices[b, token, t * block_n + j]
                seen = (index >= 0) & (index <= position)
                scores[i, j] = tl.where(seen, tl.cast(0.0, "f32"), -math.inf)
            tl.gemm(q, kv, scores, transpose_b=True)
            tl.gemm(q_tail, k_tail, scores, transpose_b=True)
            for i, j in tl.parallel(heads, block_n):
                scores[i, j] = tl.exp2(scores[i, j] * (scale * logarithm) - LogSum[b, token, i])
            tl.copy(scores, weights)
            tl.fill(d_weights, 0.0)
            tl.gemm(d_out, kv, d_weights, transpose_b=True)
            for i, j in tl.parallel(heads, block_n):
                d_scores[i, j] = tl.cast(scores[i, j] * (d_weights[i, j] - Delta[b, token, i]) * scale, dtype)
            tl.gemm(d_scores, kv, dq)
            tl.gemm(d_scores, k_tail, dq_tail)
            tl.fill(dkv, 0.0)
            tl.gemm(d_scores, q, dkv, transpose_a=True)
            tl.gemm(weights, d_out, dkv, transpose_a=True)
            tl.fill(dk_tail, 0.0)
            tl.gemm(d_scores, q_tail, dk_tail, transpose_a=True)
            # What is no key of the token has the gradient zero, and may be added anywhere.
            for i, j in tl.parallel(block_n, dimension):
                tl.atomic_add(DKVSum, (b, tl.max(Indices[b, token, t * block_n + i], 0), j), dkv[i, j])
            for i, j in tl.parallel(block_n, tail):
                tl.atomic_add(DKVSum, (b, tl.max(Indices[b, token, t * block_n + i], 0), dimension + j), dk_tail[i, j])
        tl.copy(dq, DQ[b, token, 0:, 0:dimension])
        tl.copy(dq_tail, DQ[b, token, 0:, dimension:])

    return [
        _prepare(batch, tokens, keys, heads, dimension, width, dtype, threads),
        sparse_mla_backward,
        _finish(batch, keys, width, dtype, threads),
    ]


def _prepare(batch: int, tokens: int, keys: int, heads: int, dimension: int, width: int, dtype: str, threads: int) -> tl.Kernel:
    @tl.kernel(threads=threads)
    def sparse_mla_backward_prepare(
        Out: tl.Tensor((batch, tokens, heads, dimension), dtype),
        DOut: tl.Tensor((batch, tokens, heads, dimension), dtype),
        Delta: tl.Tensor((batch, tokens, heads), "f32"),
        DKVSum: tl.Tensor((batch, keys, width), "f32"),
    ):
        bx, b = tl.grid(max(tokens, keys), batch)
        product = tl.alloc_fragment((heads, dimension), tl.f32)
        delta = tl.alloc_fragment((heads,), tl.f32)
        with tl.if_(bx < tokens):
            for i, j in tl.parallel(heads, dimension):
                product[i, j] = tl.cast(Out[b, bx, i, j], tl.f32) * tl.cast(DOut[b, bx, i, j], tl.f32)
            tl.reduce(product, delta, op="sum", axis=1)
            tl.copy(delta, Delta[b, bx, 0:])
        with tl.if_(bx < keys):
            tl.fill(DKVSum.window((b, bx, 0), (width,)), 0.0)

    return sparse_mla_backward_prepare


def _finish(batch: int, keys: int, width: int, dtype: str, threads: int) -> tl.Kernel:
    @tl.kernel(threads=threads)
    def sparse_mla_backward_finish(DKVSum: tl.Tensor((batch, keys, width), "f32"), DKV: tl.Tensor((batch, keys, width), dtype)):
        key, b = tl.grid(keys, batch)
        tl.copy(DKVSum.window((b, key, 0), (width,)), DKV.window((b, key, 0), (width,)))

    return sparse_mla_backward_finish


def arguments(
    random: np.random.Generator,
    batch: int,
    tokens: int,
    keys: int,
    heads: int,
    dimension: int,
    tail: int,
    selected: int,
    dtype: str,
    **parameters: Any,
) -> dict[str, np.ndarray]:
    """Q, KV, what the forward pass makes of them, and each token's keys: its own and others, no key twice, in any order."""
    indices = np.full((batch, tokens, selected), -1, dtype=np.int32)
    for place in np.ndindex(batch, tokens):
        own = place[1] + keys - tokens
        others = [key for key in random.permutation(keys) if key != own][: selected - 5]
        indices[place][: len(others) + 1] = random.permutation([own, *others])
    shapes = {"Q": (batch, tokens, heads, dimension + tail), "KV": (batch, keys, dimension + tail)}
    made = {name: random.uniform(-1, 1, shape).astype(tl.as_dtype(dtype).numpy) for name, shape in shapes.items()}
    made["Indices"] = indices
    weights, log_sum = _forward(made)
    output = np.einsum("bthk,bkd->bthd", weights, made["KV"][..., :dimension].astype(np.float64))
    return made | {"Out": output.astype(made["Q"].dtype), "LogSum": log_sum.astype(np.float32)}


def _forward(arguments: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities of all keys, and the binary logarithm of each head's sum, in float64."""
    q, kv = (arguments[name].astype(np.float64) for name in ("Q", "KV"))
    positions = np.arange(q.shape[1]) + kv.shape[1] - q.shape[1]
    keys = np.arange(kv.shape[1])
    chosen = (arguments["Indices"][..., None] == keys).any(axis=2) & (keys <= positions[:, None])
    powers = np.exp(np.einsum("bthd,bkd->bthk", q, kv) / math.sqrt(q.shape[3])) * chosen[:, :, None]
    sums = powers.sum(axis=3)
    return powers / sums[..., None], np.log2(sums)


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """The gradients in float64."""
    q, kv, out, d_out = (arguments[name].astype(np.float64) for name in ("Q", "KV", "Out", "DOut"))
    weights, _ = _forward(arguments)
    delta = (out * d_out).sum(axis=3)
    d_weights = np.einsum("bthd,bkd->bthk", d_out, kv[..., : out.shape[3]])
    d_scores = weights * (d_weights - delta[..., None]) / math.sqrt(q.shape[3])
    d_kv = np.einsum("bthk,bthd->bkd", d_scores, q)
    d_kv[..., : out.shape[3]] += np.einsum("bthk,bthd->bkd", weights, d_out)
    return {"DQ": np.einsum("bthk,bkd->bthd", d_scores, kv), "DKV": d_kv}
