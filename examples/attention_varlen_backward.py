# pyright: reportInvalidTypeForm=false
"""Attention backward over sequences of different lengths, packed one after another, with heads that share keys.

As `attention_backward.py`, with offsets and trip counts from `StartsQ` and `StartsK`; all three gradients are summed with
atomics, of which the rows and keys that lie outside a sequence take no part.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {
    "lengths": (70, 20),
    "lengths_of_keys": (70, 64),
    "heads": 2,
    "group": 2,
    "dimension": 16,
    "block_m": 64,
    "block_n": 64,
    "num_stages": 2,
}
FULL = {
    "lengths": (1024, 317, 2048, 651, 1, 1500),
    "lengths_of_keys": (1024, 317, 2048, 651, 1, 1500),
    "heads": 32,
    "group": 8,
    "dimension": 128,
    "block_m": 128,
    "block_n": 64,
    "num_stages": 2,
    "threads": 256,
}
VARIANTS = {
    "causal": {"causal": True, "lengths_of_keys": (100, 20)},
    "causal, three stages": {
        "causal": True,
        "num_stages": 3,
        "heads": 1,
        "group": 1,
        "lengths": (150,),
        "lengths_of_keys": (150,),
        "dtype": "bf16",
    },
    "no group": {"group": 1, "lengths": (5, 64), "lengths_of_keys": (64, 3)},
}


def build(
    lengths: Sequence[int] = (70, 20),
    lengths_of_keys: Sequence[int] = (70, 64),
    heads: int = 2,
    group: int = 2,
    dimension: int = 64,
    block_m: int = 64,
    block_n: int = 64,
    num_stages: int = 2,
    causal: bool = False,
    dtype: str = "f16",
    threads: int = 128,
) -> list[tl.Kernel]:
    """The kernels for these lengths, of which they know only sums and the largest.

    Causal sequences have at least as many keys as rows, and their last row sees all keys.
    """
    batch, tokens = len(lengths), sum(lengths)
    shape = (tokens, heads, dimension)
    shape_of_keys = (sum(lengths_of_keys), heads // group, dimension)
    logarithm = math.log2(math.e)
    scale = 1 / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def attention_varlen_backward(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape_of_keys, dtype),
        V: tl.Tensor(shape_of_keys, dtype),
        DOut: tl.Tensor(shape, dtype),
        LogSum: tl.Tensor((heads, tokens), "f32"),
        Delta: tl.Tensor((heads, tokens), "f32"),
        StartsQ: tl.Tensor((batch + 1,), "i32"),
        StartsK: tl.Tensor((batch + 1,), "i32"),
        DQSum: tl.Tensor(shape, "f32"),
        DKSum: tl.Tensor(shape_of_keys, "f32"),
        DVSum: tl.Tensor(shape_of_keys, "f32"),
    ):
        bx, head, b = tl.grid(tl.cdiv(max(lengths_of_keys), block_m), heads, batch)
        key = bx * block_m
        first, first_key = tl.cast(StartsQ[b], "index"), tl.cast(StartsK[b], "index")
        length = tl.cast(StartsQ[b + 1], "index") - first
        keys = tl.cast(StartsK[b + 1], "index") - first_key
        k = tl.alloc_shared((block_m, dimension), dtype)
        v = tl.alloc_shared((block_m, dimension), dtype)
        q = tl.alloc_shared((block_n, dimension), dtype)
        d_out = tl.alloc_shared((block_n, dimension), dtype)
        log_sum = tl.alloc_shared((block_n,), tl.f32)
        delta = tl.alloc_shared((block_n,), tl.f32)
        d_scores_shared = tl.alloc_shared((block_m, block_n), dtype)
        scores = tl.alloc_fragment((block_m, block_n), tl.f32)
        weights = tl.alloc_fragment((block_m, block_n), dtype)
        d_weights = tl.alloc_fragment((block_m, block_n), tl.f32)
        d_scores = tl.alloc_fragment((block_m, block_n), dtype)
        dq = tl.alloc_fragment((block_n, dimension), tl.f32)
        dk = tl.alloc_fragment((block_m, dimension), tl.f32)
        dv = tl.alloc_fragment((block_m, dimension), tl.f32)
        tl.copy_in(K[first_key + key :, head // group, 0:], k)
        tl.copy_in(V[first_key + key :, head // group, 0:], v)
        tl.fill(dk, 0.0)
        tl.fill(dv, 0.0)
        start = tl.max(key + length - keys, 0) // block_n if causal else 0
        stop = tl.where(key < keys, tl.cdiv(length, block_n), 0)
        for t in tl.pipelined(start, stop, num_stages=num_stages):
            row = t * block_n
            tl.copy_in(Q[first + row :, head, 0:], q)
            tl.fill(scores, 0.0)
            tl.gemm(k, q, scores, transpose_b=True)
            tl.copy_in(LogSum[head, first + row :], log_sum)
            for i, j in tl.parallel(block_m, block_n):
                seen = (row + j < length) & (key + i < keys)
                if causal:
                    seen = seen & (row + j + keys - length >= key + i)
                scores[i, j] = tl.where(seen, tl.exp2(scores[i, j] * (scale * logarithm) - log_sum[j]), 0.0)
            tl.copy_in(DOut[first + row :, head, 0:], d_out)
            tl.fill(d_weights, 0.0)
            tl.gemm(v, d_out, d_weights, transpose_b=True)
            tl.copy(scores, weights)
            tl.gemm(weights, d_out, dv)
            tl.copy_in(Delta[head, first + row :], delta)
            for i, j in tl.parallel(block_m, block_n):
                d_scores[i, j] = tl.cast(scores[i, j] * (d_weights[i, j] - delta[j]) * scale, dtype)
            tl.gemm(d_scores, q, dk)
            tl.copy(d_scores, d_scores_shared)
            tl.fill(dq, 0.0)
            tl.gemm(d_scores_shared, k, dq, transpose_a=True)
            for i, j in tl.parallel(block_n, dimension):
                with tl.if_(row + i < length):
                    tl.atomic_add(DQSum, (first + row + i, head, j), dq[i, j])
        for sums, gradient in ((DKSum, dk), (DVSum, dv)):
            for i, j in tl.parallel(block_m, dimension):
                with tl.if_(key + i < keys):
                    tl.atomic_add(sums, (first_key + key + i, head // group, j), gradient[i, j])

    return [
        _prepare(shape, shape_of_keys, dtype, threads),
        attention_varlen_backward,
        _finish(shape, shape_of_keys, dtype, threads),
    ]


def _prepare(shape: tuple[int, int, int], shape_of_keys: tuple[int, int, int], dtype: str, threads: int) -> tl.Kernel:
    """Each row's Delta = sum(Out * DOut), and sums that start as zero."""
    tokens, heads, dimension = shape
    keys, heads_of_keys, _ = shape_of_keys

    @tl.kernel(threads=threads)
    def attention_varlen_backward_prepare(
        Out: tl.Tensor(shape, dtype),
        DOut: tl.Tensor(shape, dtype),
        Delta: tl.Tensor((heads, tokens), "f32"),
        DQSum: tl.Tensor(shape, "f32"),
        DKSum: tl.Tensor(shape_of_keys, "f32"),
        DVSum: tl.Tensor(shape_of_keys, "f32"),
    ):
        place = tl.grid(max(tokens, keys))
        product = tl.alloc_fragment((heads, dimension), tl.f32)
        delta = tl.alloc_fragment((heads,), tl.f32)
        with tl.if_(place < tokens):
            for i, j in tl.parallel(heads, dimension):
                product[i, j] = tl.cast(Out[place, i, j], tl.f32) * tl.cast(DOut[place, i, j], tl.f32)
                DQSum[place, i, j] = 0.0
            tl.reduce(product, delta, op="sum", axis=1)
            for i in tl.parallel(heads):
                Delta[i, place] = delta[i]
        with tl.if_(place < keys):
            for i, j in tl.parallel(heads_of_keys, dimension):
                DKSum[place, i, j] = 0.0
                DVSum[place, i, j] = 0.0

    return attention_varlen_backward_prepare


