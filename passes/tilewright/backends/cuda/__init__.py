"""NVIDIA GPUs. The portable passes run for their machines; their kernels are simulated."""

from __future__ import annotations

from tilewright.backends.base import Backend
from tilewright.machine import Machine, machine_for
from tilewright.pipeline.defaults import default_pipeline


class CudaBackend(Backend):
    name = "cuda"

    def targets(self) -> tuple[str, ...]:
        return ("cuda:sm_90a", "cuda:sm_80")

    def machine(self, target: str) -> Machine:
        return machine_for(target)

    def default_pipeline(self, target: str) -> str:
        return default_pipeline(target)
