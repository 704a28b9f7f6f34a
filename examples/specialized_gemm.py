# pyright: reportInvalidTypeForm=false
"""C = A B, specialized by hand: one warp group copies, another multiplies, and mbarriers go between them.

`form` says how. The passes leave what is written by hand as it is, and lay it out.

- ``copy_0_gemm_1``, ``copy_1_gemm_0``: one tile of each operand; the first or the second warp group copies. Whoever waits
  waits for the phase of its iteration, the copying group for the one before.
- ``barrier_pipe``: a ring of tiles with two mbarriers for each; bulk copies signal their bytes.
- ``soft_pipe``: the same ring, but the copying group runs ahead by asynchronous groups: it starts the copies of an iteration
  before those of the iteration before have landed, and tells the other group about these.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SPECIALIZED_BY_HAND = True
SMOKE = {"M": 64, "N": 64, "K": 80, "block_m": 64, "block_n": 32, "block_k": 16}
FULL = {"M": 16384, "N": 16384, "K": 16384, "block_m": 128, "block_n": 128, "block_k": 64}
VARIANTS = {
    "copy_1_gemm_0": {"form": "copy_1_gemm_0"},
    "barrier_pipe": {"form": "barrier_pipe"},
    "barrier_pipe, three stages, bf16": {"form": "barrier_pipe", "stages": 3, "dtype": "bf16"},
    "two warps in each group": {"form": "barrier_pipe", "threads": 64},
    "soft_pipe": {"form": "soft_pipe"},
    "soft_pipe, three stages, one trip": {"form": "soft_pipe", "stages": 3, "K": 16},
}


def build(
    M: int = 128,
    N: int = 128,
    K: int = 128,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    stages: int = 2,
    dtype: str = "f16",
    form: str = "copy_0_gemm_1",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile; each of the two warp groups has `threads` threads."""
    if form == "soft_pipe" and stages < 2:
        raise ValueError("soft_pipe starts copies one iteration ahead: it needs two stages")
    ring = 1 if form.startswith("copy_") else stages
    steps = K // block_k

    @tl.kernel(threads=2 * threads)
    def specialized_gemm(A: tl.Tensor((M, K), dtype), B: tl.Tensor((K, N), dtype), C: tl.Tensor((M, N), dtype)):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tiles = tl.alloc_shared((ring, block_m, block_k), dtype)
        B_tiles = tl.alloc_shared((ring, block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)
        full = tl.mbarrier(1 if form == "barrier_pipe" else threads, stages=ring)
        empty = tl.mbarrier(threads, stages=ring)

        def produce(k: Any) -> None:
            stage = tl.stage_index(k, versions=ring)
            empty.wait(stage, tl.phase(k, stages=ring, initial=1))
            pairs = [(A[row:, k * block_k :], A_tiles[stage]), (B[k * block_k :, column:], B_tiles[stage])]
            if form == "barrier_pipe":
                full.expect(A_tiles[stage], B_tiles[stage], stage=stage)
                for window, tile in pairs:
                    tl.async_copy(window, tile, barrier=full, stage=stage)
                full.arrive(stage, elect=True)
            elif form == "soft_pipe":
                for window, tile in pairs:
                    tl.async_copy(window, tile)
                tl.commit_group()
            else:
                for window, tile in pairs:
                    tl.copy(window, tile)
                full.arrive(stage)

        def copying() -> None:
            with tl.warp_group("producer", warps=threads // 32, registers=40):
                for k in tl.serial(steps):
                    produce(k)
                    if form == "soft_pipe":
                        with tl.if_(k >= 1):
                            tl.wait_group(1)
                            full.arrive(tl.stage_index(k - 1, versions=ring))
                if form == "soft_pipe":
                    tl.wait_group(0)
                    full.arrive((steps - 1) % ring)

        def multiplying() -> None:
            with tl.warp_group("consumer", warps=threads // 32, registers=232):
                tl.fill(accumulator, 0.0)
                for k in tl.serial(steps):
                    stage = tl.stage_index(k, versions=ring)
                    full.wait(stage, tl.phase(k, stages=ring))
                    tl.gemm(A_tiles[stage], B_tiles[stage], accumulator)
                    empty.arrive(stage)
                tl.copy(accumulator, C[row:, column:])

        with tl.specialize():
            groups = (multiplying, copying) if form == "copy_1_gemm_0" else (copying, multiplying)
            for group in groups:
                group()

    return specialized_gemm


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    return {"C": arguments["A"].astype(np.float64) @ arguments["B"].astype(np.float64)}
