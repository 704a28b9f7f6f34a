"""MLIR's option parser writes some of its errors to the C++ stderr: here they are caught, to be reported once."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class NativeOutput:
    """What was written, complete once the `with` block has ended."""

    text: str = ""


@contextmanager
def captured_native_stderr() -> Iterator[NativeOutput]:
    """Redirect file descriptor 2 for a moment; nothing is printed."""
    output = NativeOutput()
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield output
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            captured.seek(0)
            output.text = captured.read().decode(errors="replace")
