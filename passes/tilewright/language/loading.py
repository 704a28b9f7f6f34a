"""Kernels from a Python file: module-level `tl.Kernel` objects, or what its function ``build(**parameters)`` returns."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from tilewright.diagnostics import InputError, SourceLocation
from tilewright.language.dtypes import DType, as_dtype
from tilewright.language.kernel import Kernel
from tilewright.language.source import located_user_errors

if TYPE_CHECKING:
    import numpy as np


def load_kernels(path: Path, **parameters: Any) -> list[Kernel]:
    """The kernels of a file, in order. With `parameters`, or where no kernel is at module level, its `build` is called.

    Raises InputError, located, for a file that cannot be read, is no Python, fails, or has no kernel.
    """
    return kernels_of_module(load_module(path), path, **parameters)


def kernels_of_module(module: ModuleType, path: Path, **parameters: Any) -> list[Kernel]:
    """`load_kernels` of a module that is loaded."""
    found = {id(value): value for value in vars(module).values() if isinstance(value, Kernel)}
    if found and not parameters:
        return list(found.values())
    build = getattr(module, "build", None)
    if not callable(build):
        wanted = "a function build(**parameters)" if parameters else "a @tl.kernel at module level, or a function build()"
        raise InputError(f"has no kernel: it needs {wanted}", SourceLocation(str(path), 1, 1))
    return _built(build, parameters, path)


def load_module(path: Path) -> ModuleType:
    """Run a Python file as a module of its own. Its directory need not be a package; no bytecode is written."""
    place = SourceLocation(str(path), 1, 1)
    code = _compiled(path)
    module = ModuleType(f"tilewright_kernels_{path.stem}")
    module.__file__ = str(path)
    with _registered(module), located_user_errors(place, str(path)):
        exec(code, module.__dict__)
    return module


@contextmanager
def _registered(module: ModuleType) -> Iterator[None]:
    """The module is in sys.modules while it runs: dataclasses look there."""
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]


def _compiled(path: Path) -> CodeType:
    place = SourceLocation(str(path))
    if path.is_dir():
        raise InputError("is a directory; a Python file is needed", place)
    try:
        return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place) from error
    except SyntaxError as error:
        where = SourceLocation(str(path), error.lineno or 1, error.offset or 1)
        raise InputError(f"{type(error).__name__}: {error.msg}", where) from error
    except ValueError as error:
        raise InputError(f"is no Python file: {error}", place) from error


def own_arguments(module: ModuleType, random: np.random.Generator, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the module's function ``arguments(random, **parameters)`` makes, by name; nothing where it has none.

    It is given every parameter of `build`, by default or from `parameters`.
    """
    make = getattr(module, "arguments", None)
    if make is None:
        return {}
    return _called(module, make, parameters, random)


def rounded_as(module: ModuleType, parameters: Mapping[str, Any]) -> dict[str, DType]:
    """What the module's function ``rounded_as(**parameters)`` says: the type to which a kernel rounds on the way to an output.

    By the output's name, for those whose own type is finer. It is given every parameter of `build`.
    """
    tell = getattr(module, "rounded_as", None)
    if tell is None:
        return {}
    return {name: as_dtype(dtype) for name, dtype in _called(module, tell, parameters).items()}


def _called(module: ModuleType, function: Callable[..., Any], parameters: Mapping[str, Any], *leading: Any) -> Any:
    """A function of the module, called with all parameters of its `build`: those given, and the defaults of the rest."""
    path = module.__file__ or ""
    known = inspect.signature(module.build).parameters.values()
    defaults = {p.name: p.default for p in known if p.default is not p.empty}
    with located_user_errors(SourceLocation(path, function.__code__.co_firstlineno, 1), path):
        return function(*leading, **{**defaults, **parameters})


def _built(build: Callable[..., Any], parameters: dict[str, Any], path: Path) -> list[Kernel]:
    code = getattr(build, "__code__", None)
    place = SourceLocation(str(path), code.co_firstlineno if code else 1, 1)
    known = inspect.signature(build).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
    unknown = [] if open_ended else [name for name in parameters if name not in known]
    if unknown:
        raise InputError(f"build has no parameter {', '.join(unknown)}; it has {', '.join(known)}", place)
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    required = [p for p in known.values() if p.default is p.empty and p.kind not in variadic]
    missing = [p.name for p in required if p.name not in parameters]
    if missing:
        raise InputError(f"build has no default for {', '.join(missing)}", place)
    with located_user_errors(place, str(path)):
        result = build(**parameters)
    kernels = kernels_of(result)
    if not kernels or not all(isinstance(kernel, Kernel) for kernel in kernels):
        raise InputError(f"build returned {result!r}; it must return a kernel made with @tl.kernel, or a list of them", place)
    return kernels


def kernels_of(built: Kernel | list[Kernel] | tuple[Kernel, ...]) -> list[Kernel]:
    """What a `build` returned as a list: one kernel, or several that run one after another."""
    return list(built) if isinstance(built, (list, tuple)) else [built]
