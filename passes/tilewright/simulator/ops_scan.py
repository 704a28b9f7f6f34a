"""The decoder of `tile.scan`: in order along its dimension, each step rounded to the element type."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilewright.mlir import ir
from tilewright.simulator.decode import Decoder, Step, decodes, integer_attribute
from tilewright.simulator.findings import Site
from tilewright.simulator.memory import check_read, check_write
from tilewright.simulator.state import STATE, Frame

_UFUNCS: dict[str, Any] = {"sum": np.add, "max": np.maximum, "min": np.minimum}


@decodes("tile.scan")
def _scan(op: ir.Operation, decoder: Decoder) -> Step:
    source, destination = decoder.operands(op)
    ufunc = _UFUNCS[ir.StringAttr(op.attributes["kind"]).value]
    dimension = integer_attribute(op, "dimension")
    reverse = ir.BoolAttr(op.attributes["reverse"]).value
    site = Site(op)

    def run(frame: Frame) -> None:
        state, read, written = frame[STATE], frame[source], frame[destination]
        check_read(state, site, read)
        check_write(state, site, written)
        elements = np.flip(read.data, dimension) if reverse else read.data
        results = ufunc.accumulate(elements, axis=dimension, dtype=elements.dtype)
        written.data[...] = np.flip(results, dimension) if reverse else results

    return Step(run)
