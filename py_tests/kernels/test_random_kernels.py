"""Random kernels keep their values at every stage. More of them: `python py_tests/kernels/random_kernels.py FIRST COUNT`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.language.loading import load_module

pytestmark = pytest.mark.l2_simulator

SEEDS = range(100, 148)

random_kernels = load_module(Path(__file__).with_name("random_kernels.py"))


@pytest.mark.parametrize("strategy", ["auto", "async"])
@pytest.mark.parametrize("first", SEEDS[::8])
def test_random_kernels_keep_their_values_at_every_stage(first: int, strategy: str) -> None:
    clean = 0
    for seed in range(first, first + 8):
        outcome = random_kernels.run(seed, strategy)
        assert outcome.wrong == [], f"seed {seed}"
        clean += outcome.clean_input
    assert clean >= 4, "too few of these kernels have an input form without findings to say anything"
