"""Imports run one way, as the design says; and only `env.py` reads the environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.l0_backend_agnostic

ROOT = Path(__file__).resolve().parents[2]
# A layer may import itself and what stands before it; what shares a line stays apart.
LAYERS = [
    {"names", "diagnostics", "env", "mlir"},
    {"ir", "machine"},
    {"analysis", "language"},
    {"simulator", "transforms"},
    {"pipeline"},
    {"backends"},
    {"runtime"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def sources() -> list[Path]:
    return sorted((ROOT / "passes" / "tilewright").rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports when it is imported: those in functions come later, and may be registered."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    parts = path.relative_to(ROOT / "passes" / "tilewright").with_suffix("").parts
    own = parts[0]
    if own == "__init__":
        assert list(imports(path)) == []
        return
    for module in imports(path):
        assert not module.startswith("tilewright_tools"), module
        if module.startswith("tilewright."):
            other = module.split(".")[1]
            apart = other != own and RANK[other] == RANK[own] and RANK[own] > 0
            assert RANK[other] <= RANK[own] and not apart, f"{own} imports {module}"


@pytest.mark.parametrize(
    "path", [*sources(), *sorted((ROOT / "tools" / "tilewright_tools").rglob("*.py"))], ids=lambda path: path.name
)
def test_only_env_reads_the_environment(path: Path) -> None:
    names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert path.name == "env.py" or not names & {"environ", "getenv"}
