"""The passes that every target begins with; backends append their lowering."""

from __future__ import annotations

from tilewright.diagnostics import UsageError
from tilewright.machine import target_names
from tilewright.names import did_you_mean

TILE_PIPELINE = (
    "builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps,tile-infer-layout))"
)


def default_pipeline(target: str) -> str:
    """The portable passes for `target`, as text; raises UsageError for a target that has no machine description."""
    known = target_names()
    if target not in known:
        raise UsageError(f"unknown target '{target}'{did_you_mean(target, known)} (known: {', '.join(known)})")
    return TILE_PIPELINE
