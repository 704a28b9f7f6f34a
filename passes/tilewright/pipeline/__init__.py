"""The pass manager: registry, textual pipelines, the runner, and the seam where instrumentation stands.

What needs MLIR is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilewright.pipeline.defaults import TILE_PIPELINE, default_pipeline
    from tilewright.pipeline.events import Instrumentation, PassEvent
    from tilewright.pipeline.registry import PassEntry, PassRegistry, builtin_registry
    from tilewright.pipeline.resolve import Pipeline, Step, resolve_pipeline
    from tilewright.pipeline.runner import execute, run_pipeline
    from tilewright.pipeline.text import Element, parse_pipeline

_MODULES = {
    "defaults": ("TILE_PIPELINE", "default_pipeline"),
    "events": ("Instrumentation", "PassEvent"),
    "registry": ("PassEntry", "PassRegistry", "builtin_registry"),
    "resolve": ("Pipeline", "Step", "resolve_pipeline"),
    "runner": ("execute", "run_pipeline"),
    "text": ("Element", "parse_pipeline"),
}

__all__ = [
    "TILE_PIPELINE",
    "Element",
    "Instrumentation",
    "PassEntry",
    "PassEvent",
    "PassRegistry",
    "Pipeline",
    "Step",
    "builtin_registry",
    "default_pipeline",
    "execute",
    "parse_pipeline",
    "resolve_pipeline",
    "run_pipeline",
]


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
