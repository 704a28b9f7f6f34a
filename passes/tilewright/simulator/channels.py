"""Channels: a ring of stages between a producer and a consumer that one agent runs in order."""

from __future__ import annotations

from tilewright.diagnostics import Note
from tilewright.simulator.copies import AsyncCopy, land
from tilewright.simulator.findings import Site
from tilewright.simulator.state import BlockState


class Channel:
    """A channel of `depth` stages; each counter is the iteration that its operation takes next."""

    __slots__ = ("acquired", "committed", "copies", "depth", "issued_at_acquire", "released", "site", "waited")

    def __init__(self, site: Site, depth: int) -> None:
        self.site = site
        self.depth = depth
        self.acquired = self.committed = self.waited = self.released = 0
        self.issued_at_acquire: dict[int, int] = {}
        self.copies: dict[int, list[AsyncCopy]] = {}

    def acquire(self, state: BlockState, site: Site, iteration: int) -> None:
        """Needs the stage free: iteration - depth released."""
        self._in_order(state, site, iteration, self.acquired)
        if iteration - self.depth >= self.released:
            self._deadlock(state, site, f"iteration {iteration - self.depth} to be released: its {self.depth} stages are full")
        self.acquired = iteration + 1
        self.issued_at_acquire[iteration] = state.current_agent.issued

    def commit(self, state: BlockState, site: Site, iteration: int) -> None:
        """Publishes the copies started since the acquire of the iteration."""
        self._in_order(state, site, iteration, self.committed)
        if iteration not in self.issued_at_acquire:
            state.report("channel-order", site, f"commits iteration {iteration}, which is not acquired", self._notes())
        first = self.issued_at_acquire.pop(iteration, state.current_agent.issued)
        self.copies[iteration] = state.current_agent.take_open(first)
        self.committed = iteration + 1

    def wait(self, state: BlockState, site: Site, iteration: int) -> None:
        """Needs the iteration committed; lands its copies."""
        self._in_order(state, site, iteration, self.waited)
        if iteration >= self.committed:
            self._deadlock(state, site, f"iteration {iteration} to be committed")
        for copy in self.copies.pop(iteration, []):
            land(state, copy)
        self.waited = iteration + 1

    def release(self, state: BlockState, site: Site, iteration: int) -> None:
        """Gives the stage of the iteration back."""
        self._in_order(state, site, iteration, self.released)
        if iteration >= self.waited:
            state.report("channel-order", site, f"releases iteration {iteration}, which is not waited for", self._notes())
        self.released = iteration + 1

    def _in_order(self, state: BlockState, site: Site, iteration: int, expected: int) -> None:
        if iteration != expected:
            message = f"takes iteration {iteration} of a channel, out of order: iteration {expected} comes next"
            state.report("channel-order", site, message, self._notes())

    def _deadlock(self, state: BlockState, site: Site, missing: str) -> None:
        state.abort("deadlock", site, f"waits for ever: a channel waits for {missing}", self._notes())

    def _notes(self) -> tuple[Note, ...]:
        message = (
            f"channel of depth {self.depth}: next iterations are acquire {self.acquired}, commit {self.committed}, "
            f"wait {self.waited}, release {self.released}"
        )
        return (Note(message, self.site.location),)
