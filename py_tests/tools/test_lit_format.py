"""Tiers of lit tests, and that CMake's list of tiers is the table's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.diagnostics import UsageError
from tilewright_tools.testing.lit_format import tier_of
from tilewright_tools.testing.tiers import TIERS, find_tier

pytestmark = pytest.mark.l0_backend_agnostic

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("line", ["// TIER: l2_simulator", "# TIER: l2_simulator sim", "// TIER: sim, l2_simulator"])
def test_the_tier_of_a_test(line: str):
    assert tier_of(f"// RUN: tile-opt %s\n{line}\n").name == "l2_simulator"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("// RUN: tile-opt %s\n", "no tier; a test has exactly one line"),
        ("// TIER: l2_device\n// TIER: l2_device\n", "2 TIER lines; a test has exactly one line"),
        ("// TIER:\n", "expected one tier"),
        ("// TIER: sim\n", "expected one tier"),
        ("// TIER: l2_device l2_simulator\n", "expected one tier"),
        ("// TIER: l2_simulater\n", "unknown tier 'l2_simulater'; did you mean 'l2_simulator'?"),
        ("// TIER: l1a\n", "write the tier's whole name, l1a_compile_no_target_dialect"),
    ],
)
def test_a_test_without_exactly_one_tier_is_refused(text: str, message: str):
    with pytest.raises(UsageError) as caught:
        tier_of(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["l1a", "l1a_compile_no_target_dialect", "l2-simulator", "l2_simulator", "l2_device"])
def test_tiers_by_either_name(name: str):
    assert name.replace("_", "-").startswith(find_tier(name).short)


def test_every_lit_test_has_a_tier():
    paths = [path for suffix in ("*.mlir", "*.py") for path in (ROOT / "lit_tests").rglob(suffix)]
    tests = [path for path in paths if path.name != "lit.cfg.py" and "Inputs" not in path.parts]
    assert tests
    for path in tests:
        tier_of(path.read_text())


def test_cmake_knows_the_same_tiers():
    text = (ROOT / "CMakeLists.txt").read_text()
    assert all(f"  {tier.short}:{tier.name}" in text for tier in TIERS)
    assert text.split("set(TILEWRIGHT_TIERS")[1].split(")")[0].count(":") == len(TIERS)
