# pyright: reportInvalidTypeForm=false
"""The lightning indexer of sparse attention: how much each token wants each key, cheaply.

A logit is the sum over heads of relu(Q K^T), each weighted by the token's weight of the head, times the key's scale;
queries and keys are fp8. A token sees the keys from `First` up to `Last`; a block multiplies each tile of keys with the
heads of several tokens. A second kernel sets the logits of all other keys to minus infinity.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {
    "tokens": 4,
    "keys": 160,
    "heads": 16,
    "dimension": 32,
    "block_q": 2,
    "block_n": 64,
    "num_stages": 2,
}
FULL = {
    "tokens": 4096,
    "keys": 8192,
    "heads": 32,
    "dimension": 64,
    "block_q": 4,
    "block_n": 256,
    "num_stages": 3,
    "threads": 256,
}
VARIANTS = {
    "three stages": {"num_stages": 3, "keys": 300},
    "one token": {"block_q": 1, "heads": 32},
    "f16": {"dtype": "f16"},
    "e5m2": {"dtype": "f8E5M2", "block_q": 4},
}


def build(
    tokens: int = 4,
    keys: int = 160,
    heads: int = 16,
    dimension: int = 64,
    block_q: int = 2,
    block_n: int = 64,
    num_stages: int = 2,
    dtype: str = "f8E4M3FN",
    threads: int = 128,
) -> list[tl.Kernel]:
    """Both kernels, for tokens that are a multiple of `block_q`."""

    @tl.kernel(threads=threads)
    def lightning_indexer(
        Q: tl.Tensor((tokens * heads, dimension), dtype),
        K: tl.Tensor((keys, dimension), dtype),
        KScale: tl.Tensor((keys,), "f32"),
        Weights: tl.Tensor((tokens, heads), "f32"),
        First: tl.Tensor((tokens,), "i32"),
        Last: tl.Tensor((tokens,), "i32"),
        Logits: tl.Tensor((tokens, keys), "f32"),
    ):
        bx = tl.grid(tokens // block_q)
        token = bx * block_q
        start, stop = tl.cast(First[token], "index"), tl.cast(Last[token], "index")
        for q_index in range(1, block_q):
            start = tl.min(start, tl.cast(First[token + q_index], "index"))
            stop = tl.max(stop, tl.cast(Last[token + q_index], "index"))
        q = tl.alloc_shared((block_q * heads, dimension), dtype)
        k = tl.alloc_shared((block_n, dimension), dtype)
        k_scale = tl.alloc_shared((block_n,), tl.f32)
        weights = tl.alloc_shared((block_q, heads), tl.f32)
        tl.copy(Q[token * heads :, 0:], q)
        tl.copy(Weights[token:, 0:], weights)
        scores = tl.alloc_fragment((block_n, heads), tl.f32)
        logits = tl.alloc_fragment((block_n,), tl.f32)
        for t in tl.pipelined(tl.cdiv(stop - start, block_n), num_stages=num_stages):
            column = start + t * block_n
            tl.copy_in(K[column:, 0:], k)
            tl.copy_in(KScale[column:], k_scale)
            for q_index in range(block_q):
                tl.fill(scores, 0.0)
                tl.gemm(k, q.window((q_index * heads, 0), (heads, dimension)), scores, transpose_b=True)
                for i, j in tl.parallel(block_n, heads):
                    scores[i, j] = tl.max(scores[i, j], 0.0) * weights[q_index, j]
                tl.reduce(scores, logits, op="sum", axis=1)
                for i in tl.parallel(block_n):
                    with tl.if_(column + i < tl.cast(Last[token + q_index], "index")):
                        Logits[token + q_index, column + i] = logits[i] * k_scale[i]

    return [lightning_indexer, _clean(tokens, keys, threads)]


def _clean(tokens: int, keys: int, threads: int) -> tl.Kernel:
    """What a token does not see is minus infinity, whatever the first kernel left there."""

    @tl.kernel(threads=threads)
    def lightning_indexer_clean(
        First: tl.Tensor((tokens,), "i32"), Last: tl.Tensor((tokens,), "i32"), Logits: tl.Tensor((tokens, keys), "f32")
    ):
        token = tl.grid(tokens)
        for j in tl.parallel(keys):
            with tl.if_((j < tl.cast(First[token], "index")) | (j >= tl.cast(Last[token], "index"))):
                Logits[token, j] = -math.inf

    return lightning_indexer_clean


def arguments(
    random: np.random.Generator, tokens: int, keys: int, dtype: str, dimension: int, heads: int, **parameters: Any
) -> dict[str, np.ndarray]:
    """Ranges of keys that grow from token to token; they begin and end anywhere."""
    first = np.arange(tokens, dtype=np.int32) * 7
    last = np.minimum(keys, keys - 3 * (tokens - np.arange(tokens, dtype=np.int32)) + 3)
    return {"First": first, "Last": last.astype(np.int32)}


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Logits in float64."""
    weights = arguments["Weights"].astype(np.float64)
    q = arguments["Q"].astype(np.float64).reshape(*weights.shape, -1)
    scores = np.maximum(np.einsum("thd,kd->thk", q, arguments["K"].astype(np.float64)), 0.0)
    logits = np.einsum("thk,th->tk", scores, weights) * arguments["KScale"].astype(np.float64)
    keys = np.arange(logits.shape[1])
    seen = (keys >= arguments["First"][:, None]) & (keys < arguments["Last"][:, None])
    return {"Logits": np.where(seen, logits, -np.inf)}
