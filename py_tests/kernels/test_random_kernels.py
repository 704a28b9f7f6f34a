"""Random kernels keep their values at every stage. More of them: `tilewright fuzz --first SEED --count N`."""

from __future__ import annotations

import pytest

from tilewright_tools.fuzz.campaign import Record, run_seed

pytestmark = pytest.mark.l2_simulator

SEEDS, PARTS = 300, 6


@pytest.mark.parametrize("part", range(PARTS))
def test_random_kernels_keep_their_values_at_every_stage(part: int) -> None:
    records: list[Record] = [run_seed(seed) for seed in range(part, SEEDS, PARTS)]
    wrong = [f"seed {record.seed}: {record.failure}\n{record.test}" for record in records if record.failure]
    assert not wrong, "\n".join(wrong)
    assert sum(record.runs for record in records) >= len(records), "too few of these kernels say anything"
