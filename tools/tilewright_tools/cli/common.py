"""What every command line shares: how it starts, how it reports, and with which exit code it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

import click

from tilewright.backends.registry import check_runtime, target_from_environment
from tilewright.diagnostics import Diagnostic, TilewrightError
from tilewright.env import environment

INTERRUPTED = 130


def run_tool(name: str, command: click.Command, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with the code that the design's table gives; errors are one line on stderr."""
    sys.exit(tool_exit_code(name, command, arguments))


def tool_exit_code(name: str, command: click.Command, arguments: Sequence[str] | None = None) -> int:
    try:
        settings = environment()
        for warning in settings.warnings:
            print(f"{name}: warning: {warning}", file=sys.stderr)
        check_runtime(target_from_environment(settings), settings.runtime_kind, origin="TILEWRIGHT_RUNTIME_KIND")
        given = list(sys.argv[1:] if arguments is None else arguments)
        result = command.main(given, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.ClickException as failure:
        print(f"{name}: error: {failure.format_message()}", file=sys.stderr)
        return failure.exit_code
    except TilewrightError as failure:
        print_error(name, failure)
        return failure.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say, and the interpreter must not flush into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def print_error(tool: str, failure: TilewrightError) -> None:
    """One located line with its notes; an error without a place is the tool's own."""
    diagnostic = failure.diagnostic
    if diagnostic.location.file:
        print(diagnostic, file=sys.stderr)
        return
    print(f"{tool}: error: {diagnostic.message}", file=sys.stderr)
    for note in diagnostic.notes:
        print(note, file=sys.stderr)


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """To stderr, in order; MLIR's parser reports some errors twice in a row, which is printed once."""
    previous = None
    for diagnostic in diagnostics:
        if diagnostic != previous:
            print(diagnostic, file=sys.stderr)
        previous = diagnostic
