# pyright: reportInvalidTypeForm=false
"""A fused mixture of experts: each token goes through its experts, down(silu(gate) * up), and their results are weighed.

Tokens are sorted by expert on the host, each expert's rows padded to whole blocks: `Rows` holds the token of each row,
`Weights` its weight (0 for padding), `Experts` the expert of each block, -1 for a block that has none. One kernel gathers
the rows and makes the hidden layer, the next multiplies it down, and adds to the tokens' results with atomics. A shared
expert, which all tokens go through, is computed first by two kernels of its own.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"tokens": 24, "hidden": 96, "inner": 64, "experts": 3, "top_k": 2, "block_m": 16, "block_n": 32, "block_k": 32}
FULL = {"tokens": 8192, "hidden": 7168, "inner": 2048, "experts": 8, "top_k": 4, "block_m": 128, "block_n": 128, "block_k": 128}
VARIANTS = {
    "shared expert": {"shared": True, "tokens": 32},
    "bf16, one expert each, three stages": {"dtype": "bf16", "top_k": 1, "num_stages": 3},
    "blocks of a warp group": {"tokens": 64, "block_m": 64},
}
LOG2_E = 1.4426950408889634


def silu(value: tl.Scalar) -> tl.Scalar:
    return value / (1.0 + tl.exp2(-value * LOG2_E))


def block_count(tokens: int, experts: int, top_k: int, block_m: int) -> int:
    """The most blocks that the rows can need, when each expert's are padded."""
    return tokens * top_k // block_m + experts


