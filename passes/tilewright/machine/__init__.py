"""Machine descriptions by target name, for example ``cuda:sm_90a``."""

from __future__ import annotations

from tilewright.machine.description import CopyInstruction, Limits, Machine, MemorySpace, ProductInstruction

__all__ = [
    "CopyInstruction",
    "Limits",
    "Machine",
    "MemorySpace",
    "ProductInstruction",
    "machine_for",
    "target_names",
]


def _machines() -> dict[str, Machine]:
    from tilewright.machine import cuda

    machines = {machine.target: machine for machine in (cuda.SM_80, cuda.SM_90A)}
    # The target `sim` is an alias: the machine of sm_90a, simulated.
    return machines | {"sim": machines["cuda:sm_90a"]}


def target_names() -> list[str]:
    return sorted(_machines())


def machine_for(target: str) -> Machine:
    """The machine of `target`; raises KeyError for a name that `target_names()` does not list."""
    return _machines()[target]
