"""Backends by name and targets by name; third parties add theirs through the entry point group `tilewright.backends`."""

from __future__ import annotations

import importlib

from tilewright.backends.base import Backend, Target
from tilewright.diagnostics import UsageError
from tilewright.env import ARCHES, Environment
from tilewright.names import did_you_mean

ENTRY_POINT_GROUP = "tilewright.backends"

# Module and class of the project's own backends.
_BACKENDS = {
    "sim": ("tilewright.backends.sim", "SimBackend"),
    "cuda": ("tilewright.backends.cuda", "CudaBackend"),
}


def backend_names() -> list[str]:
    """Every backend that is installed, the project's own first."""
    return [*_BACKENDS, *sorted(entry.name for entry in _entry_points() if entry.name not in _BACKENDS)]


def find_backend(name: str) -> Backend | None:
    """The backend of that name; entry points are read only for a name that the project does not know."""
    if name in _BACKENDS:
        module, class_name = _BACKENDS[name]
        return getattr(importlib.import_module(module), class_name)()
    for entry in _entry_points():
        if entry.name == name:
            return entry.load()()
    return None


def all_targets() -> list[str]:
    """The targets of all backends that are installed."""
    backends = [find_backend(name) for name in backend_names()]
    return [target for backend in backends if backend is not None for target in backend.targets()]


def find_target(name: str, *, origin: str = "") -> Target:
    """The target of that name, for example ``cuda:sm_90a``; a backend's name alone means its first target.

    Raises UsageError, with the nearest name; `origin` tells where the name came from.
    """
    backend = find_backend(name.partition(":")[0])
    if backend is not None:
        if name == backend.name:
            return Target(backend.targets()[0], backend)
        if name in backend.targets():
            return Target(name, backend)
    known = all_targets()
    prefix = f"{origin}: " if origin else ""
    raise UsageError(f"{prefix}unknown target '{name}'{did_you_mean(name, known)} (known: {', '.join(known)})")


def target_from_environment(environment: Environment) -> Target:
    """The target that the variables choose; raises UsageError that names the variable which is wrong.

    An arch alone chooses the backend that owns it: its machine is then simulated.
    """
    backend = environment.compile_backend
    if find_backend(backend) is None:
        known = backend_names()
        hint = did_you_mean(backend, known)
        raise UsageError(f"TILEWRIGHT_COMPILE_BACKEND={backend}: no such backend{hint} (known: {', '.join(known)})")
    if not environment.arch:
        return find_target(backend)
    if backend == "sim":
        owners = [name for name, arches in ARCHES.items() if environment.arch in arches and find_backend(name) is not None]
        if not owners:
            raise UsageError(f"TILEWRIGHT_ARCH={environment.arch}: no installed backend has this arch")
        backend = owners[0]
    return find_target(f"{backend}:{environment.arch}", origin=f"TILEWRIGHT_ARCH={environment.arch}")


def check_runtime(target: Target, runtime: str, *, origin: str) -> None:
    """Raise UsageError where `target` has no such runtime; `origin` is the option or variable that named it."""
    if runtime not in target.runtimes:
        known = ", ".join(target.runtimes)
        hint = did_you_mean(runtime, target.runtimes)
        raise UsageError(f"{origin}={runtime}: target '{target.name}' has no such runtime{hint} (known: {known})")


def _entry_points():
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINT_GROUP)
