# pyright: reportInvalidTypeForm=false
"""C = A B by groups of rows: each group has a matrix B of its own, and as many rows as a table says, which may be none.

The rows of all groups stand one after another. A group is computed in blocks of `block_m` rows of its own, the last of which
may be ragged: it reads rows of the next group, and does not write them.
"""

import numpy as np

import tilewright.language as tl

SMOKE = {"sizes": (40, 0, 32, 7), "N": 64, "K": 48, "block_m": 32, "block_n": 32, "block_k": 16, "num_stages": 2}
FULL = {"sizes": (63, 77, 111, 280), "N": 8192, "K": 8192, "block_m": 64, "block_n": 128, "block_k": 64, "num_stages": 2}
VARIANTS = {
    "nt, bf16": {"transpose_b": True, "dtype": "bf16"},
    "three stages": {"num_stages": 3, "K": 80},
    "one group": {"sizes": (50,)},
    "no edge": {"sizes": (32, 64, 32), "dtype": "f32"},
}


def build(
    sizes: tuple[int, ...] = (63, 77, 20),
    N: int = 128,
    K: int = 128,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    transpose_b: bool = False,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for groups of `sizes` rows: only their number and the totals are compiled in, the tables are arguments.

    Sizes: rows of each group; Offsets: the first row of each; Blocks: the first block of each.
    """
    groups, rows = len(sizes), sum(sizes)
    blocks = sum(tl.cdiv(size, block_m) for size in sizes)
    table = tl.Tensor((groups,), tl.i32)

    @tl.kernel(threads=threads)
    def grouped_gemm(
        A: tl.Tensor((rows, K), dtype),
        B: tl.Tensor((groups, N, K) if transpose_b else (groups, K, N), dtype),
        Sizes: table,
        Offsets: table,
        Blocks: table,
        C: tl.Tensor((rows, N), dtype),
    ):
        bx, by = tl.grid(N // block_n, blocks)
        column = bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_n, block_k) if transpose_b else (block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)
        block = tl.cast(by, tl.i32)
        group = tl.cast(0, tl.i32)
        for candidate in range(1, groups):
            group = tl.where(block >= Blocks[candidate], tl.cast(candidate, tl.i32), group)
        done = (block - Blocks[group]) * block_m
        row = Offsets[group] + done
        count = tl.min(Sizes[group] - done, block_m)
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            depth = k * block_k
            tl.copy_in(A[row:, depth:], A_tile)
            tl.copy(B[group, column:, depth:] if transpose_b else B[group, depth:, column:], B_tile)
            tl.gemm(A_tile, B_tile, accumulator, transpose_b=transpose_b)
        for i, j in tl.parallel(block_m, block_n):
            with tl.if_(i < tl.cast(count, tl.index)):
                C[tl.cast(row, tl.index) + i, column + j] = tl.cast(accumulator[i, j], dtype)

    return grouped_gemm


def arguments(_: np.random.Generator, sizes: tuple[int, ...], block_m: int, **__: object) -> dict[str, np.ndarray]:
    blocks = [tl.cdiv(size, block_m) for size in sizes]
    tables = {"Sizes": sizes, "Offsets": np.cumsum([0, *sizes[:-1]]), "Blocks": np.cumsum([0, *blocks[:-1]])}
    return {name: np.asarray(values, np.int32) for name, values in tables.items()}


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """C in float64."""
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    b = b.transpose(0, 2, 1) if parameters.get("transpose_b") else b
    return {"C": np.concatenate([rows @ b[i] for i, rows in enumerate(np.split(a, arguments["Offsets"][1:]))])}