def build(
    tokens: int = 32,
    hidden: int = 64,
    inner: int = 64,
    experts: int = 4,
    top_k: int = 2,
    block_m: int = 16,
    block_n: int = 32,
    block_k: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    shared: bool = False,
    threads: int = 128,
) -> list[tl.Kernel]:
    """The kernels for dimensions that are multiples of the tile; the shared expert's tokens are a multiple of block_m."""
    blocks = block_count(tokens, experts, top_k, block_m)
    rows = blocks * block_m

    def hidden_layer(
        fetch: Any,
        row: tl.Scalar,
        column: tl.Scalar,
        expert: Any,
        gate_weights: tl.Buffer,
        up_weights: tl.Buffer,
        out: tl.Buffer,
    ) -> None:
        """One tile of silu(X gate) * (X up); `fetch` brings a tile of X into shared memory."""
        x = tl.alloc_shared((block_m, block_k), dtype)
        gate_tile = tl.alloc_shared((block_n, block_k), dtype)
        up_tile = tl.alloc_shared((block_n, block_k), dtype)
        gate = tl.alloc_fragment((block_m, block_n), tl.f32)
        up = tl.alloc_fragment((block_m, block_n), tl.f32)
        tl.fill(gate, 0.0)
        tl.fill(up, 0.0)
        for k in tl.pipelined(hidden // block_k, num_stages=num_stages):
            fetch(x, k * block_k)
            tl.copy(gate_weights[expert, column:, k * block_k :], gate_tile)
            tl.copy(up_weights[expert, column:, k * block_k :], up_tile)
            tl.gemm(x, gate_tile, gate, transpose_b=True)
            tl.gemm(x, up_tile, up, transpose_b=True)
        for i, j in tl.parallel(block_m, block_n):
            up[i, j] = up[i, j] * silu(gate[i, j])
        tl.copy(up, out[row:, column:])

    def down_product(row: tl.Scalar, column: tl.Scalar, expert: Any, layer: tl.Buffer, weights: tl.Buffer) -> tl.Buffer:
        """One tile of the hidden layer times the weights."""
        x = tl.alloc_shared((block_m, block_k), dtype)
        tile = tl.alloc_shared((block_n, block_k), dtype)
        result = tl.alloc_fragment((block_m, block_n), tl.f32)
        tl.fill(result, 0.0)
        for k in tl.pipelined(inner // block_k, num_stages=num_stages):
            tl.copy(layer[row:, k * block_k :], x)
            tl.copy(weights[expert, column:, k * block_k :], tile)
            tl.gemm(x, tile, result, transpose_b=True)
        return result

    x_type, y_type = tl.Tensor((tokens, hidden), dtype), tl.Tensor((tokens, hidden), dtype)

    @tl.kernel(threads=threads)
    def moe_up(
        X: x_type,
        Rows: tl.Tensor((rows,), "i32"),
        Experts: tl.Tensor((blocks,), "i32"),
        Gate: tl.Tensor((experts, inner, hidden), dtype),
        Up: tl.Tensor((experts, inner, hidden), dtype),
        Hidden: tl.Tensor((rows, inner), dtype),
    ):
        bx, by = tl.grid(inner // block_n, blocks)
        row, expert = by * block_m, Experts[by]

        def gather(x: tl.Buffer, depth: tl.Scalar) -> None:
            for i, j in tl.parallel(block_m, block_k):
                x[i, j] = X[Rows[row + i], depth + j]

        with tl.if_(expert >= 0):
            hidden_layer(gather, row, bx * block_n, expert, Gate, Up, Hidden)

    @tl.kernel(threads=threads)
    def moe_down(
        Hidden: tl.Tensor((rows, inner), dtype),
        Rows: tl.Tensor((rows,), "i32"),
        Weights: tl.Tensor((rows,), "f32"),
        Experts: tl.Tensor((blocks,), "i32"),
        Down: tl.Tensor((experts, hidden, inner), dtype),
        Y: y_type,
    ):
        bx, by = tl.grid(hidden // block_n, blocks)
        row, column, expert = by * block_m, bx * block_n, Experts[by]
        with tl.if_(expert >= 0):
            result = down_product(row, column, expert, Hidden, Down)
            for i, j in tl.parallel(block_m, block_n):
                value = tl.cast(result[i, j] * Weights[row + i], dtype)
                tl.atomic_add(Y, (Rows[row + i], column + j), value)

    @tl.kernel(threads=threads)
    def shared_up(
        X: x_type,
        SharedGate: tl.Tensor((1, inner, hidden), dtype),
        SharedUp: tl.Tensor((1, inner, hidden), dtype),
        SharedHidden: tl.Tensor((tokens, inner), dtype),
    ):
        bx, by = tl.grid(inner // block_n, tokens // block_m)
        row = by * block_m
        hidden_layer(lambda x, depth: tl.copy(X[row:, depth:], x), row, bx * block_n, 0, SharedGate, SharedUp, SharedHidden)

    @tl.kernel(threads=threads)
    def shared_down(
        SharedHidden: tl.Tensor((tokens, inner), dtype), SharedDown: tl.Tensor((1, hidden, inner), dtype), Y: y_type
    ):
        bx, by = tl.grid(hidden // block_n, tokens // block_m)
        row, column = by * block_m, bx * block_n
        tl.copy(down_product(row, column, 0, SharedHidden, SharedDown), Y[row:, column:])

    return [*([shared_up, shared_down] if shared else []), moe_up, moe_down]


def arguments(random: np.random.Generator, **parameters: Any) -> dict[str, np.ndarray]:
    """Tables for random experts of random weight, and results that are zero."""
    tokens, experts, top_k, block_m = (parameters[name] for name in ("tokens", "experts", "top_k", "block_m"))
    blocks = block_count(tokens, experts, top_k, block_m)
    chosen = np.array([random.permutation(experts)[:top_k] for _ in range(tokens)])
    weights = random.dirichlet(np.ones(top_k), tokens)
    row_tokens = np.zeros(blocks * block_m, np.int32)
    row_weights = np.zeros(blocks * block_m, np.float32)
    block_experts = np.full(blocks, -1, np.int32)
    block = 0
    for expert in range(experts):
        own, places = np.nonzero(chosen == expert)
        start = block * block_m
        row_tokens[start : start + len(own)] = own
        row_weights[start : start + len(own)] = weights[own, places]
        used = -(-len(own) // block_m)
        block_experts[block : block + used] = expert
        block += used
    results = np.zeros((tokens, parameters["hidden"]), tl.as_dtype(parameters.get("dtype", "f16")).numpy)
    return {"Rows": row_tokens, "Weights": row_weights, "Experts": block_experts, "Y": results}


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Y in float64: every row through the expert of its block."""
    x = arguments["X"].astype(np.float64)

    def through(tokens: np.ndarray, prefix: str, expert: int) -> np.ndarray:
        gate, up, down = (arguments[prefix + name][expert].astype(np.float64) for name in ("Gate", "Up", "Down"))
        gated = tokens @ gate.T
        return (gated / (1 + np.exp(-gated)) * (tokens @ up.T)) @ down.T

    y = through(x, "Shared", 0) if parameters.get("shared") else np.zeros(x.shape)
    for block, expert in enumerate(arguments["Experts"]):
        if expert >= 0:
            own = slice(block * parameters["block_m"], (block + 1) * parameters["block_m"])
            rows, weights = arguments["Rows"][own], arguments["Weights"][own].astype(np.float64)
            np.add.at(y, rows, weights[:, None] * through(x[rows], "", int(expert)))
    return {"Y": y}
