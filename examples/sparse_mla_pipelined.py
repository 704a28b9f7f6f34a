# pyright: reportInvalidTypeForm=false
"""Sparse multi-head latent attention, forward, specialized by hand.

Three warp groups: one gathers the keys that a token lists into a ring of tiles, by threads; `left` computes scores and
softmax and the left half of the output; `right` gets the weights and the rescaling through shared memory and computes the
right half. Both halves of a key stand in tiles of their own. `sparse_mla.py` is the same function, left to the passes.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

SPECIALIZED_BY_HAND = True
# Finite: where a tile has no key that the token may see, its differences are numbers.
LOWEST = -1e30
SMOKE = {
    "batch": 1,
    "tokens": 3,
    "keys": 96,
    "heads": 64,
    "dimension": 32,
    "tail": 16,
    "selected": 96,
    "block_h": 64,
    "block_n": 32,
    "stages": 2,
}
FULL = {
    "batch": 1,
    "tokens": 4096,
    "keys": 8192,
    "heads": 128,
    "dimension": 512,
    "tail": 64,
    "selected": 2048,
    "block_h": 64,
    "block_n": 64,
    "stages": 2,
}
VARIANTS = {
    "from the first token": {"tokens": 6, "keys": 6, "selected": 32, "block_n": 16},
    "one tile": {"tokens": 2, "selected": 32},
    "bf16, three stages, two blocks of heads": {
        "dtype": "bf16",
        "stages": 3,
        "tokens": 1,
        "heads": 128,
        "selected": 160,
        "keys": 200,
    },
}


def build(
    batch: int = 1,
    tokens: int = 3,
    keys: int = 96,
    heads: int = 64,
    dimension: int = 64,
    tail: int = 16,
    selected: int = 96,
    block_h: int = 64,
    block_n: int = 32,
    stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for numbers of heads and of selected keys that are multiples of the tile; `threads` for each warp group."""
    scale = math.log2(math.e) / math.sqrt(dimension + tail)
    half, trips, warps = dimension // 2, selected // block_n, threads // 32

    @tl.kernel(threads=3 * threads)
    def sparse_mla_pipelined(
        Q: tl.Tensor((batch, tokens, heads, dimension + tail), dtype),
        KV: tl.Tensor((batch, keys, dimension + tail), dtype),
        Indices: tl.Tensor((batch, tokens, selected), "i32"),
        Out: tl.Tensor((batch, tokens, heads, dimension), dtype),
        LogSum: tl.Tensor((batch, tokens, heads), "f32"),
    ):
        bx, token, b = tl.grid(heads // block_h, tokens, batch)
        head = bx * block_h
        position = tl.cast(token + (keys - tokens), "i32")
        widths = {0: half, half: half, dimension: tail}
        q = {start: tl.alloc_shared((block_h, width), dtype) for start, width in widths.items()}
        kv = {start: tl.alloc_shared((stages, block_n, width), dtype) for start, width in widths.items()}
        weights = tl.alloc_shared((block_h, block_n), dtype)
        rescale_shared = tl.alloc_shared((block_h,), tl.f32)
        total_shared = tl.alloc_shared((block_h,), tl.f32)
        full, empty = tl.mbarrier(threads, stages=stages), tl.mbarrier(2 * threads, stages=stages)
        weights_full, weights_empty = tl.mbarrier(threads), tl.mbarrier(threads)
        total_full = tl.mbarrier(threads)
        for start, tile in q.items():
            tl.copy(Q[b, token, head:, start:], tile)

        def gather() -> None:
            for t in tl.serial(trips):
                stage = tl.stage_index(t, versions=stages)
                empty.wait(stage, tl.phase(t, stages=stages, initial=1))
                for start, tiles in kv.items():
                    for i, j in tl.parallel(block_n, widths[start]):
                        tiles[stage, i, j] = KV[b, tl.max(Indices[b, token, t * block_n + i], 0), start + j]
                full.arrive(stage)

        def left() -> None:
            scores = tl.alloc_fragment((block_h, block_n), tl.f32)
            output = tl.alloc_fragment((block_h, half), tl.f32)
            largest, previous, rescale, partial, total = (tl.alloc_fragment((block_h,), tl.f32) for _ in range(5))
            tl.fill(output, 0.0)
            tl.fill(total, 0.0)
            tl.fill(largest, LOWEST)
            for t in tl.serial(trips):
                stage = tl.stage_index(t, versions=stages)
                for i, j in tl.parallel(block_h, block_n):
                    index = Indices[b, token, t * block_n + j]
                    seen = (index >= 0) & (index <= position)
                    scores[i, j] = tl.where(seen, tl.cast(0.0, "f32"), -math.inf)
                full.wait(stage, tl.phase(t, stages=stages))
                for start, tiles in kv.items():
                    tl.gemm(q[start], tiles[stage], scores, transpose_b=True)
                tl.copy(largest, previous)
                tl.reduce(scores, largest, op="max", axis=1, clear=False)
                for i in tl.parallel(block_h):
                    rescale[i] = tl.exp2((previous[i] - largest[i]) * scale)
                for i, j in tl.parallel(block_h, block_n):
                    scores[i, j] = tl.exp2((scores[i, j] - largest[i]) * scale)
                tl.reduce(scores, partial, op="sum", axis=1)
                for i in tl.parallel(block_h):
                    total[i] = total[i] * rescale[i] + partial[i]
                weights_empty.wait(0, tl.phase(t, stages=1, initial=1))
                tl.copy(scores, weights)
                tl.copy(rescale, rescale_shared)
                weights_full.arrive()
                for i, j in tl.parallel(block_h, half):
                    output[i, j] = output[i, j] * rescale[i]
                tl.gemm(weights, kv[0][stage], output)
                empty.arrive(stage)
            tl.copy(total, total_shared)
            total_full.arrive()
            for i, j in tl.parallel(block_h, half):
                Out[b, token, head + i, j] = tl.cast(output[i, j] / total[i], dtype)
            for i in tl.parallel(block_h):
                LogSum[b, token, head + i] = tl.log2(total[i]) + largest[i] * scale

        def right() -> None:
            output = tl.alloc_fragment((block_h, half), tl.f32)
            tl.fill(output, 0.0)
            for t in tl.serial(trips):
                stage = tl.stage_index(t, versions=stages)
                weights_full.wait(0, tl.phase(t, stages=1))
                for i, j in tl.parallel(block_h, half):
                    output[i, j] = output[i, j] * rescale_shared[i]
                # The weights come after the keys: whoever made them has waited for these.
                tl.gemm(weights, kv[half][stage], output)
                weights_empty.arrive()
                empty.arrive(stage)
            total_full.wait()
            for i, j in tl.parallel(block_h, half):
                Out[b, token, head + i, half + j] = tl.cast(output[i, j] / total_shared[i], dtype)

        with tl.specialize():
            with tl.warp_group("gather", warps=warps, registers=72):
                gather()
            with tl.warp_group("left", warps=warps, registers=216):
                left()
            with tl.warp_group("right", warps=warps, registers=216):
                right()

    return sparse_mla_pipelined


def arguments(
    random: np.random.Generator, batch: int, tokens: int, keys: int, selected: int, **parameters: Any
) -> dict[str, np.ndarray]:
    """For every token its own key and others, some of them after it, no key twice, in any order; -1 where there are no more."""
    indices = np.full((batch, tokens, selected), -1, dtype=np.int32)
    for place in np.ndindex(batch, tokens):
        own = place[1] + keys - tokens
        others = [key for key in random.permutation(keys) if key != own][: selected - 5]
        indices[place][: len(others) + 1] = random.permutation([own, *others])
    return {"Indices": indices}


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Out, and the binary logarithm of each head's sum, in float64."""
    q, kv = (arguments[name].astype(np.float64) for name in ("Q", "KV"))
    dimension = arguments["Out"].shape[3]
    positions = np.arange(q.shape[1]) + kv.shape[1] - q.shape[1]
    keys = np.arange(kv.shape[1])
    chosen = (arguments["Indices"][..., None] == keys).any(axis=2) & (keys <= positions[:, None])
    powers = np.exp(np.einsum("bthd,bkd->bthk", q, kv) / math.sqrt(q.shape[3])) * chosen[:, :, None]
    sums = powers.sum(axis=3, keepdims=True)
    return {"Out": np.einsum("bthk,bkd->bthd", powers / sums, kv[..., :dimension]), "LogSum": np.log2(sums[..., 0])}
