# pyright: reportInvalidTypeForm=false
"""Flash attention forward over sequences of different lengths, packed one after another.

`StartsQ` and `StartsK` say where each sequence starts, and where the last one ends. Arrays are tokens x heads x dimension.
The last rows of a sequence fill a tile only in part; its other rows belong to the next sequence, or lie outside the array.
"""

import math
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

import tilewright.language as tl

# Finite: where a row sees none of the keys of a block, its differences are numbers.
LOWEST = -1e30
SMOKE = {
    "lengths": (100, 37, 64),
    "lengths_of_keys": (90, 120, 33),
    "heads": 2,
    "group": 1,
    "dimension": 32,
    "block_m": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "lengths": (1024, 317, 2048, 651, 1, 1500),
    "lengths_of_keys": (1024, 317, 2048, 651, 1, 1500),
    "heads": 64,
    "group": 8,
    "dimension": 128,
    "block_m": 128,
    "block_n": 128,
    "num_stages": 2,
    "threads": 256,
}
VARIANTS = {
    "causal": {"lengths_of_keys": (100, 37, 64), "causal": True},
    "causal, more keys": {"lengths_of_keys": (120, 37, 150), "causal": True, "num_stages": 3},
    "grouped": {"heads": 4, "group": 2, "lengths": (65, 3), "lengths_of_keys": (70, 32)},
    "bf16, one token": {"lengths": (1, 64), "lengths_of_keys": (64, 1), "dtype": "bf16"},
}


def build(
    lengths: Sequence[int] = (100, 37, 64),
    lengths_of_keys: Sequence[int] = (90, 120, 33),
    heads: int = 2,
    group: int = 1,
    dimension: int = 64,
    block_m: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    causal: bool = False,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for these lengths, of which it knows only sums and the largest.

    Causal sequences have at least as many keys as rows, and their last row sees all keys.
    """
    batch = len(lengths)
    scale = math.log2(math.e) / math.sqrt(dimension)
    shape = (sum(lengths), heads, dimension)
    shape_of_keys = (sum(lengths_of_keys), heads // group, dimension)

    @tl.kernel(threads=threads)
    def attention_varlen(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape_of_keys, dtype),
        V: tl.Tensor(shape_of_keys, dtype),
        StartsQ: tl.Tensor((batch + 1,), "i32"),
        StartsK: tl.Tensor((batch + 1,), "i32"),
        Out: tl.Tensor(shape, dtype),
    ):
        bx, head, b = tl.grid(tl.cdiv(max(lengths), block_m), heads, batch)
        row = bx * block_m
        first, first_key = tl.cast(StartsQ[b], "index"), tl.cast(StartsK[b], "index")
        length = tl.cast(StartsQ[b + 1], "index") - first
        keys = tl.cast(StartsK[b + 1], "index") - first_key
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
        tl.copy_in(Q[first + row :, head, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        last = tl.min(row + block_m + keys - length, keys) if causal else keys
        trips = tl.where(row < length, tl.cdiv(last, block_n), 0)
        for t in tl.pipelined(trips, num_stages=num_stages):
            column = t * block_n
            tl.copy_in(K[first_key + column :, head // group, 0:], k)
            for i, j in tl.parallel(block_m, block_n):
                seen = column + j < keys
                if causal:
                    seen = seen & (row + i + keys - length >= column + j)
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
            tl.copy_in(V[first_key + column :, head // group, 0:], v)
            tl.gemm(weights, v, output)
        for i, j in tl.parallel(block_m, dimension):
            with tl.if_(row + i < length):
                Out[first + row + i, head, j] = tl.cast(output[i, j] / total[i], dtype)

    return attention_varlen


def arguments(
    random: np.random.Generator, lengths: Sequence[int] = (), lengths_of_keys: Sequence[int] = (), **parameters: object
) -> dict[str, np.ndarray]:
    """Where sequences start."""
    return {
        "StartsQ": np.array([0, *accumulate(lengths)], dtype=np.int32),
        "StartsK": np.array([0, *accumulate(lengths_of_keys)], dtype=np.int32),
    }


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """Out in float64."""
    q, k, v = (arguments[name].astype(np.float64).transpose(1, 0, 2) for name in "QKV")
    k, v = (np.repeat(x, q.shape[0] // x.shape[0], axis=0) for x in (k, v))
    output = np.zeros_like(q)
    starts, starts_of_keys = arguments["StartsQ"], arguments["StartsK"]
    for b in range(len(starts) - 1):
        rows, keys = slice(*starts[b : b + 2]), slice(*starts_of_keys[b : b + 2])
        scores = q[:, rows] @ k[:, keys].transpose(0, 2, 1) / math.sqrt(q.shape[2])
        if parameters.get("causal"):
            count, keys_count = scores.shape[1:]
            scores = np.where(np.tri(count, keys_count, keys_count - count, dtype=bool), scores, -np.inf)
        powers = np.exp(scores)
        output[:, rows] = powers / powers.sum(axis=2, keepdims=True) @ v[:, keys]
    return {"Out": output.transpose(1, 0, 2)}
