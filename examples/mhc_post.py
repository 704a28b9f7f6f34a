# pyright: reportInvalidTypeForm=false
"""The end of a layer with hyper-connections: for each token, the streams of the residual are mixed, and take in its output.

Out[h] = post[h] * X + sum over g of mix[g, h] * residual[g], for a few streams h; the hidden dimension goes by in a loop.
"""

import math

import numpy as np

import tilewright.language as tl

SMOKE = {"tokens": 3, "streams": 4, "hidden": 256, "block_h": 64, "num_stages": 2}
FULL = {"tokens": 4096, "streams": 4, "hidden": 2560, "block_h": 512, "num_stages": 2}
VARIANTS = {
    "one trip": {"hidden": 64},
    "two streams, three stages": {"streams": 2, "num_stages": 3},
}


def build(
    tokens: int = 16, streams: int = 4, hidden: int = 512, block_h: int = 128, num_stages: int = 2, threads: int = 128
) -> tl.Kernel:
    """The kernel for any shape: the block is made to divide the hidden dimension."""
    block_h = math.gcd(hidden, block_h)

    @tl.kernel(threads=threads)
    def mhc_post(
        Mix: tl.Tensor((tokens, streams, streams), "f32"),
        Residual: tl.Tensor((tokens, streams, hidden), "bf16"),
        Post: tl.Tensor((tokens, streams), "f32"),
        X: tl.Tensor((tokens, hidden), "bf16"),
        Out: tl.Tensor((tokens, streams, hidden), "bf16"),
    ):
        token = tl.grid(tokens)
        mix = tl.alloc_shared((streams, streams), tl.f32)
        post = tl.alloc_shared((streams,), tl.f32)
        residual = tl.alloc_shared((streams, block_h), tl.bf16)
        x = tl.alloc_shared((block_h,), tl.bf16)
        mixed = tl.alloc_fragment((streams, block_h), tl.f32)
        tl.copy(Mix[token, 0:, 0:], mix)
        tl.copy(Post[token, 0:], post)
        for k in tl.pipelined(hidden // block_h, num_stages=num_stages):
            tl.copy(Residual[token, 0:, k * block_h :], residual)
            tl.copy(X[token, k * block_h :], x)
            for h, i in tl.parallel(streams, block_h):
                mixed[h, i] = post[h] * tl.cast(x[i], tl.f32)
                for g in tl.serial(streams):
                    mixed[h, i] = mixed[h, i] + mix[g, h] * tl.cast(residual[g, i], tl.f32)
            tl.copy(mixed, Out[token, 0:, k * block_h :])

    return mhc_post


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """Out in float64."""
    mix, residual, post, x = (arguments[name].astype(np.float64) for name in ("Mix", "Residual", "Post", "X"))
    return {"Out": post[:, :, None] * x[:, None, :] + mix.transpose(0, 2, 1) @ residual}
