# pyright: reportInvalidTypeForm=false
"""C = A B with steps left out: for each tile of C a mask says which steps along K count."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 64, "N": 64, "K": 112, "block_m": 32, "block_n": 32, "block_k": 16, "num_stages": 2}
FULL = {"M": 1024, "N": 1024, "K": 1024, "block_m": 128, "block_n": 128, "block_k": 32, "num_stages": 3}
VARIANTS = {
    "bf16, three stages": {"dtype": "bf16", "num_stages": 3},
    "one stage": {"num_stages": 1},
    "dense": {"sparsity": 0.0, "num_stages": 3},
    "empty": {"sparsity": 1.0},
}


def build(
    M: int = 128,
    N: int = 128,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    sparsity: float = 0.5,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile; `sparsity` is the part of the steps that `arguments` leaves out."""
    del sparsity

    @tl.kernel(threads=threads)
    def block_sparse_gemm(
        A: tl.Tensor((M, K), dtype),
        B: tl.Tensor((K, N), dtype),
        BlockMask: tl.Tensor((M // block_m, N // block_n, K // block_k), tl.i1),
        C: tl.Tensor((M, N), dtype),
    ):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k), dtype)
        B_tile = tl.alloc_shared((block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)
        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            with tl.if_(BlockMask[by, bx, k]):
                tl.copy(A[row:, k * block_k :], A_tile)
                tl.copy(B[k * block_k :, column:], B_tile)
                tl.gemm(A_tile, B_tile, accumulator)
        tl.copy(accumulator, C[row:, column:])

    return block_sparse_gemm


def arguments(random: np.random.Generator, **parameters: int) -> dict[str, np.ndarray]:
    shape = [parameters[dimension] // parameters[f"block_{dimension.lower()}"] for dimension in "MNK"]
    return {"BlockMask": random.uniform(size=shape) >= parameters["sparsity"]}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """C in float64."""
    a, b, mask = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64), arguments["BlockMask"]
    rows, columns, steps = mask.shape
    a = a.reshape(rows, -1, steps, a.shape[1] // steps)
    b = b.reshape(steps, -1, columns, b.shape[1] // columns)
    return {"C": np.einsum("imkd,kdjn,ijk->imjn", a, b, mask).reshape(arguments["C"].shape)}
