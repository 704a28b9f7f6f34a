# pyright: reportInvalidTypeForm=false
"""The beginning of a layer with hyper-connections: from a token's residual streams, its mixing weights, and the layer's input.

One kernel multiplies the streams of a token, as one vector, with the weights of all mixes, and sums its squares. A second
normalizes the mixes by the root mean square; a sigmoid makes of them how the streams enter the layer (`pre`) and its output
the streams (`post`); Sinkhorn's iteration makes a doubly stochastic matrix of the rest; then it mixes the layer's input.
"""

import numpy as np

import tilewright.language as tl

SMOKE = {"tokens": 8, "streams": 4, "hidden": 128, "block_t": 4, "block_k": 128, "block_h": 32, "repeats": 3, "num_stages": 2}
FULL = {"tokens": 2048, "streams": 4, "hidden": 4096, "block_t": 32, "block_k": 256, "block_h": 512, "num_stages": 2}
VARIANTS = {
    "ragged tokens": {"tokens": 6},
    "two streams, three stages": {"streams": 2, "block_k": 64, "num_stages": 3},
}
RMS_EPSILON, PRE_EPSILON, SINKHORN_EPSILON, POST_FACTOR = 1e-6, 1e-6, 1e-6, 2.0
MAXIMAL_MIXES = 32


def sigmoid(value: tl.Scalar) -> tl.Scalar:
    return 1.0 / (1.0 + tl.exp(-value))


