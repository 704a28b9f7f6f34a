"""RUN lines in this process: the small part of a shell that most lit tests need.

Pipelines of `tile-opt`, `tile-run`, `tilewright` and `FileCheck`, `not` before them, redirections `2>&1`, `2>/dev/null` and
`< FILE`. No process is started, so that what is imported here is what the test tests. A test that needs more is refused.
"""

from __future__ import annotations

import io
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

_RUN_LINE = re.compile(r"^\s*(?://|#|;)?\s*RUN:(?P<command>.*)$", re.MULTILINE)
_SUBSTITUTION = re.compile(r"%[A-Za-z]")
Tool = Callable[[list[str]], int]


class NeedsShell(Exception):
    """The test uses what only a shell can do."""


@dataclass(frozen=True)
class Command:
    """One command of a pipeline."""

    tool: str
    arguments: tuple[str, ...]
    negated: bool = False
    input: str | None = None
    errors: str = "keep"


def parse_run_lines(text: str, substitutions: dict[str, str]) -> list[list[Command]]:
    """The pipelines of a test; raises NeedsShell. A line that ends in a backslash goes on in the next RUN line."""
    pipelines: list[list[Command]] = []
    pending = ""
    for match in _RUN_LINE.finditer(text):
        pending += " " + match["command"].strip()
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        pipelines.append(_parse_pipeline(pending, substitutions))
        pending = ""
    if not pipelines or pending:
        raise NeedsShell("no RUN line, or one that does not end")
    return pipelines


def _parse_pipeline(line: str, substitutions: dict[str, str]) -> list[Command]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>;&")
    lexer.whitespace_split = True
    lexer.commenters = ""
    commands: list[list[str]] = [[]]
    for word in lexer:
        if word == "|":
            commands.append([])
        else:
            commands[-1].append(_substituted(word, substitutions))
    return [_parse_command(words) for words in commands]


def _substituted(word: str, substitutions: dict[str, str]) -> str:
    for name in sorted(substitutions, key=len, reverse=True):
        word = word.replace(name, substitutions[name])
    if _SUBSTITUTION.search(word):
        raise NeedsShell(f"{word}: a temporary file, or another program")
    return word


def _parse_command(words: list[str]) -> Command:
    negated = words[:1] == ["not"]
    rest = words[1:] if negated else list(words)
    if not rest or rest[0] not in TOOLS:
        raise NeedsShell(rest[0] if rest else "an empty command")
    tool, rest = rest[0], rest[1:]
    arguments: list[str] = []
    stdin: str | None = None
    errors = "keep"
    while rest:
        word = rest.pop(0)
        if word == "2" and rest[:2] in ([">&", "1"], [">", "/dev/null"]):
            errors = "join" if rest[0] == ">&" else "drop"
            del rest[:2]
        elif word == "<" and rest:
            stdin = rest.pop(0)
        elif set(word) <= set("|<>;&"):
            raise NeedsShell(word)
        else:
            arguments.append(word)
    return Command(tool, tuple(arguments), negated, stdin, errors)


def run_pipelines(pipelines: Sequence[Sequence[Command]]) -> str | None:
    """Run them in turn, as lit does with pipefail; what failed, with its error output, or None."""
    for pipeline in pipelines:
        output = ""
        for command in pipeline:
            if command.input is not None:
                output = Path(command.input).read_text(encoding="utf-8")
            code, output, errors = _run(command, output)
            if (code == 0) == command.negated:
                expected = "a failure" if command.negated else "success"
                return f"{command.tool} {shlex.join(command.arguments)}: exit code {code}, expected {expected}\n{errors}"
    return None


def _run(command: Command, text: str) -> tuple[int, str, str]:
    out = io.StringIO()
    errors = out if command.errors == "join" else io.StringIO()
    with _stdin(text), redirect_stdout(out), redirect_stderr(errors):
        try:
            code = TOOLS[command.tool](list(command.arguments))
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except Exception:
            traceback.print_exc()
            code = 1
    return code, out.getvalue(), errors.getvalue()


@contextmanager
def _stdin(text: str) -> Iterator[None]:
    previous = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = previous


def _tile_opt(arguments: list[str]) -> int:
    from tilewright_tools.cli.common import tool_exit_code
    from tilewright_tools.cli.tile_opt import tile_opt

    return tool_exit_code("tile-opt", tile_opt, arguments)


def _tile_run(arguments: list[str]) -> int:
    from tilewright_tools.cli.common import tool_exit_code
    from tilewright_tools.cli.tile_run import tile_run

    return tool_exit_code("tile-run", tile_run, arguments)


def _tilewright(arguments: list[str]) -> int:
    from tilewright_tools.cli.common import tool_exit_code
    from tilewright_tools.cli.tilewright import tilewright

    return tool_exit_code("tilewright", tilewright, arguments)


def _filecheck(arguments: list[str]) -> int:
    from filecheck.matcher import Matcher
    from filecheck.options import parse_argv_options

    return Matcher.from_opts(parse_argv_options(["FileCheck", *arguments])).run()


TOOLS: dict[str, Tool] = {"tile-opt": _tile_opt, "tile-run": _tile_run, "tilewright": _tilewright, "FileCheck": _filecheck}
