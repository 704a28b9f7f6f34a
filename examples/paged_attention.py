# pyright: reportInvalidTypeForm=false
"""Grouped-query attention for one new token of each sequence, over keys that lie in pages.

`Pages` lists the pages of each sequence, which may be anywhere in the pool; a tile of keys is put together from several
of them. Sequences end within their last page, at `Lengths`, which also says how many tiles there are.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {
    "batch": 3,
    "heads_of_keys": 1,
    "group": 8,
    "pages": 6,
    "page": 16,
    "dimension": 32,
    "block_h": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "batch": 64,
    "heads_of_keys": 8,
    "group": 8,
    "pages": 512,
    "page": 16,
    "dimension": 128,
    "block_h": 64,
    "block_n": 64,
    "num_stages": 2,
}
VARIANTS = {
    "a page is a tile": {"page": 32, "pages": 4, "num_stages": 3},
    "four pages in a tile, bf16": {"page": 8, "pages": 12, "dtype": "bf16", "batch": 2},
    "two heads of keys": {"heads_of_keys": 2, "batch": 1, "group": 3},
}


def build(
    batch: int = 3,
    heads_of_keys: int = 1,
    group: int = 8,
    pages: int = 6,
    page: int = 16,
    dimension: int = 64,
    block_h: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for at most `pages` pages a sequence, which make whole tiles, and groups that fit into `block_h` rows."""
    in_tile = block_n // page
    scale = math.log2(math.e) / math.sqrt(dimension)
    pool = (batch * pages, page, heads_of_keys, dimension)

    @tl.kernel(threads=threads)
    def paged_attention(
        Q: tl.Tensor((batch, heads_of_keys, group, dimension), dtype),
        K: tl.Tensor(pool, dtype),
        V: tl.Tensor(pool, dtype),
        Pages: tl.Tensor((batch, pages), "i32"),
        Lengths: tl.Tensor((batch,), "i32"),
        Out: tl.Tensor((batch, heads_of_keys, group, dimension), dtype),
    ):
        head, b = tl.grid(heads_of_keys, batch)
        length = tl.cast(Lengths[b], "index")
        q = tl.alloc_shared((block_h, dimension), dtype)
        k = tl.alloc_shared((block_n, dimension), dtype)
        v = tl.alloc_shared((block_n, dimension), dtype)
        scores = tl.alloc_fragment((block_h, block_n), tl.f32)
        weights = tl.alloc_fragment((block_h, block_n), dtype)
        output = tl.alloc_fragment((block_h, dimension), tl.f32)
        largest = tl.alloc_fragment((block_h,), tl.f32)
        previous = tl.alloc_fragment((block_h,), tl.f32)
        rescale = tl.alloc_fragment((block_h,), tl.f32)
        partial = tl.alloc_fragment((block_h,), tl.f32)
        total = tl.alloc_fragment((block_h,), tl.f32)

        def copy_pages(pool: tl.Buffer, tile: tl.Buffer, t: tl.Scalar) -> None:
            for part in range(in_tile):
                number = tl.cast(Pages[b, t * in_tile + part], "index")
                tl.copy(pool[number, 0:, head, 0:], tile.window((part * page, 0), (page, dimension)))

        tl.copy_in(Q[b, head, 0:, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, -math.inf)
        for t in tl.pipelined(tl.cdiv(length, block_n), num_stages=num_stages):
            copy_pages(K, k, t)
            for i, j in tl.parallel(block_h, block_n):
                scores[i, j] = tl.where(t * block_n + j < length, tl.cast(0.0, "f32"), -math.inf)
            tl.gemm(q, k, scores, transpose_b=True)
            tl.copy(largest, previous)
            tl.reduce(scores, largest, op="max", axis=1, clear=False)
            for i in tl.parallel(block_h):
                rescale[i] = tl.exp2((previous[i] - largest[i]) * scale)
            for i, j in tl.parallel(block_h, block_n):
                scores[i, j] = tl.exp2((scores[i, j] - largest[i]) * scale)
            tl.reduce(scores, partial, op="sum", axis=1)
            for i in tl.parallel(block_h):
                total[i] = total[i] * rescale[i] + partial[i]
            tl.copy(scores, weights)
            for i, j in tl.parallel(block_h, dimension):
                output[i, j] = output[i, j] * rescale[i]
            copy_pages(V, v, t)
            tl.gemm(weights, v, output)
        for i, j in tl.parallel(block_h, dimension):
            with tl.if_(i < group):
                Out[b, head, i, j] = tl.cast(output[i, j] / total[i], dtype)

    return paged_attention


def arguments(random: np.random.Generator, batch: int, pages: int, page: int, **parameters: Any) -> dict[str, np.ndarray]:
    """Lengths that fill the last page in part, and pages in no order; those past a sequence's end are page 0."""
    lengths = np.array([pages * page - 3 - b * (pages * page // 4) for b in range(batch)], dtype=np.int32)
    table = random.permutation(batch * pages).reshape(batch, pages).astype(np.int32)
    used = -(-lengths // page)
    return {"Lengths": lengths, "Pages": np.where(np.arange(pages) < used[:, None], table, 0).astype(np.int32)}


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Out in float64."""
    q = arguments["Q"].astype(np.float64)
    pages, lengths = arguments["Pages"], arguments["Lengths"]
    k, v = (arguments[name].astype(np.float64)[pages] for name in "KV")
    k, v = (x.reshape(len(q), -1, *x.shape[3:]).transpose(0, 2, 1, 3) for x in (k, v))
    seen = np.arange(k.shape[2]) < lengths[:, None, None, None]
    powers = np.where(seen, np.exp(q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[3])), 0.0)
    return {"Out": powers / powers.sum(axis=3, keepdims=True) @ v}
