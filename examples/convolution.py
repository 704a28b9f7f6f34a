# pyright: reportInvalidTypeForm=false
"""2-D convolution as a matrix product: rows are pixels of the output, columns its channels, and K runs over the kernel.

Arrays are NHWC, the kernel is height x width x channels x outputs. Two ways to bring in the pixels: element by element with
index arithmetic, for every stride; or as windows of one row of the image, where the stride is 1, so that one copy
instruction does it and pads at the edges.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"batch": 2, "height": 6, "width": 8, "channels": 16, "outputs": 32, "block_m": 32, "block_n": 32, "block_k": 16}
FULL = {
    "batch": 128,
    "height": 64,
    "width": 64,
    "channels": 128,
    "outputs": 128,
    "block_m": 128,
    "block_n": 128,
    "block_k": 32,
    "num_stages": 3,
}
VARIANTS = {
    "stride": {"stride": 2, "outputs": 64},
    "dilation": {"dilation": 2, "padding": 2, "dtype": "bf16"},
    "no padding": {"padding": 0, "kernel": 2, "num_stages": 3},
    "one by one": {"kernel": 1, "padding": 0},
    "windows": {"windows": True},
    "windows, dilation": {"windows": True, "dilation": 2, "padding": 2, "num_stages": 3, "block_m": 16},
    "windows, padding only": {"windows": True, "kernel": 1, "padding": 2},
    "windows, no padding": {"windows": True, "padding": 0, "dtype": "bf16", "channels": 32},
}


def build(
    batch: int = 2,
    height: int = 8,
    width: int = 8,
    channels: int = 32,
    outputs: int = 64,
    kernel: int = 3,
    stride: int = 1,
    dilation: int = 1,
    padding: int = 1,
    block_m: int = 64,
    block_n: int = 64,
    block_k: int = 32,
    num_stages: int = 2,
    dtype: str = "f16",
    windows: bool = False,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel for channels that are multiples of `block_k`, and outputs of `block_n`."""
    if windows and stride != 1:
        raise ValueError("windows of an image's row need stride 1")
    reach = dilation * (kernel - 1) + 1
    rows, columns = ((extent + 2 * padding - reach) // stride + 1 for extent in (height, width))
    pixels = batch * rows * columns
    steps = channels // block_k
    row_blocks = tl.cdiv(columns, block_m)
    blocks = batch * rows * row_blocks if windows else tl.cdiv(pixels, block_m)

    @tl.kernel(threads=threads)
    def convolution(
        Image: tl.Tensor((batch, height, width, channels), dtype),
        Kernel: tl.Tensor((kernel, kernel, channels, outputs), dtype),
        Out: tl.Tensor((batch, rows, columns, outputs), dtype),
    ):
        bx, by = tl.grid(outputs // block_n, blocks)
        first = bx * block_n
        image_tile = tl.alloc_shared((block_m, block_k), dtype)
        kernel_tile = tl.alloc_shared((block_k, block_n), dtype)
        accumulator = tl.alloc_fragment((block_m, block_n), tl.f32)

        def gather(down: Any, right: Any, channel: Any) -> None:
            for i, j in tl.parallel(block_m, block_k):
                pixel = by * block_m + i
                y = pixel // columns % rows * stride + down * dilation - padding
                x = pixel % columns * stride + right * dilation - padding
                inside = (pixel < pixels) & (y >= 0) & (y < height) & (x >= 0) & (x < width)
                with tl.if_(inside):
                    image_tile[i, j] = Image[pixel // (rows * columns), y, x, channel + j]
                with tl.else_():
                    image_tile[i, j] = 0.0

        tl.fill(accumulator, 0.0)
        for k in tl.pipelined(kernel * kernel * steps, num_stages=num_stages):
            down, right, channel = k // (kernel * steps), k // steps % kernel, k % steps * block_k
            if windows:
                y = by // row_blocks % rows + down * dilation - padding
                x = by % row_blocks * block_m + right * dilation - padding
                tl.copy_in(Image[by // (row_blocks * rows), y, x:, channel:], image_tile)
            else:
                gather(down, right, channel)
            tl.copy(Kernel[down, right, channel:, first:], kernel_tile)
            tl.gemm(image_tile, kernel_tile, accumulator)
        if windows:
            result = tl.alloc_fragment((block_m, block_n), dtype)
            tl.copy(accumulator, result)
            column = by % row_blocks * block_m
            tl.copy_out(result, Out[by // (row_blocks * rows), by // row_blocks % rows, column:, first:])
        else:
            for i, j in tl.parallel(block_m, block_n):
                pixel = by * block_m + i
                with tl.if_(pixel < pixels):
                    value = tl.cast(accumulator[i, j], dtype)
                    Out[pixel // (rows * columns), pixel // columns % rows, pixel % columns, first + j] = value

    return convolution


def reference(arguments: dict[str, np.ndarray], **parameters: Any) -> dict[str, np.ndarray]:
    """Out in float64: for each place of the kernel, the pixels under it times its matrix."""
    stride, dilation, padding = (parameters.get(*item) for item in (("stride", 1), ("dilation", 1), ("padding", 1)))
    image, kernel = arguments["Image"].astype(np.float64), arguments["Kernel"].astype(np.float64)
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    out: np.ndarray = np.zeros(arguments["Out"].shape)
    for down in range(kernel.shape[0]):
        for right in range(kernel.shape[1]):
            y, x = down * dilation, right * dilation
            under = padded[:, y::stride, x::stride][:, : out.shape[1], : out.shape[2]]
            out += under @ kernel[down, right]
    return {"Out": out}
