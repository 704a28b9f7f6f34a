# pyright: reportInvalidTypeForm=false
"""C = A B, one tile of C for each block: NN, NT, TN and TT.

Operands f16, bf16, f32 and both fp8 types accumulate in f32; i8 accumulates in i32, which C then has as well.
"""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 128, "N": 96, "K": 96, "block_m": 64, "block_n": 32, "block_k": 16, "num_stages": 3}
FULL = {"M": 4096, "N": 4096, "K": 4096, "block_m": 128, "block_n": 256, "block_k": 64, "num_stages": 3}
VARIANTS = {
    "nt": {"transpose_b": True},
    "tn": {"transpose_a": True},
    "tt": {"transpose_a": True, "transpose_b": True},
    "bf16": {"dtype": "bf16", "transpose_b": True},
    "f32": {"dtype": "f32"},
    "f8E4M3FN": {"dtype": "f8E4M3FN", "transpose_b": True, "block_k": 32, "out_dtype": "f16"},
    "f8E5M2": {"dtype": "f8E5M2", "transpose_b": True, "block_k": 32, "out_dtype": "f32"},
    "i8": {"dtype": "i8", "transpose_b": True, "block_k": 32, "out_dtype": "i32", "accumulator_dtype": "i32"},
    "one stage": {"num_stages": 1},
    "more stages than trips": {"K": 32, "num_stages": 4},
    "layouts and registers by hand": {"swizzles": (32, 64), "registers": (40, 232)},
}


def build(
    M: int = 256,
    N: int = 256,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 3,
    dtype: str = "f16",
    out_dtype: str | None = None,
    accumulator_dtype: str = "f32",
    transpose_a: bool = False,
    transpose_b: bool = False,
    threads: int = 256,
    swizzles: tuple[int, int] | None = None,
    registers: tuple[int, int] | None = None,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile. A is KxM if `transpose_a`, B is NxK if `transpose_b`.

    `out_dtype` is that of the operands unless given. `swizzles` (bytes, of the tiles of A and B) and `registers` (of each
    thread that copies and that computes) say by hand what the passes choose otherwise.
    """

    @tl.kernel(threads=threads)
    def gemm(
        A: tl.Tensor((K, M) if transpose_a else (M, K), dtype),
        B: tl.Tensor((N, K) if transpose_b else (K, N), dtype),
        C: tl.Tensor((M, N), out_dtype or dtype),
    ):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_k, block_m) if transpose_a else (block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_n, block_k) if transpose_b else (block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), accumulator_dtype)
        if swizzles is not None:
            tl.annotate_layout(A_tile, swizzle=swizzles[0])
            tl.annotate_layout(B_tile, swizzle=swizzles[1])
        if registers is not None:
            tl.register_hints(producer=registers[0], consumer=registers[1])
        tl.fill(accumulator, 0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            depth = k * block_k
            tl.copy(A[depth:, row:] if transpose_a else A[row:, depth:], A_tile)
            tl.copy(B[column:, depth:] if transpose_b else B[depth:, column:], B_tile)
            tl.gemm(A_tile, B_tile, accumulator, transpose_a=transpose_a, transpose_b=transpose_b)
        tl.copy(accumulator, C[row:, column:])

    return gemm


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """C in float64."""
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    return {"C": (a.T if parameters.get("transpose_a") else a) @ (b.T if parameters.get("transpose_b") else b)}
