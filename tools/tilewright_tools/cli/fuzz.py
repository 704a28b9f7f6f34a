"""`tilewright fuzz`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--first", type=click.IntRange(min=0), default=0, show_default=True, help="The first seed.")
@click.option("--count", type=click.IntRange(min=1), default=1000, show_default=True, help="How many seeds.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes side by side.")
@click.option("--state", type=click.Path(path_type=Path), metavar="FILE", help="Keep results here, and go on from them.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Write each shrunk kernel here, as a lit test.")
def fuzz(first: int, count: int, jobs: int, state: Path | None, keep: Path | None) -> int:
    """Take random kernels through the passes, executing every stage; shrink those that go wrong.

    Exit code: 0 nothing went wrong, 1 something did.
    """
    from tilewright_tools.fuzz.campaign import run_campaign

    return 1 if run_campaign(range(first, first + count), jobs, state, keep) else 0
