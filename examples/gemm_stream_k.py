# pyright: reportInvalidTypeForm=false
"""C = A B where each block gets the same number of steps along K, not of tiles: a tile's steps may be several blocks'.

A block whose steps are all of a tile writes it; the parts of a tile that was cut are added to C, element by element. C must
be zero before.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 96, "N": 64, "K": 64, "block_m": 32, "block_n": 32, "block_k": 16, "blocks": 5, "num_stages": 2}
FULL = {"M": 4096, "N": 4096, "K": 16384, "block_m": 128, "block_n": 128, "block_k": 32, "blocks": 132, "num_stages": 3}
VARIANTS = {
    "three stages": {"num_stages": 3, "K": 112},
    "nothing is cut": {"blocks": 3},
    "steps of one block in one tile": {"blocks": 17, "dtype": "bf16"},
    "a part of the tiles": {"cut_tiles": 4, "blocks": 3},
}


def build(
    M: int = 256,
    N: int = 128,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    blocks: int = 5,
    cut_tiles: int | None = None,
    num_stages: int = 3,
    dtype: str = "f16",
    threads: int = 256,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile. C is f32.

    Steps are dealt out over the first `cut_tiles` tiles (all unless given); block b takes the rest whole: b, b + `blocks`, …
    """
    columns, steps = N // block_n, K // block_k
    tiles = M // block_m * columns
    cut = tiles if cut_tiles is None else cut_tiles
    share = tl.cdiv(cut * steps, blocks)

    @tl.kernel(threads=threads)
    def gemm_stream_k(A: tl.Tensor((M, K), dtype), B: tl.Tensor((K, N), dtype), C: tl.Tensor((M, N), tl.f32)):
        block = tl.grid(blocks)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)

        def tiles_of_a_loop() -> tuple[tl.Buffer, tl.Buffer]:
            return tl.alloc_shared((block_m, block_k), dtype), tl.alloc_shared((block_k, block_n), dtype)

        def compute(row: tl.Scalar, column: tl.Scalar, first: Any, last: Any, operands: tuple[tl.Buffer, tl.Buffer]) -> None:
            A_tile, B_tile = operands
            tl.fill(accumulator, 0.0)
            for k in tl.pipelined(first, last, num_stages=num_stages):
                tl.copy(A[row:, k * block_k :], A_tile)
                tl.copy(B[k * block_k :, column:], B_tile)
                tl.gemm(A_tile, B_tile, accumulator)

        cut_operands = tiles_of_a_loop()
        start = tl.min(block * share, cut * steps)
        stop = tl.min(start + share, cut * steps)
        for tile in tl.serial(start // steps, tl.cdiv(stop, steps)):
            row, column = tile // columns * block_m, tile % columns * block_n
            first = tl.max(start - tile * steps, 0)
            last = tl.min(stop - tile * steps, steps)
            compute(row, column, first, last, cut_operands)
            with tl.if_(last - first == steps):
                tl.copy(accumulator, C[row:, column:])
            with tl.else_():
                for i, j in tl.parallel(block_m, block_n):
                    tl.atomic_add(C, (row + i, column + j), accumulator[i, j])
        if cut < tiles:
            whole_operands = tiles_of_a_loop()
            for tile in tl.serial(cut + block, tiles, blocks):
                row, column = tile // columns * block_m, tile % columns * block_n
                compute(row, column, 0, steps, whole_operands)
                tl.copy(accumulator, C[row:, column:])

    return gemm_stream_k


def arguments(_: np.random.Generator, M: int, N: int, **__: object) -> dict[str, np.ndarray]:
    return {"C": np.zeros((M, N), np.float32)}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    return {"C": arguments["A"].astype(np.float64) @ arguments["B"].astype(np.float64)}
