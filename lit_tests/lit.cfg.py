"""The lit suite: `lit lit_tests`, with `--param tier=l1a` for one tier."""

import re
import shlex
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = [str(ROOT / "passes"), str(ROOT / "tools")]
sys.path[:0] = SOURCE_ROOTS

from tilewright.env import environment  # noqa: E402
from tilewright.pipeline.defaults import TILE_PIPELINE  # noqa: E402
from tilewright_tools.testing.lit_format import TierShTest  # noqa: E402

config: Any = globals()["config"]
lit_config: Any = globals()["lit_config"]


def substitute(name: str, command: list[str]) -> None:
    """Replace a tool's name where it stands alone, not where it is part of a path or another word."""
    pattern = rf"(?<![\w./-]){re.escape(name)}(?![\w./-])"
    config.substitutions.append((pattern, shlex.join(command).replace("\\", "\\\\")))


settings = environment()
config.name = "tilewright"
config.test_format = TierShTest(lit_config.params.get("tier"))
config.suffixes = [".mlir", ".py"]
config.excludes = ["lit.cfg.py", "Inputs"]
config.test_source_root = str(ROOT / "lit_tests")
config.test_exec_root = str(ROOT / "build" / "lit_tests")

# Tests see no variable of the caller but the choice of MLIR's bindings.
config.environment["PYTHONPATH"] = ":".join(SOURCE_ROOTS)
if settings.mlir:
    config.environment["TILEWRIGHT_MLIR"] = settings.mlir

substitute("tile-opt", [sys.executable, "-m", "tilewright_tools.cli.tile_opt"])
substitute("tile-run", [sys.executable, "-m", "tilewright_tools.cli.tile_run"])
substitute("tilewright", [sys.executable, "-m", "tilewright_tools.cli.tilewright"])
substitute("FileCheck", [settings.filecheck] if settings.filecheck else [sys.executable, "-m", "filecheck"])
config.substitutions.append(("%python", shlex.quote(sys.executable)))
config.substitutions.append(("%examples", shlex.quote(str(ROOT / "examples"))))
async_passes = "tile-plan-pipeline{strategy=async},tile-inject-software-pipeline,tile-specialize-warps,tile-infer-layout"
config.substitutions.append(("%async-pipeline", shlex.quote(f"builtin.module({async_passes})")))
# The default pipeline, with the strategy that a target with warp groups does not choose by itself.
ASYNC_PIPELINE = TILE_PIPELINE.replace("tile-plan-pipeline", "tile-plan-pipeline{strategy=async}")
config.substitutions.append(("%async_pipeline", shlex.quote(ASYNC_PIPELINE)))
