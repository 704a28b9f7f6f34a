"""Every example, at its small shapes and variants, is right after every pass, and against NumPy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.backends.registry import find_target
from tilewright_tools.examples import Case, cases_of, example_files, run_case

pytestmark = [pytest.mark.l2_simulator, pytest.mark.sim]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CASES = [case for path in example_files(EXAMPLES) for case in cases_of(path)]


@pytest.mark.parametrize("target", ["cuda:sm_90a", "cuda:sm_80"])
@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(", ", "-").replace(" ", "_") for case in CASES])
def test_every_stage_is_right(case: Case, target: str):
    result = run_case(case, find_target(target))
    for report in result.reports:
        assert [(stage.name, stage.record()["findings"]) for stage in report.stages if not stage.ok] == []
        assert len(report.stages) == 5
    assert [comparison for comparison in result.reference if not comparison.ok] == []
    assert result.reference