def _finish(shape: tuple[int, int, int], shape_of_keys: tuple[int, int, int], dtype: str, threads: int) -> tl.Kernel:
    """The sums, in the type of what they are the gradients of."""

    @tl.kernel(threads=threads)
    def attention_varlen_backward_finish(
        DQSum: tl.Tensor(shape, "f32"),
        DKSum: tl.Tensor(shape_of_keys, "f32"),
        DVSum: tl.Tensor(shape_of_keys, "f32"),
        DQ: tl.Tensor(shape, dtype),
        DK: tl.Tensor(shape_of_keys, dtype),
        DV: tl.Tensor(shape_of_keys, dtype),
    ):
        place = tl.grid(max(shape[0], shape_of_keys[0]))
        for (places, *tile), pairs in ((shape, [(DQSum, DQ)]), (shape_of_keys, [(DKSum, DK), (DVSum, DV)])):
            with tl.if_(place < places):
                for sums, gradient in pairs:
                    at = (place, 0, 0)
                    tl.copy(sums.window(at, (tile[0], tile[1])), gradient.window(at, (tile[0], tile[1])))

    return attention_varlen_backward_finish


def arguments(
    random: np.random.Generator,
    lengths: Sequence[int],
    lengths_of_keys: Sequence[int],
    heads: int,
    group: int,
    dimension: int,
    dtype: str,
    **parameters: Any,
) -> dict[str, np.ndarray]:
    """Where sequences start, Q, K, V, and what the forward pass makes of them."""
    made = {
        "StartsQ": np.array([0, *accumulate(lengths)], dtype=np.int32),
        "StartsK": np.array([0, *accumulate(lengths_of_keys)], dtype=np.int32),
    }
    shapes = {
        "Q": (sum(lengths), heads),
        "K": (sum(lengths_of_keys), heads // group),
        "V": (sum(lengths_of_keys), heads // group),
    }
    for name, shape in shapes.items():
        made[name] = random.uniform(-1, 1, (*shape, dimension)).astype(tl.as_dtype(dtype).numpy)
    weights, log_sum = _forward(made, **parameters)
    output = weights @ np.repeat(_heads_first(made["V"]), group, axis=0)
    made["Out"] = np.ascontiguousarray(output.transpose(1, 0, 2)).astype(made["Q"].dtype)
    return made | {"LogSum": log_sum.astype(np.float32)}


def _heads_first(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64).transpose(1, 0, 2)


def _forward(arguments: dict[str, np.ndarray], causal: bool = False, **parameters: Any) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities of all keys in each row, and the binary logarithm of each row's sum, in float64."""
    q, k = _heads_first(arguments["Q"]), _heads_first(arguments["K"])
    starts, starts_of_keys = arguments["StartsQ"], arguments["StartsK"]
    seen = np.zeros((q.shape[1], k.shape[1]), dtype=bool)
    for b in range(len(starts) - 1):
        rows, keys = slice(*starts[b : b + 2]), slice(*starts_of_keys[b : b + 2])
        count, count_of_keys = rows.stop - rows.start, keys.stop - keys.start
        seen[rows, keys] = np.tri(count, count_of_keys, count_of_keys - count, dtype=bool) if causal else True
    powers = np.exp(q @ np.repeat(k, len(q) // len(k), axis=0).transpose(0, 2, 1) / math.sqrt(q.shape[2])) * seen
    sums = powers.sum(axis=2)
    return powers / sums[:, :, None], np.log2(sums)


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """The gradients in float64."""
    q, k, v, out, d_out = (_heads_first(arguments[name]) for name in ("Q", "K", "V", "Out", "DOut"))
    group = len(q) // len(k)
    weights, _ = _forward(arguments, **parameters)
    delta = (out * d_out).sum(axis=2)
    d_scores = weights * (d_out @ np.repeat(v, group, axis=0).transpose(0, 2, 1) - delta[:, :, None]) / math.sqrt(q.shape[2])
    gradients = {
        "DQ": d_scores @ np.repeat(k, group, axis=0),
        "DK": (d_scores.transpose(0, 2, 1) @ q).reshape(-1, group, *k.shape[1:]).sum(axis=1),
        "DV": (weights.transpose(0, 2, 1) @ d_out).reshape(-1, group, *k.shape[1:]).sum(axis=1),
    }
    return {name: gradient.transpose(1, 0, 2) for name, gradient in gradients.items()}
