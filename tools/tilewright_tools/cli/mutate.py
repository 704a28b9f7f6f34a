"""`tilewright mutate`: put faults into the passes, one at a time, and see which of them the tests notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tilewright.diagnostics import InfrastructureError

PROJECT = Path(__file__).resolve().parents[3]


@click.command()
@click.option(
    "--only", multiple=True, metavar="FILE", help="Only mutants of these source files: a part of the path or a pattern."
)
@click.option("--sample", type=click.IntRange(min=0), default=600, show_default=True, metavar="N",
              help="So many mutants, drawn with --seed; 0 is all.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the sample.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Mutants at a time.")
@click.option("--budget", type=click.FloatRange(min=0), default=30.0, show_default=True, metavar="SECONDS",
              help="Time of the tests that one mutant meets.")  # fmt: skip
@click.option("--slack", type=click.FloatRange(min=0), default=10.0, show_default=True, metavar="SECONDS",
              help="CPU time that any test may take, beyond eight times what it took on the unchanged source.")  # fmt: skip
@click.option("--again", is_flag=True, help="Run those again that survived an earlier campaign.")
@click.option("--list", "list_only", is_flag=True, help="List the mutants, and run nothing.")
@click.option("--minimum", type=click.FloatRange(0, 1), default=0.95, show_default=True, help="The share that must be killed.")
@click.option("--json", "json_file", metavar="FILE", help="Write the report as JSON too.")
@click.option("--root", default=PROJECT, type=click.Path(exists=True, file_okay=False, path_type=Path), help="The project.")
@click.option(
    "--source", "sources", multiple=True, metavar="PATTERN", help="Source files, from the root (default: the passes)."
)
@click.option(
    "--tests", "tests", multiple=True, metavar="PATTERN", help="Test folders, from the root (default: those of the passes)."
)
def mutate(**given: Any) -> int:
    """Mutation testing of the passes.

    Each mutant is one small fault: a comparison flipped, a rule disabled, a constant changed. It meets the tests that execute
    its line, the likeliest killer first, until one fails. A campaign that was stopped goes on where it was.

    Exit code: 0 enough mutants were killed, 1 too few, 2 wrong usage, 3 something is missing on this machine.
    """
    try:
        from tilewright_tools.mutation.mutate import MutateOptions
        from tilewright_tools.mutation.mutate import mutate as run
    except ModuleNotFoundError as failure:
        raise InfrastructureError(f"{failure.name} is not installed; pip install tilewright[test]") from failure
    return run(MutateOptions(**{name: value for name, value in given.items() if value != ()}))
