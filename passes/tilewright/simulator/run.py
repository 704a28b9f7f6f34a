"""Simulating a kernel: arguments checked, the kernel decoded, blocks of its grid executed one after another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tilewright.diagnostics import InputError, source_location
from tilewright.ir.kernel import Kernel, KernelArgument
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.simulator import (  # noqa: F401 - importing them registers their decoders
    ops_access,
    ops_affine,
    ops_arith,
    ops_gpu,
    ops_linalg,
    ops_memref,
    ops_parallel,
    ops_product,
    ops_scan,
    ops_scf,
    ops_tile,
)
from tilewright.simulator.blocks import ALL_BLOCKS, BlockSelection
from tilewright.simulator.copies import report_unfinished
from tilewright.simulator.decode import Body, Decoder, unsupported
from tilewright.simulator.dtypes import element_type
from tilewright.simulator.findings import Aborted, Recorder, SimulationResult
from tilewright.simulator.memory import argument
from tilewright.simulator.ownership import check_ownership
from tilewright.simulator.scheduler import Agent, run_agents
from tilewright.simulator.state import BlockState, Frame

DEFAULT_STEP_LIMIT = 50_000_000
"""Operations in loops that one thread block may execute."""

Argument = np.ndarray | int | float


def simulate(
    kernel: Kernel,
    arguments: Sequence[Argument],
    *,
    machine: Machine,
    blocks: BlockSelection = ALL_BLOCKS,
    step_limit: int = DEFAULT_STEP_LIMIT,
) -> SimulationResult:
    """Execute thread blocks of `kernel`, one after another; arrays in `arguments` are modified in place.

    Arrays have the argument's dtype (see `numpy_dtype`) and shape; they need not be contiguous. `machine` is the machine
    that the kernel runs on. Raises InputError, located at the kernel, for arguments that do not fit, a kernel without grid
    or block size, and, located at the operation, for one that the simulator does not know; UsageError for a block that is
    outside of the grid.
    """
    started = time.perf_counter()
    _check_arguments(kernel, arguments)
    grid = kernel.grid(arguments)
    threads = _block_size(kernel)
    chosen = blocks.select(grid, kernel.panel)
    decoder = Decoder(threads[0] * threads[1] * threads[2])
    body = _decode(kernel, decoder)
    # Memory is contiguous; what is not is copied, and copied back.
    contiguous = [
        value.copy() if isinstance(value, np.ndarray) and not value.flags.c_contiguous else value for value in arguments
    ]
    frame = decoder.template
    for slot, given, value in zip(body.arguments, kernel.arguments, contiguous, strict=True):
        frame[slot] = argument(value, given.name) if isinstance(value, np.ndarray) else element_type(given.type).scalar(value)
    recorder = Recorder()
    check_ownership(kernel, machine, recorder)
    result = SimulationResult(recorder.findings)
    with np.errstate(all="ignore"):
        for block in chosen:
            state = BlockState(block, grid, threads, recorder, step_limit)
            result.blocks += 1
            if not _execute(body, state, list(frame)):
                result.completed = False
                break
    for value, copy in zip(arguments, contiguous, strict=True):
        if isinstance(value, np.ndarray) and value is not copy:
            value[...] = copy
    result.seconds = time.perf_counter() - started
    return result


def _decode(kernel: Kernel, decoder: Decoder) -> Body:
    if len(kernel.operation.regions[0].blocks) != 1:
        raise unsupported(kernel.operation, "with several blocks in its body")
    return decoder.block(kernel.body)


def _execute(body: Body, state: BlockState, frame: Frame) -> bool:
    """Run one thread block; False where a finding ended it early."""
    frame[0] = state
    state.recorder.block = state.block
    main = Agent("the thread block", body.generate(frame))
    try:
        if body.blocking:
            run_agents(state, main)
        else:
            state.agent = main
            body.run(frame)
    except Aborted:
        return False
    report_unfinished(state)
    return True


def _block_size(kernel: Kernel) -> tuple[int, int, int]:
    if kernel.threads is None:
        message = f"kernel '{kernel.name}' has no block size: give known_block_size"
        raise InputError(message, source_location(kernel.operation.location))
    x, y, z = ir.DenseI32ArrayAttr(kernel.operation.attributes["known_block_size"])
    return (x, y, z)


def _check_arguments(kernel: Kernel, arguments: Sequence[Argument]) -> None:
    location = source_location(kernel.operation.location)
    if len(arguments) != len(kernel.arguments):
        wanted = ", ".join(argument.name for argument in kernel.arguments)
        message = f"kernel '{kernel.name}' takes {len(kernel.arguments)} arguments ({wanted}), not {len(arguments)}"
        raise InputError(message, location)
    for given, value in zip(kernel.arguments, arguments, strict=True):
        wrong = _mismatch(given, value)
        if wrong:
            raise InputError(f"argument '{given.name}' of kernel '{kernel.name}' {wrong}", location)


def _mismatch(given: KernelArgument, value: Any) -> str:
    """What is wrong with the value of an argument; empty if nothing is."""
    if not isinstance(given.type, ir.MemRefType):
        return _scalar_mismatch(given, value)
    memref = ir.MemRefType(given.type)
    if not isinstance(value, np.ndarray):
        return f"is {given.type}: it needs an array, not {type(value).__name__}"
    element = element_type(memref.element_type)
    if value.dtype != element.dtype:
        return f"has dtype {value.dtype}; {given.type} needs {element.dtype}"
    dynamic = [memref.is_dynamic_dim(i) for i in range(memref.rank)]
    wanted = ["?" if is_dynamic else str(size) for size, is_dynamic in zip(memref.shape, dynamic, strict=True)]
    fits = value.ndim == memref.rank and all(
        is_dynamic or size == extent for size, extent, is_dynamic in zip(memref.shape, value.shape, dynamic, strict=True)
    )
    if not fits:
        return f"has shape {'x'.join(map(str, value.shape))}; {given.type} needs {'x'.join(wanted)}"
    return "" if value.flags.writeable else "is read-only; arrays are modified in place"


def _scalar_mismatch(given: KernelArgument, value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"is {given.type}: it needs a number, not an array"
    element = element_type(given.type)
    number = value.item() if isinstance(value, (np.generic, np.ndarray)) else value
    if element.is_float:
        return "" if isinstance(number, (int, float)) else f"is {given.type}: it needs a number, not {number!r}"
    if not isinstance(number, int):
        return f"is {given.type}: it needs an integer, not {number!r}"
    fits = element.wrap(number) == number
    return "" if fits else f"is {number}, which {given.type} cannot hold"
