# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only operand_from_registers
# RUN: tilewright examples %S --only operand_from_registers --target cuda:sm_80
# RUN: tilewright examples %S --only operand_from_registers --pass-pipeline=%async-pipeline

# pyright: reportInvalidTypeForm=false
"""Operand A of a product from registers, over numbers of warps that are and are not multiples of a warp group."""

import numpy as np

import tilewright.language as tl

SMOKE = {"dtype": "f16", "m": 64, "n": 48, "k": 32, "threads": 128, "transpose_a": False, "transpose_b": False}
VARIANTS = {
    f"{dtype} {m}x{n}x{k} on {threads}, {'T' if a else 'N'}{'T' if b else 'N'}": {
        "dtype": dtype, "m": m, "n": n, "k": k, "threads": threads, "transpose_a": a, "transpose_b": b
    }
    for dtype, m, n, k, threads, a, b in (
        ("f8E4M3FN", 64, 32, 64, 128, False, True),
        ("i8", 128, 96, 64, 256, False, True),
        ("bf16", 192, 24, 48, 384, True, False),
        ("f16", 16, 8, 16, 32, True, True),
        ("f16", 80, 40, 80, 160, False, False),
        ("f16", 96, 16, 32, 192, True, True),
        ("bf16", 112, 8, 16, 224, False, True),
    )
}  # fmt: skip


def build(dtype: str, m: int, n: int, k: int, threads: int, transpose_a: bool, transpose_b: bool) -> tl.Kernel:
    sums = "i32" if dtype == "i8" else "f32"

    @tl.kernel(threads=threads)
    def product(
        A: tl.Tensor((3 * k, 2 * m) if transpose_a else (2 * m, 3 * k), dtype),
        B: tl.Tensor((2 * n, 3 * k) if transpose_b else (3 * k, 2 * n), dtype),
        C: tl.Tensor((2 * m, 2 * n), sums),
    ):
        bx, by = tl.grid(2, 2)
        a = tl.alloc_shared((k, m) if transpose_a else (m, k), dtype)
        b = tl.alloc_shared((n, k) if transpose_b else (k, n), dtype)
        in_registers = tl.alloc_fragment((k, m) if transpose_a else (m, k), dtype)
        total = tl.alloc_fragment((m, n), sums)
        tl.fill(total, 0)
        for t in tl.pipelined(3, num_stages=2):
            tl.copy(A[t * k :, by * m :] if transpose_a else A[by * m :, t * k :], a)
            tl.copy(B[bx * n :, t * k :] if transpose_b else B[t * k :, bx * n :], b)
            tl.copy(a, in_registers)
            tl.gemm(in_registers, b, total, transpose_a=transpose_a, transpose_b=transpose_b)
        tl.copy(total, C[by * m :, bx * n :])

    return product


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    return {"C": (a.T if parameters["transpose_a"] else a) @ (b.T if parameters["transpose_b"] else b)}
