"""The table of the source's behaviours in lit_tests/README.md is whole: a cell for each, and no file that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.l0_backend_agnostic

ROOT = Path(__file__).resolve().parent.parent.parent
LINES = (ROOT / "lit_tests" / "README.md").read_text().splitlines()
ROWS = [line for line in LINES if line.startswith("|") and not line.startswith(("|---", "| Behaviour", "| Fault"))]
FAULTS = (2668, 2595, 2720, 2876, 2309, 3039, 2566, 2567, 2443, 2548, 2547, 2674, 3087, 2613, 2166, 374)


def _named_files(row: str) -> list[str]:
    return [word for word in row.split("`")[1::2] if "/" in word and "." in word]


def test_every_behaviour_has_a_file_or_a_reason() -> None:
    assert len(ROWS) > 130
    empty = [row for row in ROWS if not row.rsplit("|", 2)[-2].strip()]
    assert empty == []


def test_every_file_that_is_named_exists() -> None:
    missing = {name for row in ROWS for name in _named_files(row) if not (ROOT / name).exists()}
    assert missing == set()


def test_every_known_fault_has_a_kernel() -> None:
    folder = ROOT / "lit_tests" / "kernels" / "faults"
    assert sorted(int(path.stem.rsplit("_", 1)[1]) for path in folder.glob("*.py")) == sorted(FAULTS)
    assert all(any(f"faults/{path.name}`" in row for row in ROWS) for path in folder.glob("*.py"))
