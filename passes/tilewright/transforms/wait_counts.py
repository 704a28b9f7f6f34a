"""How many asynchronous groups may still be pending at each wait of a software pipeline: counted, not guessed.

Each step commits every group once, empty or not, so the groups that follow a given one are known at every place. In the drain
the statements that have run out of iterations commit nothing, and the counts descend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tilewright.transforms.schedule import Schedule

Waits = Mapping[int, int]


@dataclass(frozen=True)
class PipelineWaits:
    """For each step, statement -> pending groups allowed at the wait before it."""

    prologue: tuple[Waits, ...]
    steady: Waits
    epilogue: tuple[Waits, ...]


def commit_places(schedule: Schedule) -> dict[int, int]:
    """After which statement each group is committed: statement -> group."""
    last: dict[int, int] = {}
    for statement in schedule.sequence:
        if schedule.groups[statement] >= 0:
            last[schedule.groups[statement]] = statement
    return {statement: group for group, statement in last.items()}


def pipeline_waits(schedule: Schedule, needs: Sequence[frozenset[int]]) -> PipelineWaits:
    """The waits of a pipeline. `needs`: for each statement the groups whose copies it reads."""
    depth = schedule.depth
    commits = commit_places(schedule)
    stage_of_group = {group: schedule.stages[statement] for statement, group in commits.items()}
    everything = frozenset(range(len(schedule.stages)))

    def run(first: int, active: Sequence[frozenset[int]], history: list[tuple[int, int]]) -> list[Waits]:
        steps: list[Waits] = []
        for offset, running in enumerate(active):
            step = first + offset
            committing = everything if step < depth else running
            steps.append(_one_step(schedule, needs, commits, stage_of_group, step, running, committing, history))
        return steps

    started = [frozenset(s for s in everything if schedule.stages[s] <= step) for step in range(depth)]
    history: list[tuple[int, int]] = []
    prologue = run(0, started, history)
    # A drain, or a steady step, has at least `depth` full steps behind it.
    full = [(step, commits[s]) for step in range(depth) for s in schedule.sequence if s in commits]
    steady = run(depth, [everything], list(full))[0]
    remaining = [frozenset(s for s in everything if schedule.stages[s] > step) for step in range(depth)]
    epilogue = run(depth, remaining, list(full))
    return PipelineWaits(tuple(prologue), steady, tuple(epilogue))


def _one_step(
    schedule: Schedule,
    needs: Sequence[frozenset[int]],
    commits: Mapping[int, int],
    stage_of_group: Mapping[int, int],
    step: int,
    running: frozenset[int],
    committing: frozenset[int],
    history: list[tuple[int, int]],
) -> Waits:
    """Go through one step's statements, extending `history` by its commits."""
    waits: dict[int, int] = {}
    ensured = -1
    committed = {commit: place for place, commit in enumerate(history)}
    for statement in schedule.sequence:
        if statement in running:
            places = [committed[step - schedule.stages[statement] + stage_of_group[group], group] for group in needs[statement]]
            required = max(places, default=-1)
            if required > ensured:
                waits[statement] = len(history) - 1 - required
                ensured = required
        if statement in commits and statement in committing:
            committed[step, commits[statement]] = len(history)
            history.append((step, commits[statement]))
    return waits
