# pyright: reportInvalidTypeForm=false
"""Flash attention, backward: the gradients of Q, K and V from that of the output.

Three kernels: `prepare` computes each row's Delta = sum(Out * DOut) and clears the sums; `backward` recomputes, for a block of
keys and every block of rows, the probabilities from the forward pass's LogSum, keeps DK and DV in registers and adds to DQ
with atomics; `finish` rounds what was summed in f32. Where heads share keys (`group`), DK and DV are summed with atomics too.
With `sinks` a fourth kernel computes the gradient of each head's learned logit.
"""

import math
from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"heads": 2, "sequence": 128, "dimension": 16, "block_m": 64, "block_n": 64, "num_stages": 2}
FULL = {
    "heads": 32,
    "sequence": 4096,
    "dimension": 128,
    "block_m": 128,
    "block_n": 64,
    "num_stages": 2,
    "threads": 256,
}
VARIANTS = {
    "causal": {"causal": True, "sequence": 192, "heads": 1},
    "bshd": {"layout": "bshd", "causal": True},
    "grouped": {"group": 2},
    "grouped, causal, bf16": {"group": 2, "causal": True, "dtype": "bf16", "num_stages": 3},
    "window": {"causal": True, "window": 70, "sequence": 192, "heads": 1},
    "sinks": {"causal": True, "sinks": True},
    "sinks, window": {"causal": True, "sinks": True, "window": 70, "sequence": 192, "heads": 1},
    "sinks, grouped": {"causal": True, "sinks": True, "group": 2},
    "sinks, grouped, window": {"causal": True, "sinks": True, "group": 2, "window": 40},
}


