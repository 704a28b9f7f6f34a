"""How long each pass took."""

from __future__ import annotations

import json
from typing import Literal, TextIO

from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation, PassEvent


class Timing(Instrumentation):
    """Reports the seconds of every pass, in the order in which they ran, as text or as one JSON object."""

    def __init__(self, stream: TextIO, form: Literal["text", "json"] = "text") -> None:
        self.stream = stream
        self.form = form
        self.passes: list[tuple[PassEvent, bool]] = []

    def after_pass(self, event: PassEvent) -> None:
        self.passes.append((event, True))

    def after_failure(self, event: PassEvent) -> None:
        self.passes = [row for row in self.passes if row[0] is not event] + [(event, False)]

    def after_pipeline(self, root: ir.Operation) -> None:
        total = sum(event.seconds for event, _ in self.passes)
        if self.form == "json":
            print(json.dumps({"passes": [_record(*row) for row in self.passes], "seconds": total}), file=self.stream)
            return
        print("===---- Execution time report ----===", file=self.stream)
        print(f"  Total: {total:.4f} seconds", file=self.stream)
        for event, ok in self.passes:
            share = 100 * event.seconds / total if total else 0.0
            failed = "" if ok else " (failed)"
            print(f"  {event.seconds:8.4f} ({share:5.1f}%)  {event.text}{failed}", file=self.stream)


def _record(event: PassEvent, ok: bool) -> dict[str, object]:
    return {"ordinal": event.ordinal, "pass": event.text, "anchor": event.anchor, "seconds": event.seconds, "ok": ok}
