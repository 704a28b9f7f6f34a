"""Writing results: beside their place, then renamed, so that a failure leaves the old file or none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tilewright.diagnostics import SourceLocation, UsageError


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` to `path`, making its folder; raises UsageError where that is not possible."""
    data = content.encode() if isinstance(content, str) else content
    if path.is_dir():
        raise UsageError("is a directory; the output needs a file", SourceLocation(str(path)))
    if path.exists() and not path.is_file():
        _write_through(path, data)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as failure:
        raise UsageError(f"cannot be written: {failure.strerror}", SourceLocation(str(path))) from failure
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(beside, _mode_of_new_files())
        os.replace(beside, path)
    except OSError as failure:
        Path(beside).unlink(missing_ok=True)
        raise UsageError(f"cannot be written: {failure.strerror}", SourceLocation(str(path))) from failure


def _write_through(path: Path, data: bytes) -> None:
    """A device or a pipe, /dev/null for example, is written to: it cannot be replaced."""
    try:
        path.write_bytes(data)
    except OSError as failure:
        raise UsageError(f"cannot be written: {failure.strerror}", SourceLocation(str(path))) from failure


def _mode_of_new_files() -> int:
    """What the process's umask leaves of rw-rw-rw-: temporary files are private, results are not."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
