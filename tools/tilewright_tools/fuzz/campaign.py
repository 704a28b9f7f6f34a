"""Many seeds: in worker processes, so that a crash costs one seed; resumable; what is wrong is shrunk and kept."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tilewright.diagnostics import InputError
from tilewright_tools.fuzz.checking import Failure, check, configurations
from tilewright_tools.fuzz.generate import generate
from tilewright_tools.fuzz.keeping import keep, lit_test
from tilewright_tools.fuzz.program import Program, from_json, to_json
from tilewright_tools.fuzz.shrinking import shrink

REFERENCE_EVERY = 10
SECONDS_A_SEED = 300.0
_SECONDS_A_PROGRAM = 30.0
_ATTEMPTS_IN_PROCESSES = 60
_REPORT_EVERY = 10.0


@dataclass(frozen=True)
class Record:
    """What came of one seed; `failure` is empty where nothing went wrong, `test` is the shrunk kernel as a lit test."""

    seed: int
    clean: bool = True
    runs: int = 0
    refused: int = 0
    failure: str = ""
    test: str = ""
    kept: str = ""


def run_seed(seed: int, folder: Path | None = None) -> Record:
    """Generate, check, and where something is wrong shrink; the lit test goes to `folder`."""
    program, pipelines = generate(seed), configurations(seed)
    try:
        outcome = check(program, pipelines, reference=seed % REFERENCE_EVERY == 0)
    except InputError as refused:
        return Record(seed, failure=f"the language refuses it: {refused.diagnostic}")
    record = Record(seed, outcome.clean, outcome.runs, outcome.refused)
    if outcome.failure is None:
        return record
    small, failure = shrunk(program, outcome.failure)
    kept = str(keep(folder, small, failure, seed)) if folder is not None else ""
    return replace(record, failure=str(failure), test=lit_test(small, failure, seed), kept=kept)


def shrunk(program: Program, failure: Failure) -> tuple[Program, Failure]:
    """The program made small, and its failure."""
    latest = [failure]

    def fails(candidate: Program) -> bool:
        try:
            found = check(candidate, [failure.configuration], reference=failure.kind == "reference").failure
        except InputError:
            return False
        if found is None or not failure.same_as(found):
            return False
        latest.append(found)
        return True

    return shrink(program, fails), latest[-1]


def run_campaign(seeds: Iterable[int], jobs: int, state: Path | None, folder: Path | None) -> int:
    """Run seeds in `jobs` processes, print how it goes; returns how many were wrong, those in `state` among them."""
    records = _records(state)
    wanted = list(seeds)
    done = {record.seed: record for record in records}
    left = [seed for seed in wanted if seed not in done]
    counts = Counts(len(wanted), [done[seed] for seed in wanted if seed in done])
    workers = [Worker(folder) for _ in range(min(jobs, len(left)))]
    try:
        for record in _dispatch(workers, left):
            if state is not None:
                with state.open("a") as file:
                    file.write(json.dumps(asdict(record)) + "\n")
            counts.add(record)
    finally:
        for worker in workers:
            worker.stop()
    counts.report()
    return counts.wrong


def _records(state: Path | None) -> list[Record]:
    if state is None or not state.exists():
        return []
    return [Record(**json.loads(line)) for line in state.read_text().splitlines()]


def _dispatch(workers: list[Worker], seeds: list[int]) -> Iterable[Record]:
    """A record for each seed, in the order in which they are ready."""
    waiting = iter(seeds)
    for worker in workers:
        worker.give(next(waiting))
    busy = list(workers)
    while busy:
        wait([worker.connection for worker in busy], timeout=1.0)
        for worker in list(busy):
            record = worker.taken()
            if record is None:
                continue
            yield record
            following = next(waiting, None)
            if following is None:
                busy.remove(worker)
            else:
                worker.give(following)


class Counts:
    """The figures of a campaign, printed now and then."""

    def __init__(self, total: int, before: list[Record]) -> None:
        self.total = total
        self.seeds = self.runs = self.refused = self.empty = self.wrong = 0
        for record in before:
            self._count(record)
        self.before = self.seeds
        self.started = self.reported = time.monotonic()

    def _count(self, record: Record) -> None:
        self.seeds += 1
        self.runs += record.runs
        self.refused += record.refused
        self.empty += not record.clean
        self.wrong += bool(record.failure)

    def add(self, record: Record) -> None:
        """Count one more, and say what is wrong with it."""
        self._count(record)
        if record.failure:
            print(f"seed {record.seed}: {record.failure}\n{record.kept or record.test}", flush=True)
        if time.monotonic() - self.reported > _REPORT_EVERY:
            self.report()

    def report(self) -> None:
        """One line."""
        self.reported = time.monotonic()
        rate = (self.seeds - self.before) / max(self.reported - self.started, 1e-3)
        print(
            f"{self.seeds} of {self.total} seeds: {self.runs} runs kept all values; {self.empty} input forms read what was "
            f"never written, {self.refused} runs were refused by design; {self.wrong} wrong; {rate:.1f} seeds/s",
            flush=True,
        )


class Worker:
    """A process that runs one seed at a time, and is replaced when it dies or takes too long."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.seed: int | None = None
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, self.folder), daemon=True)
        self.process.start()
        other.close()

    def give(self, seed: int) -> None:
        """Let it run a seed."""
        self.seed, self.since = seed, time.monotonic()
        self.connection.send(seed)

    def taken(self) -> Record | None:
        """The record of its seed, or None while it is at work."""
        assert self.seed is not None
        try:
            if self.connection.poll():
                return Record(**self.connection.recv())
        except (EOFError, ConnectionResetError):
            self.process.join()
            return self._lost(f"the process ended with exit code {self.process.exitcode}")
        if time.monotonic() - self.since > SECONDS_A_SEED:
            return self._lost(f"not done after {SECONDS_A_SEED:.0f} seconds")
        return None

    def _lost(self, what: str) -> Record:
        assert self.seed is not None
        self.stop()
        self._start()
        program, pipelines = generate(self.seed), configurations(self.seed)
        if not _dies(program, pipelines):
            return Record(self.seed, failure=f"{what}; alone, the kernel ends well")
        small = shrink(program, lambda candidate: _dies(candidate, pipelines), _ATTEMPTS_IN_PROCESSES)
        failure = Failure(pipelines[0], "some pass", "crash", what)
        kept = str(keep(self.folder, small, failure, self.seed)) if self.folder is not None else ""
        return Record(self.seed, failure=what, test=lit_test(small, failure, self.seed), kept=kept)

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(connection: Connection, folder: Path | None) -> None:
    while True:
        try:
            seed = connection.recv()
        except (EOFError, ConnectionResetError):
            sys.exit(0)
        connection.send(asdict(run_seed(seed, folder)))


def _dies(program: Program, pipelines: list[Any]) -> bool:
    """Whether a process that runs this program does not end well."""
    process = multiprocessing.get_context("spawn").Process(target=_check, args=(to_json(program), pipelines), daemon=True)
    process.start()
    process.join(_SECONDS_A_PROGRAM)
    alive = process.is_alive()
    if alive:
        process.kill()
        process.join()
    return alive or (process.exitcode or 0) < 0


def _check(program: str, pipelines: list[Any]) -> None:
    try:
        check(from_json(program), pipelines)
    except InputError:
        sys.exit(1)
