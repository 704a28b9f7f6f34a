"""What one thread block's execution carries besides its values: frames hold it in slot 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from tilewright.diagnostics import Note
from tilewright.simulator.findings import Aborted, Recorder, Site

if TYPE_CHECKING:
    import numpy as np

    from tilewright.simulator.copies import AsyncCopy
    from tilewright.simulator.mbarriers import Mbarrier
    from tilewright.simulator.scheduler import Agent

Frame = list[Any]
"""The values of one thread block by slot. Slot 0 is its `BlockState`."""

STATE = 0


class BlockState:
    """A thread block while it executes.

    `lane_shape` is the shape of the parallel loops around the current operation, which are evaluated as whole arrays;
    the innermost loop's dimensions stand first, so that values of outer loops broadcast without a reshape. `mask` says
    which lanes are active, None for all.
    """

    __slots__ = (
        "agent",
        "block",
        "copies",
        "grid",
        "lane_shape",
        "mask",
        "mbarriers",
        "recorder",
        "scheduled",
        "step_limit",
        "steps",
        "threads",
    )

    def __init__(
        self,
        block: tuple[int, int, int],
        grid: tuple[int, int, int],
        threads: tuple[int, int, int],
        recorder: Recorder,
        step_limit: int,
    ) -> None:
        self.block = block
        self.grid = grid
        self.threads = threads
        self.recorder = recorder
        self.agent: Agent | None = None
        self.scheduled: list[Agent] = []
        self.mask: np.ndarray | None = None
        self.lane_shape: tuple[int, ...] = ()
        self.steps = 0
        self.step_limit = step_limit
        self.mbarriers: list[Mbarrier] = []
        self.copies: dict[AsyncCopy, None] = {}

    @property
    def current_agent(self) -> Agent:
        assert self.agent is not None
        return self.agent

    def report(self, kind: str, site: Site, message: str, notes: tuple[Note, ...] = ()) -> None:
        self.recorder.report(kind, site, message, notes)

    def abort(self, kind: str, site: Site, message: str, notes: tuple[Note, ...] = ()) -> NoReturn:
        """Record a finding after which the kernel cannot go on, and end the execution."""
        self.recorder.report(kind, site, message, notes)
        raise Aborted

    def count_iteration(self, site: Site, steps: int) -> None:
        """Count an iteration of the loop at `site`; ends the execution at the step limit."""
        self.steps += steps
        if self.steps > self.step_limit:
            self.abort("step-limit", site, f"is still running after {self.step_limit} steps")
