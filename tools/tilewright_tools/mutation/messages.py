"""The parent's side of sessions: several children at once, and what each of them said."""

from __future__ import annotations

import json
import os
import selectors
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tilewright_tools.mutation.child import Session, start

# Beyond the limit of CPU time, which a child that sleeps never reaches.
SILENCE_LIMIT = 900.0


@dataclass
class Child:
    """A running session, and what it has said so far."""

    process: int
    on_end: Callable[[Result], None]
    buffer: bytes = b""
    messages: list[dict[str, Any]] = field(default_factory=list)
    heard: float = field(default_factory=time.monotonic)
    silenced: bool = False


@dataclass(frozen=True)
class Result:
    """A session that has ended: its messages, and the signal that ended it, or 0."""

    messages: list[dict[str, Any]]
    signal: int
    code: int

    @property
    def running(self) -> str:
        """The test that was running at the end, or nothing."""
        last = self.messages[-1] if self.messages else {}
        return last["test"] if last.get("event") == "start" else ""

    @property
    def timed_out(self) -> bool:
        return self.signal in (signal.SIGPROF, signal.SIGKILL)


class Children:
    """Runs sessions, at most as many at a time as the caller starts."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.running: dict[int, Child] = {}

    def __len__(self) -> int:
        return len(self.running)

    def start(self, session: Session, on_end: Callable[[Result], None]) -> None:
        process, reader = start(session)
        self.running[reader] = Child(process, on_end)
        self.selector.register(reader, selectors.EVENT_READ)

    def wait(self) -> None:
        """Wait until something happens; ended children are handed to whoever started them."""
        for key, _ in self.selector.select(timeout=5.0):
            self._read(key.fd)
        for child in self.running.values():
            if time.monotonic() - child.heard > SILENCE_LIMIT and not child.silenced:
                child.silenced = True
                os.kill(child.process, signal.SIGKILL)

    def _read(self, reader: int) -> None:
        child = self.running[reader]
        data = os.read(reader, 1 << 20)
        child.heard = time.monotonic()
        child.buffer += data
        *lines, child.buffer = child.buffer.split(b"\n")
        child.messages += [json.loads(line) for line in lines]
        if data:
            return
        self.selector.unregister(reader)
        os.close(reader)
        del self.running[reader]
        _, status = os.waitpid(child.process, 0)
        code = os.waitstatus_to_exitcode(status)
        child.on_end(Result(child.messages, -code if code < 0 else 0, max(code, 0)))

    def stop(self) -> None:
        """End whatever runs."""
        for child in self.running.values():
            os.kill(child.process, signal.SIGKILL)
        while self.running:
            self.wait()
