# pyright: reportInvalidTypeForm=false
"""C = A B where A is 2:4 sparse: of every four neighbours in a row two are kept, and metadata says which."""

import numpy as np

import tilewright.language as tl

SMOKE = {"M": 64, "N": 64, "K": 160, "block_m": 32, "block_n": 32, "block_k": 32, "num_stages": 2}
FULL = {"M": 16384, "N": 16384, "K": 16384, "block_m": 128, "block_n": 128, "block_k": 64, "num_stages": 3}
VARIANTS = {
    "wgmma, nt, bf16": {"block_m": 64, "transpose_b": True, "dtype": "bf16", "num_stages": 3},
    "metadata of 32 bits": {"metadata": "i32", "num_stages": 3},
    "metadata of 8 bits": {"metadata": "i8"},
    "f8E4M3FN": {"dtype": "f8E4M3FN", "out_dtype": "f32", "transpose_b": True, "block_m": 64, "block_k": 64, "K": 192},
    "i8": {
        "dtype": "i8",
        "out_dtype": "i32",
        "accumulator_dtype": "i32",
        "transpose_b": True,
        "block_k": 64,
        "K": 192,
        "metadata": "i32",
    },
    "f32": {"dtype": "f32", "out_dtype": "f32"},
    "one stage, one trip": {"num_stages": 1, "K": 32},
}


def build(
    M: int = 128,
    N: int = 128,
    K: int = 256,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 64,
    num_stages: int = 2,
    dtype: str = "f16",
    out_dtype: str = "f16",
    accumulator_dtype: str = "f32",
    metadata: str = "i16",
    transpose_b: bool = False,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for shapes that are multiples of the tile; `metadata` is the type of a word of it, E has K bits for a row."""
    bits = tl.as_dtype(metadata).bits

    @tl.kernel(threads=threads)
    def sparse_gemm(
        A: tl.Tensor((M, K // 2), dtype),
        E: tl.Tensor((M, K // bits), metadata),
        B: tl.Tensor((N, K) if transpose_b else (K, N), dtype),
        C: tl.Tensor((M, N), out_dtype),
    ):
        bx, by = tl.grid(N // block_n, M // block_m)
        row, column = by * block_m, bx * block_n
        A_tile = tl.alloc_shared((block_m, block_k // 2), dtype)
        E_tile = tl.alloc_shared((block_m, block_k // bits), metadata)
        B_tile = tl.alloc_shared((block_n, block_k) if transpose_b else (block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), accumulator_dtype)
        tl.fill(accumulator, 0)
        for k in tl.pipelined(K // block_k, num_stages=num_stages):
            tl.copy(E[row:, k * (block_k // bits) :], E_tile)
            tl.copy(A[row:, k * (block_k // 2) :], A_tile)
            tl.copy(B[column:, k * block_k :] if transpose_b else B[k * block_k :, column:], B_tile)
            tl.gemm_sp(A_tile, E_tile, B_tile, accumulator, transpose_b=transpose_b)
        tl.copy(accumulator, C[row:, column:])

    return sparse_gemm


def arguments(random: np.random.Generator, M: int, K: int, metadata: str, **_: object) -> dict[str, np.ndarray]:
    """Metadata with two positions for each group of four, drawn at random, in ascending order."""
    positions = np.sort(random.permuted(np.broadcast_to(np.arange(4), (M, K // 4, 4)), axis=2)[:, :, :2], axis=2)
    groups = (positions[:, :, 0] | positions[:, :, 1] << 2).astype(np.uint64)
    bits = tl.as_dtype(metadata).bits
    shifts = np.arange(bits // 4, dtype=np.uint64) * np.uint64(4)
    words = (groups.reshape(M, K // bits, bits // 4) << shifts).sum(axis=2, dtype=np.uint64)
    return {"E": words.astype(f"uint{bits}").view(f"int{bits}")}


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """C in float64, from A with its zeros put back."""
    kept, words, b = arguments["A"].astype(np.float64), arguments["E"], arguments["B"].astype(np.float64)
    a = np.zeros((kept.shape[0], 2 * kept.shape[1]))
    bits = words.dtype.itemsize * 8
    for column in range(kept.shape[1]):
        place = 2 * column
        position = words[:, place // bits].astype(np.int64) >> place % bits & 3
        a[np.arange(len(a)), column // 2 * 4 + position] = kept[:, column]
    return {"C": a @ (b.T if parameters.get("transpose_b") else b)}
