# pyright: reportInvalidTypeForm=false
"""Causal attention over a vertical and slash pattern: a block of rows sees some blocks of keys, and some single keys.

For each block of rows `Blocks` lists the first keys of the blocks along its slashes, and `Columns` the keys of the
verticals; the counts say how many of each there are. Two pipelined loops go over one softmax: the first copies its
blocks, the second gathers.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

# Finite: where a row sees none of the keys of a block, its differences are numbers.
LOWEST = -1e30
SMOKE = {
    "heads": 1,
    "sequence": 192,
    "dimension": 32,
    "blocks": 4,
    "columns": 48,
    "block_m": 64,
    "block_n": 32,
    "num_stages": 2,
}
FULL = {
    "heads": 32,
    "sequence": 8192,
    "dimension": 128,
    "blocks": 100,
    "columns": 1000,
    "block_m": 64,
    "block_n": 64,
    "num_stages": 2,
}
VARIANTS = {
    "three stages": {"num_stages": 3},
    "two heads, bf16": {"heads": 2, "sequence": 128, "dtype": "bf16"},
    "few columns": {"columns": 3},
}


def build(
    heads: int = 1,
    sequence: int = 192,
    dimension: int = 64,
    blocks: int = 4,
    columns: int = 48,
    block_m: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for sequences that are a multiple of both tiles; `blocks` and `columns` are the lengths of the lists."""
    shape = (heads, sequence, dimension)
    row_blocks = sequence // block_m
    scale = math.log2(math.e) / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def vertical_slash_attention(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape, dtype),
        V: tl.Tensor(shape, dtype),
        BlockCounts: tl.Tensor((heads, row_blocks), "i32"),
        Blocks: tl.Tensor((heads, row_blocks, blocks), "i32"),
        ColumnCounts: tl.Tensor((heads, row_blocks), "i32"),
        Columns: tl.Tensor((heads, row_blocks, columns), "i32"),
        Out: tl.Tensor(shape, dtype),
    ):
        bx, head = tl.grid(row_blocks, heads)
        row = bx * block_m
        count = tl.cast(ColumnCounts[head, bx], "index")
        q = tl.alloc_shared((block_m, dimension), dtype)
        k, v, k_gathered, v_gathered = (tl.alloc_shared((block_n, dimension), dtype) for _ in range(4))
        scores = tl.alloc_fragment((block_m, block_n), tl.f32)
        weights = tl.alloc_fragment((block_m, block_n), dtype)
        output = tl.alloc_fragment((block_m, dimension), tl.f32)
        largest, previous, rescale, partial, total = (tl.alloc_fragment((block_m,), tl.f32) for _ in range(5))

        def accumulate_weights() -> None:
            """The online softmax of a tile of scores: weights, and sums and output rescaled to the new largest score."""
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

        tl.copy(Q[head, row:, 0:], q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        for t in tl.pipelined(BlockCounts[head, bx], num_stages=num_stages):
            column = tl.cast(Blocks[head, bx, t], "index")
            tl.copy(K[head, column:, 0:], k)
            for i, j in tl.parallel(block_m, block_n):
                scores[i, j] = tl.where(row + i >= column + j, tl.cast(0.0, "f32"), -math.inf)
            tl.gemm(q, k, scores, transpose_b=True)
            accumulate_weights()
            tl.copy(V[head, column:, 0:], v)
            tl.gemm(weights, v, output)
        for t in tl.pipelined(tl.cdiv(count, block_n), num_stages=num_stages):
            for i, j in tl.parallel(block_n, dimension):
                column = Columns[head, bx, tl.min(t * block_n + i, count - 1)]
                k_gathered[i, j] = K[head, column, j]
            for i, j in tl.parallel(block_m, block_n):
                scores[i, j] = tl.where(t * block_n + j < count, tl.cast(0.0, "f32"), -math.inf)
            tl.gemm(q, k_gathered, scores, transpose_b=True)
            accumulate_weights()
            for i, j in tl.parallel(block_n, dimension):
                column = Columns[head, bx, tl.min(t * block_n + i, count - 1)]
                v_gathered[i, j] = V[head, column, j]
            tl.gemm(weights, v_gathered, output)
        for i, j in tl.parallel(block_m, dimension):
            output[i, j] = output[i, j] / total[i]
        tl.copy(output, Out[head, row:, 0:])

    return vertical_slash_attention


def arguments(
    random: np.random.Generator,
    heads: int,
    sequence: int,
    blocks: int,
    columns: int,
    block_m: int,
    block_n: int,
    **parameters: Any,
) -> dict[str, np.ndarray]:
    """Blocks up to the diagonal, all of those on it among them, and columns before the rows that no block has; counts vary."""
    lists = {"Blocks": blocks, "Columns": columns}
    made = {name: np.zeros((heads, sequence // block_m, length), np.int32) for name, length in lists.items()}
    counts = {name: np.zeros((heads, sequence // block_m), np.int32) for name in ("BlockCounts", "ColumnCounts")}
    for place in np.ndindex(heads, sequence // block_m):
        row = place[1] * block_m
        diagonal = np.arange(row, row + block_m, block_n)
        others = random.permutation(row // block_n)[: blocks - len(diagonal) - place[1] % 2] * block_n
        chosen = np.sort([*others, *diagonal])
        free = [key for key in range(row) if not any(first <= key < first + block_n for first in chosen)]
        single = np.sort(random.permutation(free)[:columns]).astype(np.int32)
        made["Blocks"][place][: len(chosen)], counts["BlockCounts"][place] = chosen, len(chosen)
        made["Columns"][place][: len(single)], counts["ColumnCounts"][place] = single, len(single)
    return made | counts


def reference(
    arguments: dict[str, np.ndarray], block_m: int = 64, block_n: int = 32, **parameters: Any
) -> dict[str, np.ndarray]:
    """Out in float64."""
    q, k, v = (arguments[name].astype(np.float64) for name in "QKV")
    seen = np.zeros((len(q), q.shape[1], k.shape[1]), dtype=bool)
    for head, block in np.ndindex(*arguments["BlockCounts"].shape):
        rows = slice(block * block_m, (block + 1) * block_m)
        for first in arguments["Blocks"][head, block, : arguments["BlockCounts"][head, block]]:
            seen[head, rows, first : first + block_n] = True
        seen[head, rows, arguments["Columns"][head, block, : arguments["ColumnCounts"][head, block]]] = True
    seen &= np.tri(q.shape[1], dtype=bool)
    powers = np.where(seen, np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2])), 0.0)
    return {"Out": powers / powers.sum(axis=2, keepdims=True) @ v}
