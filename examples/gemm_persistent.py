# pyright: reportInvalidTypeForm=false
"""C = A B by fewer blocks than tiles: each block stays, and goes from tile to tile of C."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 96, "N": 64, "K": 48, "block_m": 32, "block_n": 32, "block_k": 16, "blocks": 4, "num_stages": 2}
FULL = {"M": 8192, "N": 8192, "K": 8192, "block_m": 128, "block_n": 256, "block_k": 64, "blocks": 132, "num_stages": 3}
VARIANTS = {
    "waves": {"waves": True},
    "trips that leave a stage": {"num_stages": 3, "K": 80},
    "waves, three stages": {"waves": True, "num_stages": 3, "K": 80},
    "one trip": {"K": 16, "num_stages": 3},
    "one block": {"blocks": 1, "dtype": "bf16"},
    "as many blocks as tiles": {"blocks": 6, "dtype": "f32"},
}


def build(
    M: int = 256,
    N: int = 256,
    K: int = 128,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    blocks: int = 6,
    num_stages: int = 3,
    dtype: str = "f16",
    waves: bool = False,
    group_rows: int = 2,
    threads: int = 256,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile.

    Block b takes tiles b, b + `blocks`, ... Tiles go down `group_rows` rows of tiles before they go to the next column, so
    that blocks that run at one time share what they read. `waves` counts waves and guards the last one, as a persistent
    loop in the source does; without, the loop over tiles ends where this block's tiles end.
    """
    rows, columns = M // block_m, N // block_n
    tiles = rows * columns

    @tl.kernel(threads=threads)
    def gemm_persistent(A: tl.Tensor((M, K), dtype), B: tl.Tensor((K, N), dtype), C: tl.Tensor((M, N), dtype)):
        block = tl.grid(blocks)
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)

        def compute(tile: tl.Scalar) -> None:
            group = tile // (group_rows * columns)
            within = tile % (group_rows * columns)
            height = tl.min(rows - group * group_rows, group_rows)
            row = (group * group_rows + within % height) * block_m
            column = within // height * block_n
            tl.fill(accumulator, 0.0)
            for k in tl.pipelined(K // block_k, num_stages=num_stages):
                tl.copy(A[row:, k * block_k :], A_tile)
                tl.copy(B[k * block_k :, column:], B_tile)
                tl.gemm(A_tile, B_tile, accumulator)
            tl.copy(accumulator, C[row:, column:])

        if waves:
            for wave in tl.serial(tl.cdiv(tiles, blocks)):
                tile = wave * blocks + block
                with tl.if_(tile < tiles):
                    compute(tile)
        else:
            for tile in tl.serial(block, tiles, blocks):
                compute(tile)

    return gemm_persistent


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    return {"C": arguments["A"].astype(np.float64) @ arguments["B"].astype(np.float64)}
