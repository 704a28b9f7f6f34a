"""A kernel's arguments as the user describes them: ``NAME=random[:LO:HI]|zeros|ones|VALUE|FILE.npy``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tilewright.diagnostics import InputError, SourceLocation, UsageError
from tilewright.ir.kernel import Kernel, KernelArgument
from tilewright.mlir import ir
from tilewright.names import did_you_mean
from tilewright.pipeline.files import write_atomically
from tilewright.simulator.dtypes import numpy_dtype

ChoiceKind = Literal["random", "value", "file"]

_NAMED_VALUES = {"zeros": 0.0, "ones": 1.0, "true": 1.0, "false": 0.0}
# Wider integers may be indices or sizes, so their default is not negative; LO is included, HI is not.
_FLOAT_RANGE = (-1.0, 1.0)
_I8_RANGE = (-4, 5)
_INTEGER_RANGE = (0, 4)
_SCALAR_INTEGER_RANGE = (1, 5)


@dataclass(frozen=True)
class ArgumentChoice:
    """How one argument is made. `bounds` belong to ``random``, `value` to ``value``, `path` to ``file``."""

    kind: ChoiceKind
    bounds: tuple[float, float] | None = None
    value: float | int = 0
    path: str = ""


RANDOM = ArgumentChoice("random")


def parse_argument(text: str) -> tuple[str, ArgumentChoice]:
    """``NAME=…`` as a name and a choice; raises UsageError."""
    name, equals, rest = text.partition("=")
    if not equals or not name or not rest:
        raise UsageError(f"--arg {text}: expected NAME=random[:LO:HI]|zeros|ones|VALUE|FILE.npy")
    return name, _parse_choice(text, rest)


def _parse_choice(text: str, rest: str) -> ArgumentChoice:
    if rest == "random":
        return RANDOM
    if rest.startswith("random:"):
        bounds = [_number(part) for part in rest.split(":")[1:]]
        if len(bounds) != 2 or bounds[0] is None or bounds[1] is None or not bounds[0] < bounds[1]:
            raise UsageError(f"--arg {text}: expected random:LO:HI with two numbers, LO below HI")
        return ArgumentChoice("random", bounds=(bounds[0], bounds[1]))
    if rest in _NAMED_VALUES:
        return ArgumentChoice("value", value=_NAMED_VALUES[rest])
    value = _number(rest)
    if value is not None:
        return ArgumentChoice("value", value=value)
    if rest.endswith(".npy"):
        return ArgumentChoice("file", path=rest)
    hint = did_you_mean(rest, ["random", *_NAMED_VALUES])
    raise UsageError(f"--arg {text}: '{rest}' is none of random[:LO:HI], zeros, ones, a number, FILE.npy{hint}")


def parse_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """``NAME=128x64`` as a name and a shape; raises UsageError."""
    name, _, rest = text.partition("=")
    sizes = rest.split("x")
    if not name or not all(size.isdecimal() for size in sizes):
        raise UsageError(f"--shape {text}: expected NAME=AxB, for example A=128x64")
    return name, tuple(int(size) for size in sizes)


def make_arguments(
    kernel: Kernel,
    choices: Mapping[str, ArgumentChoice],
    shapes: Mapping[str, tuple[int, ...]],
    seed: int,
) -> list[Any]:
    """One NumPy array for each memref, a Python number for each scalar; random where `choices` has nothing.

    Each argument has its own random stream, so that describing one does not change another. Raises UsageError for a
    name that the kernel does not have, InputError for a file of the wrong shape or dtype.
    """
    names = [argument.name for argument in kernel.arguments]
    for name in [*choices, *shapes]:
        if name not in names:
            hint = did_you_mean(name, names)
            raise UsageError(f"kernel '{kernel.name}' has no argument '{name}'{hint} (it has: {', '.join(names) or 'none'})")
    return [
        _make(argument, choices.get(argument.name, RANDOM), shapes.get(argument.name), np.random.default_rng([seed, position]))
        for position, argument in enumerate(kernel.arguments)
    ]


def _make(argument: KernelArgument, choice: ArgumentChoice, shape: tuple[int, ...] | None, random: np.random.Generator) -> Any:
    if not isinstance(argument.type, ir.MemRefType):
        array = _filled(argument, choice, (), numpy_dtype(argument.type), random)
        return array.item() if array.dtype.kind in "iub" else float(array)
    dtype = numpy_dtype(argument.type.element_type)
    if choice.kind == "file":
        array = _loaded(argument, choice.path, dtype)
        _check_shape(argument, argument.type, array.shape, SourceLocation(choice.path))
        return array
    shape = _static_shape(argument, argument.type, shape)
    return _filled(argument, choice, shape, dtype, random)


def _static_shape(argument: KernelArgument, memref: ir.MemRefType, given: tuple[int, ...] | None) -> tuple[int, ...]:
    if given is not None:
        _check_shape(argument, memref, given, None)
        return given
    if not memref.has_static_shape:
        name = argument.name
        raise UsageError(f"argument '{name}' has the dynamic shape {memref}: give --shape {name}=AxB, or a file")
    return tuple(memref.shape)


def _check_shape(
    argument: KernelArgument, memref: ir.MemRefType, shape: Sequence[int], location: SourceLocation | None
) -> None:
    fits = len(shape) == memref.rank and all(
        memref.is_dynamic_dim(dimension) or memref.shape[dimension] == size for dimension, size in enumerate(shape)
    )
    if fits:
        return
    message = f"argument '{argument.name}' is {memref}; the shape {'x'.join(map(str, shape)) or '()'} does not fit"
    raise InputError(message, location) if location is not None else UsageError(message)


def _filled(
    argument: KernelArgument, choice: ArgumentChoice, shape: tuple[int, ...], dtype: np.dtype, random: np.random.Generator
) -> np.ndarray:
    if choice.kind == "file":
        array = _loaded(argument, choice.path, dtype)
        if array.size != 1:
            message = f"argument '{argument.name}' is a scalar; the file holds {array.size} elements"
            raise InputError(message, SourceLocation(choice.path))
        return array.reshape(())
    if choice.kind == "value":
        if dtype.kind in "iu" and not float(choice.value).is_integer():
            raise UsageError(f"argument '{argument.name}' has integer elements; {choice.value} is not an integer")
        try:
            return np.full(shape, choice.value, dtype)
        except (OverflowError, ValueError) as failure:
            raise UsageError(f"argument '{argument.name}': {choice.value} does not fit into its elements") from failure
    return _random(argument, choice, shape, dtype, random)


def _random(
    argument: KernelArgument, choice: ArgumentChoice, shape: tuple[int, ...], dtype: np.dtype, random: np.random.Generator
) -> np.ndarray:
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        default = _SCALAR_INTEGER_RANGE if not argument.is_memref else _I8_RANGE if dtype.itemsize == 1 else _INTEGER_RANGE
        low, high = choice.bounds or default
        if not (float(low).is_integer() and float(high).is_integer()):
            raise UsageError(f"argument '{argument.name}' has integer elements: random:LO:HI needs integers")
        try:
            return np.asarray(random.integers(int(low), int(high), shape, dtype=dtype))
        except ValueError as failure:
            raise UsageError(f"argument '{argument.name}': random:{int(low)}:{int(high)} is outside its type") from failure
    low, high = choice.bounds or _FLOAT_RANGE
    wide = np.float64 if dtype == np.float64 else np.float32
    return np.asarray(random.random(shape, dtype=wide) * wide(high - low) + wide(low)).astype(dtype)


def _loaded(argument: KernelArgument, path: str, dtype: np.dtype) -> np.ndarray:
    """The array in a file; bf16 and fp8 are kept as f32 there, because NumPy's format does not know them."""
    location = SourceLocation(path)
    try:
        array = np.load(path, allow_pickle=False)
    except OSError as failure:
        raise InputError(f"cannot be read: {failure.strerror or failure}", location) from failure
    except (ValueError, EOFError) as failure:
        raise InputError("is not a .npy file of numbers", location) from failure
    if not isinstance(array, np.ndarray):
        raise InputError("is not a .npy file of numbers: it holds several arrays", location)
    stored = stored_dtype(dtype)
    if array.dtype != stored:
        message = f"argument '{argument.name}' is {argument.type}: the file must hold {stored}, it holds {array.dtype}"
        raise InputError(message, location)
    return np.ascontiguousarray(array).astype(dtype)


def stored_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype that files hold: f32 for bf16 and fp8, which NumPy has no name for."""
    return dtype if dtype.isbuiltin == 1 else np.dtype(np.float32)


def save_arguments(folder: Path, kernel: Kernel, values: Sequence[Any]) -> None:
    """Write one ``NAME.npy`` for each argument, each beside its place and then renamed."""
    import io

    for argument, value in zip(kernel.arguments, values, strict=True):
        array = np.asarray(value, None if argument.is_memref else numpy_dtype(argument.type))
        file = io.BytesIO()
        np.save(file, array.astype(stored_dtype(array.dtype)), allow_pickle=False)
        write_atomically(folder / f"{argument.name}.npy", file.getvalue())


def _number(text: str) -> float | int | None:
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None
