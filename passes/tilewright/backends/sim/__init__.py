"""The simulator as a target: an alias of sm_90a's machine that needs no device."""

from __future__ import annotations

from tilewright.backends.base import Backend
from tilewright.machine import Machine, machine_for
from tilewright.pipeline.defaults import default_pipeline


class SimBackend(Backend):
    name = "sim"

    def targets(self) -> tuple[str, ...]:
        return ("sim",)

    def machine(self, target: str) -> Machine:
        return machine_for(target)

    def default_pipeline(self, target: str) -> str:
        return default_pipeline(target)
