"""The table of a run: one row a stage."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tilewright.runtime.compare import LARGEST_ERROR
from tilewright.runtime.report import RunReport, Stage

WIDTH_WITHOUT_TERMINAL = 160
_PHRASE_LIMIT = 3


def print_table(report: RunReport, title: str, stream: TextIO) -> None:
    """Print the stages of `report` to `stream`; wide where that is no terminal, so that files hold whole lines."""
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else WIDTH_WITHOUT_TERMINAL)
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    table.add_column("pass", no_wrap=True)
    table.add_column("decision", overflow="fold")
    table.add_column("operations", justify="right", no_wrap=True)
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("max error", justify="right", no_wrap=True)
    table.add_column("findings")
    before = None
    for stage in report.stages:
        table.add_row(*_row(stage, before), style=None if stage.ok else "red")
        before = stage.operations
    console.print(table)


def _row(stage: Stage, before: int | None) -> list[Text]:
    operations = f"{stage.operations}" if before is None else f"{before} → {stage.operations}"
    milliseconds = "" if before is None else f"{1000 * stage.pass_seconds:.1f}"
    decision = "" if before is None else _decision(stage)
    cells = (stage.text, decision, operations, milliseconds, _error(stage), _findings(stage))
    return [Text(cell) for cell in cells]


def _decision(stage: Stage) -> str:
    phrases = list(dict.fromkeys(stage.decisions))
    more = [f"… {len(phrases) - _PHRASE_LIMIT} more"] if len(phrases) > _PHRASE_LIMIT else []
    return "; ".join(phrases[:_PHRASE_LIMIT] + more) or "nothing to do"


def _error(stage: Stage) -> str:
    error = stage.max_abs_error
    if error is None:
        return "not run"
    return "not finite" if error == LARGEST_ERROR else "0" if error == 0 else f"{error:.2e}"


def _findings(stage: Stage) -> str:
    kinds = [finding.kind for finding in stage.findings]
    wrong = [f"wrong {comparison.argument}" for comparison in stage.comparisons if not comparison.ok]
    counted = [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
    return ", ".join(counted + wrong) or ("failed" if stage.failed else "none")
