"""Input files: reading, splitting, parsing, with locations that name the file as the user called it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.diagnostics import Diagnostic, DiagnosticSink, InputError, SourceLocation

if TYPE_CHECKING:
    from tilewright.mlir import ir

SPLIT_MARKER = "// -----"
_PARSED_TEXT = "-"  # MLIR's name for text that was not parsed from a file


class ParseFailure(InputError):
    """The input does not parse or verify: the errors are in the sink already."""


@dataclass(frozen=True)
class Source:
    """Text under the name that messages give it; `path` where the text is all of a file."""

    name: str
    text: str
    path: Path | None = None


def read_source(argument: str) -> Source:
    """Read a file, or stdin for ``-``; raises InputError, located, for what is not readable text."""
    if argument == "-":
        return Source("<stdin>", _decoded(sys.stdin.buffer.read(), "<stdin>"))
    path = Path(argument)
    if path.is_dir():
        raise InputError("is a directory; the input needs a file", SourceLocation(argument))
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else str(failure)
        raise InputError(f"cannot be read: {reason}", SourceLocation(argument)) from failure
    return Source(argument, _decoded(data, argument), path if path.is_file() else None)


def split_source(source: Source) -> list[Source]:
    """The chunks between ``// -----`` lines; each keeps its line numbers, by empty lines in front."""
    chunks: list[list[str]] = [[]]
    for number, line in enumerate(source.text.split("\n")):
        if line.strip() == SPLIT_MARKER:
            chunks.append([""] * (number + 1))
        else:
            chunks[-1].append(line)
    if len(chunks) == 1:
        return [source]
    return [Source(source.name, "\n".join(lines)) for lines in chunks]


def parse_module(source: Source, sink: DiagnosticSink) -> ir.Module:
    """Parse and verify in the current context; raises ParseFailure, its errors in `sink`."""
    from tilewright.mlir import ir

    sink.rename[_PARSED_TEXT] = source.name
    errors_before = len(sink.errors)
    try:
        return ir.Module.parseFile(str(source.path)) if source.path is not None else ir.Module.parse(source.text)
    except ir.MLIRError as failure:
        if len(sink.errors) == errors_before:
            sink.emit(_custom_form(source) or Diagnostic("error", str(failure), SourceLocation(source.name)))
        raise ParseFailure("the input does not parse", SourceLocation(source.name)) from failure


def _custom_form(source: Source) -> Diagnostic | None:
    """An error at the first operation of ours that is not in generic form: MLIR fails there without a word."""
    for number, line in enumerate(source.text.split("\n"), 1):
        code = line.split("//")[0]
        operation = code.split("=", 1)[-1] if code.lstrip().startswith("%") else code
        if operation.lstrip().startswith("tile."):
            name = operation.split()[0]
            message = f'{name} is an operation of the tile dialect, which has the generic form only: write "{name}"(…)'
            return Diagnostic("error", message, SourceLocation(source.name, number, line.index(name) + 1))
    return None


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as failure:
        line = data.count(b"\n", 0, failure.start) + 1
        column = failure.start - data.rfind(b"\n", 0, failure.start)
        raise InputError("is not text: a byte here is not UTF-8", SourceLocation(name, line, column)) from failure