def build(
    heads: int = 2,
    group: int = 1,
    sequence: int = 128,
    dimension: int = 64,
    block_m: int = 64,
    block_n: int = 64,
    num_stages: int = 2,
    causal: bool = False,
    window: int = 0,
    sinks: bool = False,
    layout: str = "bhsd",
    dtype: str = "f16",
    threads: int = 128,
) -> list[tl.Kernel]:
    """The kernels for sequences that are a multiple of both tiles."""
    shape = _shape(heads, sequence, dimension, layout)
    shape_of_keys = _shape(heads // group, sequence, dimension, layout)
    logarithm = math.log2(math.e)
    scale = 1 / math.sqrt(dimension)

    @tl.kernel(threads=threads)
    def attention_backward(
        Q: tl.Tensor(shape, dtype),
        K: tl.Tensor(shape_of_keys, dtype),
        V: tl.Tensor(shape_of_keys, dtype),
        DOut: tl.Tensor(shape, dtype),
        LogSum: tl.Tensor((heads, sequence), "f32"),
        Delta: tl.Tensor((heads, sequence), "f32"),
        DQSum: tl.Tensor(shape, "f32"),
        DKSum: tl.Tensor(shape_of_keys, "f32"),
        DVSum: tl.Tensor(shape_of_keys, "f32"),
    ):
        bx, head = tl.grid(sequence // block_m, heads)
        key = bx * block_m
        k = tl.alloc_shared((block_m, dimension), dtype)
        v = tl.alloc_shared((block_m, dimension), dtype)
        q = tl.alloc_shared((block_n, dimension), dtype)
        d_out = tl.alloc_shared((block_n, dimension), dtype)
        log_sum = tl.alloc_shared((block_n,), tl.f32)
        delta = tl.alloc_shared((block_n,), tl.f32)
        d_scores_shared = tl.alloc_shared((block_m, block_n), dtype)
        scores = tl.alloc_fragment((block_m, block_n), tl.f32)
        weights = tl.alloc_fragment((block_m, block_n), dtype)
        d_weights = tl.alloc_fragment((block_m, block_n), tl.f32)
        d_scores = tl.alloc_fragment((block_m, block_n), dtype)
        dq = tl.alloc_fragment((block_n, dimension), tl.f32)
        dk = tl.alloc_fragment((block_m, dimension), tl.f32)
        dv = tl.alloc_fragment((block_m, dimension), tl.f32)
        tl.copy(_rows(K, head // group, key, layout), k)
        tl.copy(_rows(V, head // group, key, layout), v)
        tl.fill(dk, 0.0)
        tl.fill(dv, 0.0)
        start = key // block_n if causal else 0
        stop = tl.min(tl.cdiv(key + block_m - 1 + window, block_n), sequence // block_n) if window else sequence // block_n
        for t in tl.pipelined(start, stop, num_stages=num_stages):
            row = t * block_n
            tl.copy(_rows(Q, head, row, layout), q)
            tl.fill(scores, 0.0)
            tl.gemm(k, q, scores, transpose_b=True)
            tl.copy(LogSum[head, row:], log_sum)
            for i, j in tl.parallel(block_m, block_n):
                scores[i, j] = tl.exp2(scores[i, j] * (scale * logarithm) - log_sum[j])
            if causal:
                for i, j in tl.parallel(block_m, block_n):
                    distance = row + j - (key + i)
                    seen = (distance >= 0) & (distance < window) if window else distance >= 0
                    scores[i, j] = tl.where(seen, scores[i, j], 0.0)
            tl.copy(_rows(DOut, head, row, layout), d_out)
            tl.fill(d_weights, 0.0)
            tl.gemm(v, d_out, d_weights, transpose_b=True)
            tl.copy(scores, weights)
            tl.gemm(weights, d_out, dv)
            tl.copy(Delta[head, row:], delta)
            for i, j in tl.parallel(block_m, block_n):
                d_scores[i, j] = tl.cast(scores[i, j] * (d_weights[i, j] - delta[j]) * scale, dtype)
            tl.gemm(d_scores, q, dk)
            tl.copy(d_scores, d_scores_shared)
            tl.fill(dq, 0.0)
            tl.gemm(d_scores_shared, k, dq, transpose_a=True)
            for i, j in tl.parallel(block_n, dimension):
                tl.atomic_add(DQSum, _element(head, row + i, j, layout), dq[i, j])
        for sums, gradient in ((DKSum, dk), (DVSum, dv)):
            if group > 1:
                for i, j in tl.parallel(block_m, dimension):
                    tl.atomic_add(sums, _element(head // group, key + i, j, layout), gradient[i, j])
            else:
                tl.copy(gradient, _rows(sums, head, key, layout))

    tile = (block_m, dimension)
    kernels = [_prepare(shape, shape_of_keys, tile, layout, dtype, threads), attention_backward]
    kernels.append(_finish(shape, shape_of_keys, tile, layout, dtype, threads))
    return [*kernels, _sink_gradient(heads, sequence, block_m, threads)] if sinks else kernels


def _prepare(
    shape: tuple[int, ...], shape_of_keys: tuple[int, ...], tile: tuple[int, int], layout: str, dtype: str, threads: int
) -> tl.Kernel:
    heads, sequence = _heads_and_sequence(shape, layout)
    heads_of_keys, _ = _heads_and_sequence(shape_of_keys, layout)
    block_m, dimension = tile

    @tl.kernel(threads=threads)
    def attention_backward_prepare(
        Out: tl.Tensor(shape, dtype),
        DOut: tl.Tensor(shape, dtype),
        Delta: tl.Tensor((heads, sequence), "f32"),
        DQSum: tl.Tensor(shape, "f32"),
        DKSum: tl.Tensor(shape_of_keys, "f32"),
        DVSum: tl.Tensor(shape_of_keys, "f32"),
    ):
        bx, head = tl.grid(sequence // block_m, heads)
        row = bx * block_m
        out = tl.alloc_shared(tile, dtype)
        d_out = tl.alloc_shared(tile, dtype)
        product = tl.alloc_fragment(tile, tl.f32)
        zero = tl.alloc_fragment(tile, tl.f32)
        delta = tl.alloc_fragment((block_m,), tl.f32)
        tl.copy(_rows(Out, head, row, layout), out)
        tl.copy(_rows(DOut, head, row, layout), d_out)
        for i, j in tl.parallel(block_m, dimension):
            product[i, j] = tl.cast(out[i, j], tl.f32) * tl.cast(d_out[i, j], tl.f32)
        tl.reduce(product, delta, op="sum", axis=1)
        tl.copy(delta, Delta[head, row:])
        tl.fill(zero, 0.0)
        tl.copy(zero, _rows(DQSum, head, row, layout))
        with tl.if_(head < heads_of_keys):
            tl.copy(zero, _rows(DKSum, head, row, layout))
            tl.copy(zero, _rows(DVSum, head, row, layout))

    return attention_backward_prepare


def _finish(
    shape: tuple[int, ...], shape_of_keys: tuple[int, ...], tile: tuple[int, int], layout: str, dtype: str, threads: int
) -> tl.Kernel:
    heads, sequence = _heads_and_sequence(shape, layout)
    heads_of_keys, _ = _heads_and_sequence(shape_of_keys, layout)

    @tl.kernel(threads=threads)
    def attention_backward_finish(
        DQSum: tl.Tensor(shape, "f32"),
        DKSum: tl.Tensor(shape_of_keys, "f32"),
        DVSum: tl.Tensor(shape_of_keys, "f32"),
        DQ: tl.Tensor(shape, dtype),
        DK: tl.Tensor(shape_of_keys, dtype),
        DV: tl.Tensor(shape_of_keys, dtype),
    ):
        bx, head = tl.grid(sequence // tile[0], heads)
        row = bx * tile[0]

        def round_rows(sums: tl.Buffer, rounded: tl.Buffer) -> None:
            tl.copy(_rows(sums, head, row, layout).sized(tile), _rows(rounded, head, row, layout).sized(tile))

        round_rows(DQSum, DQ)
        with tl.if_(head < heads_of_keys):
            round_rows(DKSum, DK)
            round_rows(DVSum, DV)

    return attention_backward_finish


def _sink_gradient(heads: int, sequence: int, block: int, threads: int) -> tl.Kernel:
    """A sink's weight in a row is exp2(sink - LogSum), and its value zero: only Delta is left of the weight's gradient."""

    @tl.kernel(threads=threads)
    def attention_backward_sinks(
        Sinks: tl.Tensor((heads,), "f32"),
        LogSum: tl.Tensor((heads, sequence), "f32"),
        Delta: tl.Tensor((heads, sequence), "f32"),
        DSinks: tl.Tensor((heads,), "f32"),
    ):
        head = tl.grid(heads)
        gradient = tl.alloc_fragment((1, block), tl.f32)
        total = tl.alloc_fragment((1,), tl.f32)
        tl.fill(gradient, 0.0)
        for t in tl.serial(sequence // block):
            for i, j in tl.parallel(1, block):
                weight = tl.exp2(Sinks[head] * math.log2(math.e) - LogSum[head, t * block + j])
                gradient[i, j] = gradient[i, j] - weight * Delta[head, t * block + j]
        tl.reduce(gradient, total, op="sum", axis=1)
        tl.copy(total, DSinks[head : head + 1])

    return attention_backward_sinks


def _shape(heads: int, sequence: int, dimension: int, layout: str) -> tuple[int, int, int]:
    return (heads, sequence, dimension) if layout == "bhsd" else (sequence, heads, dimension)


def _heads_and_sequence(shape: tuple[int, ...], layout: str) -> tuple[int, int]:
    return (shape[0], shape[1]) if layout == "bhsd" else (shape[1], shape[0])


def _rows(buffer: tl.Buffer, head: tl.Scalar, start: tl.Scalar, layout: str) -> tl.Window:
    return buffer[head, start:, 0:] if layout == "bhsd" else buffer[start:, head, 0:]


def _element(head: tl.Scalar, row: tl.Scalar, column: tl.Scalar, layout: str) -> tuple[tl.Scalar, ...]:
    return (head, row, column) if layout == "bhsd" else (row, head, column)


def arguments(
    random: np.random.Generator,
    heads: int = 2,
    group: int = 1,
    sequence: int = 128,
    dimension: int = 64,
    layout: str = "bhsd",
    dtype: str = "f16",
    **parameters: Any,
) -> dict[str, np.ndarray]:
    """Q, K, V, the sinks, and what the forward pass makes of them."""
    shapes = {"Q": heads, "K": heads // group, "V": heads // group}
    made = {
        name: random.uniform(-1, 1, _shape(count, sequence, dimension, layout)).astype(tl.as_dtype(dtype).numpy)
        for name, count in shapes.items()
    }
    made["Sinks"] = random.uniform(-1, 1, heads).astype(np.float32)
    weights, log_sum = _forward(made, layout, **parameters)
    v = _heads_first(made["V"], layout)
    output = weights @ np.repeat(v, group, axis=0)
    made["Out"] = np.ascontiguousarray(_heads_first(output, layout)).astype(made["Q"].dtype)
    return made | {"LogSum": log_sum.astype(np.float32)}


def _heads_first(array: np.ndarray, layout: str) -> np.ndarray:
    """In float64 with heads outermost, or back."""
    return array.astype(np.float64).transpose((0, 1, 2) if layout == "bhsd" else (1, 0, 2))


def _forward(
    arguments: dict[str, np.ndarray],
    layout: str,
    causal: bool = False,
    window: int = 0,
    sinks: bool = False,
    **parameters: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities, and the binary logarithm of each row's sum, in float64."""
    q, k = (_heads_first(arguments[name], layout) for name in "QK")
    powers = np.exp(q @ np.repeat(k, len(q) // len(k), axis=0).transpose(0, 2, 1) / math.sqrt(q.shape[2]))
    distance = np.subtract.outer(np.arange(q.shape[1]), np.arange(q.shape[1]))
    if causal:
        powers = np.where((distance >= 0) & (distance < (window or q.shape[1])), powers, 0.0)
    sums = powers.sum(axis=2)
    if sinks:
        sums = sums + np.exp(arguments["Sinks"].astype(np.float64))[:, None]
    return powers / sums[:, :, None], np.log2(sums)


def reference(
    arguments: dict[str, np.ndarray], layout: str = "bhsd", sinks: bool = False, **parameters: Any
) -> dict[str, np.ndarray]:
    """The gradients in float64."""
    q, k, v, out, d_out = (_heads_first(arguments[name], layout) for name in ("Q", "K", "V", "Out", "DOut"))
    group = len(q) // len(k)
    weights, log_sum = _forward(arguments, layout, sinks=sinks, **parameters)
    delta = (out * d_out).sum(axis=2)
    d_scores = weights * (d_out @ np.repeat(v, group, axis=0).transpose(0, 2, 1) - delta[:, :, None]) / math.sqrt(q.shape[2])
    gradients = {
        "DQ": d_scores @ np.repeat(k, group, axis=0),
        "DK": _sum_groups(d_scores.transpose(0, 2, 1) @ q, group),
        "DV": _sum_groups(weights.transpose(0, 2, 1) @ d_out, group),
    }
    expected = {name: _heads_first(gradient, layout) for name, gradient in gradients.items()}
    if sinks:
        weight = np.exp(arguments["Sinks"].astype(np.float64))[:, None] / np.exp2(log_sum)
        expected["DSinks"] = -(weight * delta).sum(axis=1)
    return expected


def _sum_groups(gradient: np.ndarray, group: int) -> np.ndarray:
    return gradient.reshape(-1, group, *gradient.shape[1:]).sum(axis=1)