def build(
    tokens: int = 16,
    streams: int = 4,
    hidden: int = 256,
    block_t: int = 16,
    block_k: int = 128,
    block_h: int = 128,
    repeats: int = 10,
    num_stages: int = 2,
    threads: int = 128,
) -> list[tl.Kernel]:
    """The kernels for any number of tokens; block_k divides streams * hidden, block_h hidden.

    Of the mixes, `streams` are pre, as many post, and `streams` squared the matrix: 32 at most.
    """
    mixes_count = streams * (2 + streams)
    width = streams * hidden
    streams_type = tl.Tensor((tokens, streams, hidden), "bf16")
    mixes_type, squares_type = tl.Tensor((tokens, mixes_count), "f32"), tl.Tensor((tokens,), "f32")

    @tl.kernel(threads=threads)
    def mhc_pre_product(
        X: streams_type,
        W: tl.Tensor((mixes_count, width), "f32"),
        Mixes: mixes_type,
        Squares: squares_type,
    ):
        row = tl.grid(tl.cdiv(tokens, block_t)) * block_t
        whole = tl.reshape(X, (tokens, width))
        x_tile = tl.alloc_shared((block_t, block_k), tl.bf16)
        w_tile = tl.alloc_shared((MAXIMAL_MIXES, block_k), tl.f32)
        x = tl.alloc_fragment((block_t, block_k), tl.f32)
        squared = tl.alloc_fragment((block_t, block_k), tl.f32)
        mixes = tl.alloc_fragment((block_t, MAXIMAL_MIXES), tl.f32)
        squares = tl.alloc_fragment((block_t,), tl.f32)
        mixes_out = tl.alloc_shared((block_t, MAXIMAL_MIXES), tl.f32)
        squares_out = tl.alloc_shared((block_t,), tl.f32)
        tl.fill(mixes, 0.0)
        tl.fill(squares, 0.0)
        for k in tl.pipelined(width // block_k, num_stages=num_stages):
            tl.copy_in(whole[row:, k * block_k :], x_tile)
            tl.copy_in(W[0:, k * block_k :], w_tile)
            tl.copy(x_tile, x)
            for i, j in tl.parallel(block_t, block_k):
                squared[i, j] = x[i, j] * x[i, j]
            tl.reduce(squared, squares, op="sum", axis=1, clear=False)
            tl.gemm(x, w_tile, mixes, transpose_b=True)
        tl.copy(mixes, mixes_out)
        tl.copy_out(mixes_out, Mixes[row:, 0:])
        tl.copy(squares, squares_out)
        tl.copy_out(squares_out, Squares[row:])

    @tl.kernel(threads=threads)
    def mhc_pre_mix(
        Mixes: mixes_type,
        Squares: squares_type,
        Scale: tl.Tensor((3,), "f32"),
        Base: tl.Tensor((mixes_count,), "f32"),
        X: streams_type,
        Post: tl.Tensor((tokens, streams), "f32"),
        Matrix: tl.Tensor((tokens, streams, streams), "f32"),
        Input: tl.Tensor((tokens, hidden), "bf16"),
    ):
        token = tl.grid(tokens)
        mixes = tl.alloc_shared((mixes_count,), tl.f32)
        pre = tl.alloc_shared((streams,), tl.f32)
        matrix = tl.alloc_fragment((streams, streams), tl.f32)
        largest = tl.alloc_fragment((streams,), tl.f32)
        of_row = tl.alloc_fragment((streams,), tl.f32)
        of_column = tl.alloc_fragment((streams,), tl.f32)
        x = tl.alloc_shared((streams, block_h), tl.bf16)
        mixed = tl.alloc_fragment((block_h,), tl.f32)

        for i in tl.parallel(mixes_count):
            mixes[i] = Mixes[token, i] * tl.rsqrt(Squares[token] / float(width) + RMS_EPSILON)
        for i in tl.parallel(streams):
            pre[i] = sigmoid(mixes[i] * Scale[0] + Base[i]) + PRE_EPSILON
            Post[token, i] = sigmoid(mixes[streams + i] * Scale[1] + Base[streams + i]) * POST_FACTOR
        for i, j in tl.parallel(streams, streams):
            place = 2 * streams + i * streams + j
            matrix[i, j] = mixes[place] * Scale[2] + Base[place]

        # A softmax of each row begins; then rows and columns are divided by their sums in turn.
        tl.reduce(matrix, largest, op="max", axis=1)
        for i, j in tl.parallel(streams, streams):
            matrix[i, j] = tl.exp(matrix[i, j] - largest[i])
        tl.reduce(matrix, of_row, op="sum", axis=1)
        for i, j in tl.parallel(streams, streams):
            matrix[i, j] = matrix[i, j] / of_row[i] + SINKHORN_EPSILON
        tl.reduce(matrix, of_column, op="sum", axis=0)
        for i, j in tl.parallel(streams, streams):
            matrix[i, j] = matrix[i, j] / (of_column[j] + SINKHORN_EPSILON)
        for _ in tl.serial(repeats - 1):
            tl.reduce(matrix, of_row, op="sum", axis=1)
            for i, j in tl.parallel(streams, streams):
                matrix[i, j] = matrix[i, j] / (of_row[i] + SINKHORN_EPSILON)
            tl.reduce(matrix, of_column, op="sum", axis=0)
            for i, j in tl.parallel(streams, streams):
                matrix[i, j] = matrix[i, j] / (of_column[j] + SINKHORN_EPSILON)
        tl.copy(matrix, Matrix[token, 0:, 0:])

        for k in tl.pipelined(hidden // block_h, num_stages=num_stages):
            tl.copy(X[token, 0:, k * block_h :], x)
            for i in tl.parallel(block_h):
                mixed[i] = 0.0
                for g in tl.serial(streams):
                    mixed[i] = mixed[i] + pre[g] * tl.cast(x[g, i], tl.f32)
            tl.copy(mixed, Input[token, k * block_h :])

    return [mhc_pre_product, mhc_pre_mix]


def reference(arguments: dict[str, np.ndarray], **parameters: int) -> dict[str, np.ndarray]:
    """All results in float64."""
    x, w, scale, base = (arguments[name].astype(np.float64) for name in ("X", "W", "Scale", "Base"))
    streams, tokens = parameters["streams"], x.shape[0]
    streams_of_x, x = x, x.reshape(tokens, -1)
    squares = np.square(x).sum(axis=1)
    mixes = x @ w.T / np.sqrt(squares[:, None] / x.shape[1] + RMS_EPSILON)
    mixes = mixes * np.repeat(scale, [streams, streams, streams * streams]) + base
    gates = 1 / (1 + np.exp(-mixes[:, : 2 * streams]))
    matrix = mixes[:, 2 * streams :].reshape(tokens, streams, streams)
    matrix = np.exp(matrix - matrix.max(axis=2, keepdims=True))
    matrix = matrix / matrix.sum(axis=2, keepdims=True) + SINKHORN_EPSILON
    for step in range(2 * parameters.get("repeats", 10) - 1):
        matrix = matrix / (matrix.sum(axis=2 if step % 2 else 1, keepdims=True) + SINKHORN_EPSILON)
    pre = gates[:, :streams] + PRE_EPSILON
    layer_input = np.einsum("tg,tgh->th", pre, streams_of_x)
    return {"Post": gates[:, streams:] * POST_FACTOR, "Matrix": matrix, "Input": layer_input}
