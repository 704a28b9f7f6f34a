# pyright: reportInvalidTypeForm=false
"""Native sparse attention, the selected branch: every token attends to blocks of keys that it lists itself.

The rows of a tile are the heads of one token that share keys. `Blocks` has the numbers of the blocks, -1 where a token has no
more. A block that comes after the token is skipped; in the token's own block the keys after it are masked. The tokens are the
last ones of the sequence: all of them, or a single one to decode.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

# Finite: the largest score before the first.
LOWEST = -1e30
SMOKE = {
    "batch": 1,
    "tokens": 12,
    "keys": 48,
    "heads_of_keys": 1,
    "group": 16,
    "dimension": 32,
    "selected": 3,
    "block_n": 16,
    "num_stages": 2,
}
FULL = {
    "batch": 2,
    "tokens": 8192,
    "keys": 8192,
    "heads_of_keys": 4,
    "group": 16,
    "dimension": 128,
    "selected": 16,
    "block_n": 32,
    "num_stages": 2,
}
VARIANTS = {
    "from the first token": {"tokens": 32, "keys": 32},
    "decode": {"tokens": 1, "keys": 256, "batch": 2, "heads_of_keys": 2, "block_n": 32, "selected": 6},
    "decode, three stages, bf16": {"tokens": 1, "keys": 128, "selected": 8, "num_stages": 3, "dtype": "bf16"},
    "rows of a warp group": {"tokens": 4, "keys": 64, "group": 64, "threads": 128},
}


def build(
    batch: int = 1,
    tokens: int = 12,
    keys: int = 48,
    heads_of_keys: int = 1,
    group: int = 16,
    dimension: int = 64,
    selected: int = 3,
    block_n: int = 16,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 32,
) -> tl.Kernel:
    """The kernel for groups of heads that fill the rows of a matrix instruction."""
    shape = (batch, tokens, heads_of_keys * group, dimension)
    shape_of_keys = (batch, keys, heads_of_keys, dimension)
    scale = math.log2(math.e) / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def native_sparse_attention(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape_of_keys, dtype),
        V: tl.Tensor(shape_of_keys, dtype),
        Blocks: tl.Tensor((batch, tokens, heads_of_keys, selected), "i32"),
        Out: tl.Tensor(shape, dtype),
    ):
        token, head, b = tl.grid(tokens, heads_of_keys, batch)
        position = token + (keys - tokens)
        q = tl.alloc_shared((group, dimension), dtype)
        k = tl.alloc_shared((block_n, dimension), dtype)
        v = tl.alloc_shared((block_n, dimension), dtype)
        scores = tl.alloc_fragment((group, block_n), tl.f32)
        weights = tl.alloc_fragment((group, block_n), dtype)
        output = tl.alloc_fragment((group, dimension), tl.f32)
        largest = tl.alloc_fragment((group,), tl.f32)
        previous = tl.alloc_fragment((group,), tl.f32)
        rescale = tl.alloc_fragment((group,), tl.f32)
        partial = tl.alloc_fragment((group,), tl.f32)
        total = tl.alloc_fragment((group,), tl.f32)
        tl.copy(Q[b, token, head * group :, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        for t in tl.pipelined(selected, num_stages=num_stages):
            column = tl.cast(Blocks[b, token, head, t], "index") * block_n
            with tl.if_((column >= 0) & (column <= position)):
                tl.copy(K[b, column:, head, 0:], k)
                for i, j in tl.parallel(group, block_n):
                    scores[i, j] = tl.where(position >= column + j, tl.cast(0.0, "f32"), -math.inf)
                tl.gemm(q, k, scores, transpose_b=True)
                tl.copy(largest, previous)
                tl.reduce(scores, largest, op="max", axis=1, clear=False)
                for i in tl.parallel(group):
                    rescale[i] = tl.exp2((previous[i] - largest[i]) * scale)
                for i, j in tl.parallel(group, block_n):
                    scores[i, j] = tl.exp2((scores[i, j] - largest[i]) * scale)
                tl.reduce(scores, partial, op="sum", axis=1)
                for i in tl.parallel(group):
                    total[i] = total[i] * rescale[i] + partial[i]
                tl.copy(scores, weights)
                for i, j in tl.parallel(group, dimension):
                    output[i, j] = output[i, j] * rescale[i]
                tl.copy(V[b, column:, head, 0:], v)
                tl.gemm(weights, v, output)
        for i, j in tl.parallel(group, dimension):
            output[i, j] = output[i, j] / total[i]
        tl.copy(output, Out[b, token, head * group :, 0:])

    return native_sparse_attention


def arguments(
    random: np.random.Generator,
    batch: int,
    tokens: int,
    keys: int,
    heads_of_keys: int,
    selected: int,
    block_n: int,
    **parameters: Any,
) -> dict[str, np.ndarray]:
    """For every token its own block, and others, some of them after it, in any order."""
    blocks = np.full((batch, tokens, heads_of_keys, selected), -1, dtype=np.int32)
    for place in np.ndindex(batch, tokens, heads_of_keys):
        own = (place[1] + keys - tokens) // block_n
        others = [block for block in random.permutation(keys // block_n) if block != own][: selected - 1]
        chosen = random.permutation([own, *others])
        blocks[place][: len(chosen)] = chosen
    return {"Blocks": blocks}


def reference(arguments: dict[str, np.ndarray], block_n: int = 16, **parameters: Any) -> dict[str, np.ndarray]:
    """Out in float64."""
    q, k, v = (arguments[name].astype(np.float64).transpose(0, 2, 1, 3) for name in "QKV")
    group = q.shape[1] // k.shape[1]
    chosen = (arguments["Blocks"][..., None] == np.arange(k.shape[2]) // block_n).any(axis=3).transpose(0, 2, 1, 3)
    seen = np.repeat(chosen, group, axis=1) & np.tri(q.shape[2], k.shape[2], k.shape[2] - q.shape[2], dtype=bool)
    k, v = (np.repeat(x, group, axis=1) for x in (k, v))
    powers = np.where(seen, np.exp(q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[3])), 0.0)
    return {"Out": (powers / powers.sum(axis=3, keepdims=True) @ v).transpose(0, 2, 1, 3)}
