# pyright: reportInvalidTypeForm=false
"""Flash attention, forward: softmax(Q K^T / sqrt(d)) V for each head, with an online softmax.

Full, causal, or causal within a sliding window; heads outermost, or (`layout` "bshd") inside the sequence.
"""

import math

import numpy as np

import tilewright.language as tl

# Finite: where a row sees none of the keys of a block, its differences are numbers.
LOWEST = -1e30
SMOKE = {"heads": 2, "sequence": 128, "dimension": 32, "block_m": 64, "block_n": 32, "num_stages": 2}
FULL = {"heads": 64, "sequence": 4096, "dimension": 128, "block_m": 128, "block_n": 128, "num_stages": 2}
VARIANTS = {
    "causal": {"causal": True},
    "bf16": {"dtype": "bf16"},
    "f32": {"dtype": "f32"},
    "one trip": {"sequence": 64, "block_n": 64},
    "causal, three stages": {"causal": True, "num_stages": 3, "sequence": 192},
    "window": {"causal": True, "window": 40, "sequence": 192},
    "bshd": {"layout": "bshd"},
    "bshd, causal": {"layout": "bshd", "causal": True},
}


def build(
    heads: int = 2,
    sequence: int = 128,
    dimension: int = 64,
    block_m: int = 64,
    block_n: int = 32,
    num_stages: int = 2,
    causal: bool = False,
    window: int = 0,
    layout: str = "bhsd",
    dtype: str = "f16",
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for sequences that are a multiple of both tiles.

    Causal blocks stop after the diagonal; with a `window` a row sees itself and what is less than that before it.
    """
    shape = (heads, sequence, dimension) if layout == "bhsd" else (sequence, heads, dimension)
    scale = math.log2(math.e) / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def attention(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape, dtype),
        V: tl.Tensor(shape, dtype),
        Out: tl.Tensor(shape, dtype),
    ):
        bx, head = tl.grid(sequence // block_m, heads)
        row = bx * block_m

        def rows_of(argument: tl.Buffer, start: tl.Scalar) -> tl.Window:
            return argument[head, start:, 0:] if layout == "bhsd" else argument[start:, head, 0:]

        q = tl.alloc_shared((block_m, dimension), dtype)
        k = tl.alloc_shared((block_n, dimension), dtype)
        v = tl.alloc_shared((block_n, dimension), dtype)
        scores = tl.alloc_fragment((block_m, block_n), tl.f32)
        weights = tl.alloc_fragment((block_m, block_n), dtype)
        output = tl.alloc_fragment((block_m, dimension), tl.f32)
        largest = tl.alloc_fragment((block_m,), tl.f32)
        previous = tl.alloc_fragment((block_m,), tl.f32)
        rescale = tl.alloc_fragment((block_m,), tl.f32)
        partial = tl.alloc_fragment((block_m,), tl.f32)
        total = tl.alloc_fragment((block_m,), tl.f32)
        tl.copy(rows_of(Q, row), q)
        tl.fill(output, 0.0)
        tl.fill(total, 0.0)
        tl.fill(largest, LOWEST)
        start = tl.max(row - window + 1, 0) // block_n if window else 0
        stop = tl.cdiv(row + block_m, block_n) if causal else sequence // block_n
        for t in tl.pipelined(start, stop, num_stages=num_stages):
            column = t * block_n
            tl.copy(rows_of(K, column), k)
            tl.fill(scores, 0.0)
            tl.gemm(q, k, scores, transpose_b=True)
            if causal:
                for i, j in tl.parallel(block_m, block_n):
                    distance = row + i - (column + j)
                    seen = (distance >= 0) & (distance < window) if window else distance >= 0
                    scores[i, j] = tl.where(seen, scores[i, j], -math.inf)
            tl.copy(largest, previous)
            tl.reduce(scores, largest, op="max", axis=1, clear=False)
            for i in tl.parallel(block_m):
                rescale[i] = tl.exp2((previous[i] - largest[i]) * scale)
            for i, j in tl.parallel(block_m, block_n):
                scores[i, j] = tl.exp2((scores[i, j] - largest[i]) * scale)
            tl.reduce(scores, partial, op="sum", axis=1)
            for i in tl.parallel(block_m):
                total[i] = total[i] * rescale[i] + partial[i]
            tl.copy(scores, weights)
            for i, j in tl.parallel(block_m, dimension):
                output[i, j] = output[i, j] * rescale[i]
            tl.copy(rows_of(V, column), v)
            tl.gemm(weights, v, output)
        for i, j in tl.parallel(block_m, dimension):
            output[i, j] = output[i, j] / total[i]
        tl.copy(output, rows_of(Out, row))

    return attention


def reference(arguments: dict[str, np.ndarray], **parameters: object) -> dict[str, np.ndarray]:
    """Out in float64."""
    heads_first = (0, 1, 2) if parameters.get("layout", "bhsd") == "bhsd" else (1, 0, 2)
    q, k, v = (arguments[name].astype(np.float64).transpose(heads_first) for name in "QKV")
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[2])
    distance = np.subtract.outer(np.arange(q.shape[1]), np.arange(q.shape[1]))
    if parameters.get("causal"):
        scores = np.where(distance >= 0, scores, -np.inf)
    if parameters.get("window"):
        scores = np.where(distance < parameters["window"], scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=2, keepdims=True))
    return {"Out": (powers / powers.sum(axis=2, keepdims=True) @ v).transpose(heads_first)}
