# pyright: reportInvalidTypeForm=false
"""C = A B where some of M, N and K are known at launch only: one compiled kernel for all of them."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 70, "N": 50, "K": 85, "block_m": 32, "block_n": 32, "block_k": 16, "num_stages": 2}
FULL = {"M": 16384, "N": 16384, "K": 16384, "block_m": 128, "block_n": 128, "block_k": 32, "num_stages": 3}
VARIANTS = {
    "dynamic M": {"dynamic": ("M",), "N": 64, "K": 80},
    "dynamic M and N": {"dynamic": ("M", "N"), "K": 80, "dtype": "bf16"},
    "dynamic K": {"dynamic": ("K",), "M": 64, "N": 64},
    "three stages": {"num_stages": 3},
    "smaller than a tile": {"M": 3, "N": 5, "K": 2},
    "no depth": {"K": 0},
}


def build(
    M: int = 100,
    N: int = 90,
    K: int = 70,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 3,
    dtype: str = "f16",
    dynamic: tuple[str, ...] = ("M", "N", "K"),
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for any shape. Of `dynamic` dimensions only `arguments` uses the numbers; the others are compiled in."""
    given = {"M": M, "N": N, "K": K}
    m, n, k_extent = (tl.dynamic(name) if name in dynamic else extent for name, extent in given.items())

    @tl.kernel(threads=threads)
    def dynamic_gemm(
        A: tl.Tensor((m, k_extent), dtype),
        B: tl.Tensor((k_extent, n), dtype),
        C: tl.Tensor((m, n), dtype),
    ):
        bx, by = tl.grid(tl.cdiv(n, block_n), tl.cdiv(m, block_m))
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)
        result = tl.alloc_fragment((block_m, block_n), dtype)
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(tl.cdiv(k_extent, block_k), num_stages=num_stages):
            tl.copy_in(A[row:, k * block_k :], A_tile)
            tl.copy_in(B[k * block_k :, column:], B_tile)
            tl.gemm(A_tile, B_tile, accumulator)
        tl.copy(accumulator, result)
        tl.copy_out(result, C[row:, column:])

    return dynamic_gemm


def arguments(random: np.random.Generator, M: int, N: int, K: int, dtype: str, **_: object) -> dict[str, np.ndarray]:
    shapes = {"A": (M, K), "B": (K, N), "C": (M, N)}
    return {name: random.uniform(-1, 1, shape).astype(tl.as_dtype(dtype).numpy) for name, shape in shapes.items()}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    return {"C": arguments["A"].astype(np.float64) @ arguments["B"].astype(np.float64)}
