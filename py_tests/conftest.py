"""Pytest for the whole project: the markers of `tilewright_tools.testing.tiers`, and nothing else."""

from __future__ import annotations

import pytest

from tilewright_tools.testing.tiers import BACKEND_MARKERS, TIERS


def pytest_configure(config: pytest.Config) -> None:
    for tier in TIERS:
        config.addinivalue_line("markers", f"{tier.name}: {tier.summary}")
    for name, summary in BACKEND_MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {summary}")
