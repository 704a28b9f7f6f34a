"""The independent oracle of the input form: upstream MLIR's lowering, compiled for this CPU, run over the whole grid.

It shares nothing with the simulator. Blocks run one after another, parallel loops in order; what a kernel reads without
having written is whatever was in memory, and a subscript outside its buffer is not caught.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tilewright.diagnostics import InfrastructureError, InputError, source_location
from tilewright.ir.kernel import Kernel, KernelArgument
from tilewright.language.dtypes import DTYPES
from tilewright.mlir import ir, load_module
from tilewright.runtime.reference_lowering import FUNCTION, lowered

OPTIMIZATION_LEVEL = 2


def run_reference(kernel: Kernel, arguments: Sequence[np.ndarray | int | float]) -> None:
    """Run all blocks of a kernel in input form; arrays are modified in place. The kernel's context is current.

    Raises InputError for arguments that do not fit, and for a kernel that is not in the input form.
    """
    arrays = _checked(kernel, arguments)
    grid = kernel.grid(list(arguments))
    descriptors = [_descriptor(array) for array in arrays]
    pointers = [ctypes.c_void_p(ctypes.addressof(descriptor)) for descriptor in descriptors]
    position = [ctypes.c_int64() for _ in grid]
    values = [*pointers, *position]
    packed = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
    with _compiled(lowered(kernel)) as run_block:
        for block in itertools.product(*(range(extent) for extent in reversed(grid))):
            for coordinate, value in zip(position, reversed(block), strict=True):
                coordinate.value = value
            run_block(packed)


def _checked(kernel: Kernel, arguments: Sequence[np.ndarray | int | float]) -> list[np.ndarray]:
    """Every argument as an array, scalars as arrays of rank 0."""
    location = source_location(kernel.operation.location)
    if len(arguments) != len(kernel.arguments):
        raise InputError(f"kernel '{kernel.name}' takes {len(kernel.arguments)} arguments, not {len(arguments)}", location)
    problems = (_problem(argument, value) for argument, value in zip(kernel.arguments, arguments, strict=True))
    found = next((problem for problem in problems if problem), None)
    if found is not None:
        raise InputError(found, location)
    return [
        value if isinstance(value, np.ndarray) else np.array(value, dtype=_numpy_dtype(argument))
        for argument, value in zip(kernel.arguments, arguments, strict=True)
    ]


def _numpy_dtype(argument: KernelArgument) -> np.dtype:
    element = ir.MemRefType(argument.type).element_type if argument.is_memref else argument.type
    return DTYPES[str(element)].numpy


def _problem(argument: KernelArgument, value: Any) -> str | None:
    """Why a value does not fit an argument, or None."""
    if not argument.is_memref:
        scalar = np.isscalar(value)
        return None if scalar else f"argument {argument.name} is a scalar of type {argument.type}, not {type(value).__name__}"
    memory = ir.MemRefType(argument.type)
    if not isinstance(value, np.ndarray):
        return f"argument {argument.name} needs an array for {memory}, not {type(value).__name__}"
    expected = _numpy_dtype(argument)
    if value.dtype != expected:
        return f"argument {argument.name} needs dtype {expected}, not {value.dtype}"
    dynamic = [memory.is_dynamic_dim(i) for i in range(memory.rank)]
    fits = len(value.shape) == memory.rank and all(
        d or s == e for d, s, e in zip(dynamic, value.shape, memory.shape, strict=True)
    )
    if not fits:
        return f"argument {argument.name} needs the shape of {memory}, not {list(value.shape)}"
    if not value.flags.c_contiguous or not isinstance(memory.layout, ir.AffineMapAttr):
        return f"argument {argument.name} must be contiguous"
    return None


def _descriptor(array: np.ndarray) -> ctypes.Structure:
    """MLIR's ranked memref descriptor of an array, which the array must outlive."""
    rank = array.ndim

    class Descriptor(ctypes.Structure):
        _fields_ = [
            ("allocated", ctypes.c_void_p),
            ("aligned", ctypes.c_void_p),
            ("offset", ctypes.c_int64),
            ("sizes", ctypes.c_int64 * rank),
            ("strides", ctypes.c_int64 * rank),
        ]

    strides = [stride // array.itemsize for stride in array.strides]
    sizes, steps = (ctypes.c_int64 * rank)(*array.shape), (ctypes.c_int64 * rank)(*strides)
    return Descriptor(array.ctypes.data, array.ctypes.data, 0, sizes, steps)


@contextmanager
def _compiled(module: ir.Module) -> Iterator[Callable[..., None]]:
    """`FUNCTION` compiled for this CPU, valid within the with statement; it takes an array of pointers to its C arguments.

    MLIR's own engine compiles it: LLVM text of one version, with an infinity in it, is no text of another's.
    """
    engine = load_module("execution_engine").ExecutionEngine(module, opt_level=OPTIMIZATION_LEVEL)
    address = engine.raw_lookup(f"_mlir_ciface_{FUNCTION}")
    if not address:
        raise InfrastructureError("the reference cannot be linked: this process lacks a function that the kernel needs")
    yield ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)
    del engine
