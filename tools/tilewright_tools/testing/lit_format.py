"""The lit format of the project: a shell test that names its tier, ``// TIER: l1a_compile_no_target_dialect``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lit.Test
from lit.formats import ShTest

from tilewright.diagnostics import UsageError
from tilewright_tools.testing.tiers import BACKEND_MARKERS, Tier, find_tier

_TIER_LINE = re.compile(r"^\s*(?://|#|;)?\s*TIER:(?P<words>.*)$", re.MULTILINE)


class TierShTest(ShTest):
    """Runs a test in lit's own shell. A test without exactly one tier is UNRESOLVED, one of another tier UNSUPPORTED."""

    def __init__(self, selected: str | None = None) -> None:
        super().__init__()
        self.selected = find_tier(selected) if selected else None

    def execute(self, test: lit.Test.Test, litConfig: Any) -> Any:
        path = Path(test.getSourcePath())
        try:
            tier = tier_of(path.read_text(encoding="utf-8"))
        except UsageError as failure:
            return lit.Test.Result(lit.Test.UNRESOLVED, f"{path}: {failure}")
        if self.selected is not None and tier != self.selected:
            return lit.Test.Result(lit.Test.UNSUPPORTED, f"its tier is {tier.name}; {self.selected.name} was selected")
        return super().execute(test, litConfig)


def tier_of(text: str) -> Tier:
    """The tier that a test names, alone or with the backends it needs; raises UsageError unless there is exactly one."""
    lines = [match["words"].replace(",", " ").split() for match in _TIER_LINE.finditer(text)]
    if len(lines) != 1:
        found = "no tier" if not lines else f"{len(lines)} TIER lines"
        raise UsageError(f"{found}; a test has exactly one line, for example // TIER: l1a_compile_no_target_dialect")
    words = lines[0]
    tiers = [word for word in words if word not in BACKEND_MARKERS]
    if len(tiers) != 1:
        raise UsageError(f"TIER: {' '.join(words)}: expected one tier, then the backends that it needs")
    tier = find_tier(tiers[0])
    if tiers[0] != tier.name:
        raise UsageError(f"TIER: {tiers[0]}: write the tier's whole name, {tier.name}")
    return tier
