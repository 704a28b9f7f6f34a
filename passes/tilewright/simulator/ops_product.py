"""Decoder of the 2:4 sparse product: A is unpacked by its metadata, then multiplied as any other matrix."""

from __future__ import annotations

import numpy as np

from tilewright.mlir import ir
from tilewright.simulator.contraction import matrix_product
from tilewright.simulator.decode import Decoder, Step, decodes
from tilewright.simulator.findings import Site
from tilewright.simulator.memory import check_read, check_write
from tilewright.simulator.state import STATE, BlockState, Frame

_GROUP_BITS = 4
_POSITION_BITS = 2


@decodes("tile.gemm_sp")
def _gemm_sp(op: ir.Operation, decoder: Decoder) -> Step:
    slots = decoder.operands(op)
    words = decoder.type_of(op.operands[1])
    product = matrix_product(decoder.type_of(op.operands[0]), decoder.type_of(op.operands[3]))
    transposed = "transpose_b" in op.attributes and ir.BoolAttr(op.attributes["transpose_b"]).value
    site = Site(op)

    def run(frame: Frame) -> None:
        state = frame[STATE]
        a, metadata, b, acc = (frame[slot] for slot in slots)
        for memref in (a, metadata, b, acc):
            check_read(state, site, memref)
        dense = _unpacked(a.data, metadata.data.view(words.unsigned_dtype), state, site)
        value = product(dense, b.data.T if transposed else b.data, acc.data)
        check_write(state, site, acc)
        acc.data[...] = value

    return Step(run)


def _unpacked(kept: np.ndarray, words: np.ndarray, state: BlockState, site: Site) -> np.ndarray:
    """The matrix with zeros where nothing was kept."""
    per_word = words.dtype.itemsize * 8 // _GROUP_BITS
    shifts = np.arange(per_word, dtype=words.dtype) * _GROUP_BITS
    groups = (words[:, :, None] >> shifts).reshape(len(words), -1)
    mask = (1 << _POSITION_BITS) - 1
    positions = np.stack([groups & mask, groups >> _POSITION_BITS & mask], axis=2).astype(np.int64)
    wrong = np.argwhere(positions[:, :, 0] >= positions[:, :, 1])
    if len(wrong):
        row, group = (int(place) for place in wrong[0])
        first, second = positions[row, group]
        message = f"has metadata that keeps positions {first} and {second} of row {row}, group {group}; they must ascend"
        state.abort("sparse-metadata", site, message)
    dense = np.zeros((kept.shape[0], kept.shape[1] // 2, 4), kept.dtype)
    np.put_along_axis(dense, positions, kept.reshape(kept.shape[0], -1, 2), axis=2)
    return dense.reshape(kept.shape[0], -1)
