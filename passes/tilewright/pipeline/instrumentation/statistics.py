"""How many operations of each kind there are before and after each pass."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation, PassEvent


def count_operations(root: ir.Operation) -> Counter[str]:
    """The number of operations under `root`, itself not counted, by name."""
    counts: Counter[str] = Counter()

    def count(operation: ir.Operation) -> ir.WalkResult:
        counts[operation.name] += 1
        return ir.WalkResult.ADVANCE

    root.walk(count)
    counts[root.name] -= 1
    return +counts


class Statistics(Instrumentation):
    """Prints, for every pass, the operations before and after it, and which kinds it added or removed."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._before: Counter[str] = Counter()

    def before_pass(self, event: PassEvent) -> None:
        self._before = count_operations(event.root)

    def after_pass(self, event: PassEvent) -> None:
        after = count_operations(event.root)
        print(f"{event.text}: {self._before.total()} -> {after.total()} operations", file=self.stream)
        for name in sorted(self._before.keys() | after.keys()):
            difference = after[name] - self._before[name]
            if difference:
                print(f"  {difference:+5} {name}", file=self.stream)
