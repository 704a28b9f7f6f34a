# pyright: reportInvalidTypeForm=false
"""Flash attention over a mask of blocks: a block of rows skips the blocks of keys that its row of the mask hides.

Causal rows end at the last key: there may be more keys than rows. With `mask_in_registers` each thread first copies its row
of the mask, as hand-written kernels do; then no other warp group can know what is skipped.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

# Finite: where a row sees none of the keys of a block, its differences are numbers.
LOWEST = -1e30
SMOKE = {
    "heads": 2,
    "rows": 128,
    "keys": 128,
    "dimension": 32,
    "block_m": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "heads": 32,
    "rows": 4096,
    "keys": 4096,
    "dimension": 128,
    "block_m": 64,
    "block_n": 64,
    "num_stages": 2,
}
VARIANTS = {
    "not causal": {"causal": False},
    "more keys": {"rows": 64, "keys": 256, "num_stages": 3},
    "mask in registers": {"mask_in_registers": True},
    "bf16": {"dtype": "bf16", "block_n": 64},
}


def build(
    heads: int = 2,
    rows: int = 128,
    keys: int = 128,
    dimension: int = 64,
    block_m: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    causal: bool = True,
    mask_in_registers: bool = False,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for rows and keys that are multiples of their tiles."""
    scale = math.log2(math.e) / math.sqrt(dimension)
    past = keys - rows

    @tl.kernel(threads=threads)
    def block_sparse_attention(
        Q: tl.Tensor((heads, rows, dimension), dtype),
        K: tl.Tensor((heads, keys, dimension), dtype),
        V: tl.Tensor((heads, keys, dimension), dtype),
        BlockMask: tl.Tensor((heads, rows // block_m, keys // block_n), "i8"),
        Out: tl.Tensor((heads, rows, dimension), dtype),
    ):
        bx, head = tl.grid(rows // block_m, heads)
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
        mask: tl.Buffer | tl.Window = BlockMask[head, bx, 0:]
        if mask_in_registers:
            copied = tl.alloc_fragment((keys // block_n,), tl.i8)
            for t in tl.serial(keys // block_n):
                copied[t] = mask[t]
            mask = copied
        tl.copy(Q[head, row:, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        trips = tl.cdiv(row + block_m + past, block_n) if causal else keys // block_n
        for t in tl.pipelined(trips, num_stages=num_stages):
            column = t * block_n
            with tl.if_(mask[t] != 0):
                tl.copy(K[head, column:, 0:], k)
                if causal:
                    for i, j in tl.parallel(block_m, block_n):
                        seen = row + i + past >= column + j
                        scores[i, j] = tl.where(seen, tl.cast(0.0, "f32"), -math.inf)
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
                tl.copy(V[head, column:, 0:], v)
                tl.gemm(weights, v, output)
        for i, j in tl.parallel(block_m, dimension):
            output[i, j] = output[i, j] / total[i]
        tl.copy(output, Out[head, row:, 0:])

    return block_sparse_attention


def arguments(
    random: np.random.Generator, heads: int, rows: int, keys: int, block_m: int, block_n: int, **parameters: Any
) -> dict[str, np.ndarray]:
    """A mask that hides half of the blocks, but no row's own."""
    mask = random.integers(0, 2, (heads, rows // block_m, keys // block_n), dtype=np.int8)
    for block in range(rows // block_m):
        first = (block * block_m + keys - rows) // block_n
        mask[:, block, first : first + max(1, block_m // block_n)] = 1
    return {"BlockMask": mask}


def reference(
    arguments: dict[str, np.ndarray], block_m: int = 64, block_n: int = 32, causal: bool = True, **parameters: Any
) -> dict[str, np.ndarray]:
    """Out in float64."""
    q, k, v = (arguments[name].astype(np.float64) for name in "QKV")
    seen = np.repeat(np.repeat(arguments["BlockMask"] != 0, block_m, axis=1), block_n, axis=2)
    if causal:
        seen = seen & np.tri(q.shape[1], k.shape[1], k.shape[1] - q.shape[1], dtype=bool)
    powers = np.where(seen, np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2])), 0.0)
    return {"Out": powers / powers.sum(axis=2, keepdims=True) @ v}
