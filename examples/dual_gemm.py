# pyright: reportInvalidTypeForm=false
"""C = P Q + A B, two products into one accumulator: one before the loop and one in it, or both in it."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 64, "N": 64, "K": 80, "depth": 32, "block_m": 32, "block_n": 32, "block_k": 16, "num_stages": 2}
FULL = {"M": 4096, "N": 4096, "K": 4096, "depth": 64, "block_m": 128, "block_n": 128, "block_k": 64, "num_stages": 3}
VARIANTS = {
    "bf16, nt": {"dtype": "bf16", "transpose_b": True},
    "three stages": {"num_stages": 3},
    "one stage": {"num_stages": 1},
    "one trip": {"K": 16},
    "both in the loop": {"in_loop": True, "depth": 80},
    "both in the loop, three stages": {"in_loop": True, "depth": 80, "num_stages": 3},
}


def build(
    M: int = 128,
    N: int = 128,
    K: int = 128,
    depth: int = 64,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    transpose_b: bool = False,
    in_loop: bool = False,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile; P is M x `depth`, which is K where both products are `in_loop`."""
    shape_q = (N, depth) if transpose_b else (depth, N)
    shape_b = (N, K) if transpose_b else (K, N)

    @tl.kernel(threads=threads)
    def dual_gemm(
        P: tl.Tensor((M, depth), dtype),
        Q: tl.Tensor(shape_q, dtype),
        A: tl.Tensor((M, K), dtype),
        B: tl.Tensor(shape_b, dtype),
        C: tl.Tensor((M, N), dtype),
    ):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        step = block_k if in_loop else depth
        P_tile = tl.alloc_shared((block_m, step), dtype)
        Q_tile = tl.alloc_shared((block_n, step) if transpose_b else (step, block_n), dtype)
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_n, block_k) if transpose_b else (block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)

        def multiply(left: tl.Buffer, right: tl.Buffer, left_tile: tl.Buffer, right_tile: tl.Buffer, start: object) -> None:
            tl.copy(left[row:, start:], left_tile)
            tl.copy(right[column:, start:] if transpose_b else right[start:, column:], right_tile)
            tl.gemm(left_tile, right_tile, accumulator, transpose_b=transpose_b)

        tl.fill(accumulator, 0.0)
        if not in_loop:
            multiply(P, Q, P_tile, Q_tile, 0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            multiply(A, B, A_tile, B_tile, k * block_k)
            if in_loop:
                multiply(P, Q, P_tile, Q_tile, k * block_k)
        tl.copy(accumulator, C[row:, column:])

    return dual_gemm


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """C in float64."""
    p, q, a, b = (arguments[name].astype(np.float64) for name in "PQAB")
    q, b = (q.T, b.T) if parameters.get("transpose_b") else (q, b)
    return {"C": p @ q + a @ b}
