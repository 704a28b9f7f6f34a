"""Which lines of some files run, by a trace function that leaves all other code alone."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any


class LineTracer:
    """Records while it is entered; `take` gives what was recorded since the last time. Module and class bodies do not count."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.files = {str(file) for file in files}
        self.lines: dict[str, set[int]] = {}
        self.previous: Any = None

    def __enter__(self) -> None:
        self.previous = sys.gettrace()
        sys.settrace(self._enter_frame)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self.previous)

    def take(self) -> dict[str, list[int]]:
        taken = {file: sorted(lines) for file, lines in self.lines.items()}
        self.lines = {}
        return taken

    def _enter_frame(self, frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        # CO_NEWLOCALS is not set on module and class bodies, which an import runs.
        if code.co_filename not in self.files or not code.co_flags & 0x2:
            return None
        lines = self.lines.setdefault(code.co_filename, set())
        lines.add(frame.f_lineno)

        def trace_line(frame: FrameType, event: str, argument: object) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return trace_line

        return trace_line
