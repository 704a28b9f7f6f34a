"""Where in the user's file something happens: the locations of operations and of errors."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import NoReturn

from tilewright.diagnostics import UNKNOWN_LOCATION, InputError, Note, SourceLocation

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

# What code of the user can raise by mistake; interrupts and our own errors pass through.
USER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def _is_ours(code_file: str) -> bool:
    return code_file.startswith(_PACKAGE) or code_file == contextlib.__file__


def _position(frame: FrameType, instruction: int, line: int) -> SourceLocation:
    """The place of an instruction of `frame`; Python 3.10 knows no columns and gets column 1."""
    code = frame.f_code
    column = 0
    if sys.version_info >= (3, 11) and instruction >= 0:
        _, _, start, _ = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,) * 4)
        column = start or 0
    return SourceLocation(code.co_filename, line, column + 1)


def user_location() -> SourceLocation:
    """The line of the user's code that is being executed: the innermost frame outside this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return UNKNOWN_LOCATION
    return _position(frame, frame.f_lasti, frame.f_lineno)


def fail(message: str, notes: tuple[Note, ...] = (), location: SourceLocation | None = None) -> NoReturn:
    """Raise an InputError at the user's line."""
    raise InputError(message, user_location() if location is None else location, notes)


def _error_location(traceback: TracebackType | None, fallback: SourceLocation, within: str | None) -> SourceLocation:
    location = fallback
    while traceback is not None:
        code_file = traceback.tb_frame.f_code.co_filename
        if not _is_ours(code_file) and (within is None or code_file == within):
            location = _position(traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)
        traceback = traceback.tb_next
    return location


@contextmanager
def located_user_errors(fallback: SourceLocation, within: str | None) -> Iterator[None]:
    """Turn an error of the user's Python code into an InputError at the last line of file `within` that led to it."""
    try:
        yield
    except (*USER_ERRORS, SystemExit) as error:
        location = _error_location(error.__traceback__, fallback, within)
        raise InputError(f"{type(error).__name__}: {error}", location) from error
