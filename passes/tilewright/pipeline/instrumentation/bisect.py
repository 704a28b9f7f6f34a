"""Run only the first passes of a pipeline, to find the one that does harm."""

from __future__ import annotations

from typing import TextIO

from tilewright.pipeline.events import Instrumentation, PassEvent


class BisectLimit(Instrumentation):
    """Skips every pass whose ordinal is above `limit`, and tells about each on `stream`."""

    def __init__(self, limit: int, stream: TextIO) -> None:
        self.limit = limit
        self.stream = stream

    def should_run(self, event: PassEvent) -> bool:
        runs = event.ordinal <= self.limit
        verb = "running" if runs else "NOT running"
        print(f"BISECT: {verb} pass ({event.ordinal}) {event.text} on {event.anchor}", file=self.stream)
        return runs
