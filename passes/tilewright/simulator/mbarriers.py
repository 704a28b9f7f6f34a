"""Mbarriers: rings whose stages complete phases, as PTX defines them.

A phase completes when nothing more has to arrive and the bytes it expects are those of the copies started for it. Copies
land as late as a kernel may assume: when an agent's wait sees the phase completed.
"""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.diagnostics import Note
from tilewright.simulator.copies import AsyncCopy, land
from tilewright.simulator.findings import Site
from tilewright.simulator.state import BlockState


class Stage:
    """One mbarrier: the current phase counts from 0, its parity is phase mod 2.

    `copies` are those of the phase that signal bytes, `awaited` those after which an arrival takes place.
    """

    __slots__ = ("awaited", "completed", "copies", "expected", "pending", "phase")

    def __init__(self, arrivals: int) -> None:
        self.phase = 0
        self.pending = arrivals
        self.expected = 0
        self.copies: list[AsyncCopy] = []
        self.awaited: list[AsyncCopy] = []
        self.completed: list[AsyncCopy] = []

    @property
    def started_bytes(self) -> int:
        return sum(copy.bytes for copy in self.copies)


class Mbarrier:
    """A ring of stages, each of which takes `arrivals` arrivals a phase."""

    __slots__ = ("arrivals", "site", "stages")

    def __init__(self, site: Site, arrivals: int, stages: int) -> None:
        self.site = site
        self.arrivals = arrivals
        self.stages = [Stage(arrivals) for _ in range(stages)]

    def notes(self) -> list[Note]:
        """For each stage: its phase, the arrivals it has, and what it waits for."""
        return [Note(f"mbarrier stage {i}: {self.describe(i)}", self.site.location) for i in range(len(self.stages))]

    def describe(self, index: int) -> str:
        stage = self.stages[index]
        missing = stage.expected - stage.started_bytes
        return (
            f"phase {stage.phase} (parity {stage.phase % 2}) has {self.arrivals - stage.pending} of {self.arrivals} arrivals, "
            f"{missing} of {stage.expected} expected bytes outstanding"
        )

    def stage(self, state: BlockState, site: Site, index: int) -> Stage:
        if not 0 <= index < len(self.stages):
            note = Note("the mbarrier is created here", self.site.location)
            state.abort("out-of-bounds", site, f"uses stage {index} of an mbarrier of {len(self.stages)} stages", (note,))
        return self.stages[index]

    def arrive(self, state: BlockState, site: Site, index: int, count: int, after: Sequence[AsyncCopy] = ()) -> None:
        """Arrive `count` times, when the copies `after` have landed: nobody can tell that before the phase completes."""
        stage = self.stage(state, site, index)
        if count > stage.pending:
            message = f"arrives {count} times at stage {index}, whose phase {stage.phase} waits for {stage.pending} arrivals"
            state.report("over-arrival", site, message, tuple(self.notes()))
        stage.pending = max(0, stage.pending - count)
        stage.awaited += after
        self._complete(state, site, index)

    def expect(self, state: BlockState, site: Site, index: int, count: int) -> None:
        self.stage(state, site, index).expected += count
        self._complete(state, site, index)

    def start(self, state: BlockState, site: Site, index: int, copy: AsyncCopy) -> None:
        self.stage(state, site, index).copies.append(copy)
        self._complete(state, site, index)

    def _complete(self, state: BlockState, site: Site, index: int) -> None:
        stage = self.stages[index]
        started = stage.started_bytes
        if stage.pending or started < stage.expected:
            return
        if started > stage.expected:
            message = f"completes phase {stage.phase} of stage {index}: {started} bytes are copied, {stage.expected} expected"
            state.report("bytes-mismatch", site, message, (Note("the mbarrier is created here", self.site.location),))
        stage.phase += 1
        stage.pending = self.arrivals
        stage.expected = 0
        stage.completed += stage.copies + stage.awaited
        stage.copies, stage.awaited = [], []

    def passes(self, index: int, parity: int) -> bool:
        """Whether the phase of `parity` has completed: the current phase has the other parity."""
        return self.stages[index].phase % 2 != parity

    def observe(self, state: BlockState, index: int) -> None:
        """Land the copies of completed phases: an agent has seen them."""
        stage = self.stages[index]
        for copy in stage.completed:
            land(state, copy)
        stage.completed = []
