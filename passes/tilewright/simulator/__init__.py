"""The simulator: executes every form of a kernel on the CPU, one thread block after another.

`simulate` decodes a kernel once into closures over integer slots, then executes blocks of its grid against a memory with
a validity shadow, asynchronous copies, mbarriers and warp groups. What goes wrong in the kernel becomes a `Finding`.
"""

from __future__ import annotations

from tilewright.simulator.blocks import ALL_BLOCKS, BlockSelection, parse_blocks
from tilewright.simulator.dtypes import numpy_dtype
from tilewright.simulator.findings import Finding, SimulationResult
from tilewright.simulator.run import simulate

__all__ = [
    "ALL_BLOCKS",
    "BlockSelection",
    "Finding",
    "SimulationResult",
    "numpy_dtype",
    "parse_blocks",
    "simulate",
]
