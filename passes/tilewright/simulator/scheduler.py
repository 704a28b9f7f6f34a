"""Agents and their deterministic scheduler.

An agent is a generator that yields what it waits for. The first agent in order that can go on runs until its next wait
or arrival. Agents that start copies come first in even thread blocks and last in odd ones: running ahead as far as the
synchronisation lets them, and lagging behind as far as it lets them, show different mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from tilewright.diagnostics import Note
from tilewright.simulator.copies import AsyncCopy
from tilewright.simulator.findings import Site
from tilewright.simulator.state import BlockState


class Wait:
    """What an agent waits for: `ready` says whether it may go on, `describe` what is missing."""

    __slots__ = ("describe", "ready", "site")

    def __init__(self, site: Site, ready: Callable[[], bool], describe: Callable[[], str]) -> None:
        self.site = site
        self.ready = ready
        self.describe = describe


def proceed(site: Site) -> Wait:
    """A wait that lets other agents run first, and is over at once."""
    return Wait(site, lambda: True, lambda: "nothing")


class Rendezvous:
    """A barrier of all warp groups that run together; `generation` counts how often all have met."""

    __slots__ = ("arrived", "generation", "parties")

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self.arrived = 0
        self.generation = 0

    def arrive(self) -> int:
        """Arrive; gives the generation that has to pass before the agent goes on."""
        generation = self.generation
        self.arrived += 1
        if self.arrived == self.parties:
            self.arrived = 0
            self.generation += 1
        return generation


class Agent:
    """One agent: a warp group, or the thread block outside of them; it owns the asynchronous copies that it starts.

    `open` are its copies that no group holds yet, with their number of `issued`; `groups` its committed groups that have
    not landed, oldest first.
    """

    __slots__ = ("done", "generator", "groups", "issued", "open", "rendezvous", "role", "wait")

    def __init__(self, role: str, generator: Iterator[Wait], rendezvous: Rendezvous | None = None) -> None:
        self.role = role
        self.generator = generator
        self.rendezvous = rendezvous
        self.wait: Wait | None = None
        self.done = False
        self.open: list[tuple[int, AsyncCopy]] = []
        self.groups: list[list[AsyncCopy]] = []
        self.issued = 0

    def issue(self, copy: AsyncCopy) -> None:
        self.open.append((self.issued, copy))
        self.issued += 1

    def take_open(self, first: int) -> list[AsyncCopy]:
        """Close the open copies from number `first` on."""
        taken = [copy for number, copy in self.open if number >= first]
        self.open = [(number, copy) for number, copy in self.open if number < first]
        return taken

    def in_flight(self, state: BlockState) -> list[AsyncCopy]:
        """The copies that the agent has started and that have not landed, committed or not."""
        self.open = [(number, copy) for number, copy in self.open if copy in state.copies]
        committed = [copy for group in self.groups for copy in group if copy in state.copies]
        return committed + [copy for _, copy in self.open]

    def commit(self, state: BlockState, site: Site, group: int) -> None:
        """Close all open copies as one group; a copy that says another group is a finding."""
        copies = self.take_open(0)
        for copy in copies:
            if copy.group != group:
                note = Note(f"'{copy.site.name}' starts it here", copy.site.location)
                state.report("group-mismatch", site, f"closes group {group}, but a copy belongs to group {copy.group}", (note,))
        self.groups.append(copies)


def run_agents(state: BlockState, main: Agent) -> None:
    """Run `main`, and the agents that it starts, to the end; a deadlock is a finding that ends the execution."""
    state.scheduled = [main]
    while not main.done:
        agent = next((agent for agent in state.scheduled if not agent.done and _can_go_on(agent)), None)
        if agent is None:
            _report_deadlock(state)
        _advance(state, agent)


def _can_go_on(agent: Agent) -> bool:
    return agent.wait is None or agent.wait.ready()


def _advance(state: BlockState, agent: Agent) -> None:
    state.agent = agent
    agent.wait = next(agent.generator, None)
    agent.done = agent.wait is None


def start_agents(state: BlockState, agents: Sequence[Agent], copying: Sequence[bool]) -> None:
    """Schedule `agents` before the agent that starts them; `copying` says which of them start copies."""
    copies_last = sum(state.block) % 2 == 1
    order = sorted(zip(copying, agents, strict=True), key=lambda pair: pair[0] == copies_last)
    state.scheduled = [agent for _, agent in order] + state.scheduled


def _report_deadlock(state: BlockState) -> NoReturn:
    stuck = [agent for agent in state.scheduled if not agent.done and agent.wait is not None]
    notes: list[Note] = []
    for agent in stuck:
        assert agent.wait is not None
        message = f"{agent.role} stands at '{agent.wait.site.name}' and waits for {agent.wait.describe()}"
        notes.append(Note(message, agent.wait.site.location))
    for barrier in state.mbarriers:
        notes += barrier.notes()
    first = stuck[0].wait
    assert first is not None
    roles = ", ".join(agent.role for agent in stuck)
    state.abort("deadlock", first.site, f"waits for ever: no agent can go on ({roles})", tuple(notes))
