"""The tiers of tests: one table for lit, pytest and ctest."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.diagnostics import UsageError
from tilewright.names import did_you_mean


@dataclass(frozen=True)
class Tier:
    """A tier by the name that tests carry, and the short one that selects it."""

    name: str
    short: str
    summary: str


TIERS: tuple[Tier, ...] = (
    Tier("l0_backend_agnostic", "l0", "Python only, no pipeline"),
    Tier("l1a_compile_no_target_dialect", "l1a", "passes over portable dialects; no simulation"),
    Tier("l1b_target_dialect", "l1b", "vendor dialects and assembly; never launches"),
    Tier("l2_simulator", "l2-simulator", "executes on the CPU"),
    Tier("l2_device", "l2-device", "executes on hardware"),
)

# Markers that stand beside a tier: what a test lowers for, or executes on.
BACKEND_MARKERS: dict[str, str] = {
    "cuda_lower": "needs the code generator of NVIDIA GPUs",
    "rocm_lower": "needs the code generator of AMD GPUs",
    "npu_lower": "needs the code generator of NPUs",
    "sim": "executes on the simulator",
    "cuda": "executes on an NVIDIA GPU",
    "rocm": "executes on an AMD GPU",
    "npu": "executes on an NPU or its simulator",
}


def find_tier(name: str) -> Tier:
    """The tier by its name or its short name; raises UsageError."""
    wanted = name.replace("_", "-")
    for tier in TIERS:
        if wanted in (tier.short, tier.name.replace("_", "-")):
            return tier
    known = [spelling for tier in TIERS for spelling in (tier.short, tier.name)]
    raise UsageError(f"unknown tier '{name}'{did_you_mean(name, known)} (known: {', '.join(t.short for t in TIERS)})")
