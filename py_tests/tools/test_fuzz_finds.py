"""Random kernels find a pass that is wrong, and what they leave is a lit test that shows it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tilewright.runtime.reference_jit import run_reference
from tilewright.transforms import async_loop
from tilewright.transforms.wait_counts import PipelineWaits, pipeline_waits
from tilewright_tools.fuzz import checking
from tilewright_tools.fuzz.campaign import Record, Worker, run_campaign, run_seed
from tilewright_tools.fuzz.checking import Configuration, check, configurations
from tilewright_tools.fuzz.generate import generate

pytestmark = pytest.mark.l2_simulator

# A seed with an asynchronous loop whose waits matter.
SEED = 4
# A seed with a loop that copies to a tile, and writes over it before anything reads it.
LOST = 8175


def _one_more_pending(*arguments) -> PipelineWaits:
    waits = pipeline_waits(*arguments)
    return PipelineWaits(waits.prologue, {s: pending + 1 for s, pending in waits.steady.items()}, waits.epilogue)


def test_a_wait_that_leaves_too_many_pending_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(async_loop, "pipeline_waits", _one_more_pending)
    record = next(found for found in (run_seed(seed, tmp_path) for seed in range(SEED, SEED + 40)) if found.failure)
    assert "after tile-inject-software-pipeline: in-flight-" in record.failure
    (kept,) = tmp_path.glob("*.mlir")
    text = kept.read_text()
    assert record.kept == str(kept) and record.test == text
    assert "// TIER: l2_simulator, sim\n// RUN: tile-run %s --simulate-each --tolerance 0" in text
    assert text.count("memref.copy") + text.count("tile.copy_in") <= 3
    assert "/" not in text.splitlines()[3].removeprefix("//")
    monkeypatch.undo()
    assert run_seed(record.seed).failure == ""


def test_nothing_is_wrong_with_an_input_form_that_says_nothing() -> None:
    seed = next(seed for seed in range(100) if not check(generate(seed), configurations(seed)).clean)
    outcome = check(generate(seed), [Configuration("cuda:sm_80")])
    assert (outcome.clean, outcome.runs, outcome.failure) == (False, 0, None)


def test_a_lost_copy_is_refused_and_nothing_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(generate(LOST), configurations(LOST)).refused
    monkeypatch.setattr(checking, "loses_a_copy", lambda _: False)
    failure = check(generate(LOST), configurations(LOST)).failure
    assert failure is not None and failure.kind == "error" and " is lost" in failure.message


def test_a_campaign_goes_on_where_it_stopped(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state.jsonl"
    assert run_campaign(range(2), jobs=2, state=state, folder=None) == 0
    first = [Record(**json.loads(line)) for line in state.read_text().splitlines()]
    assert sorted(record.seed for record in first) == [0, 1]
    assert run_campaign(range(3), jobs=1, state=state, folder=None) == 0
    seeds = [json.loads(line)["seed"] for line in state.read_text().splitlines()]
    assert sorted(seeds) == [0, 1, 2]
    assert "3 of 3 seeds" in capfd.readouterr().out.splitlines()[-1]


def test_a_process_that_ends_costs_one_seed() -> None:
    worker = Worker(None)
    try:
        worker.give(1)
        worker.process.kill()
        record = None
        while record is None:
            record = worker.taken()
        assert record == Record(1, failure="the process ended with exit code -9; alone, the kernel ends well")
        worker.give(1)
        record = None
        while record is None:
            record = worker.taken()
        assert record.failure == ""
    finally:
        worker.stop()


def test_an_input_form_that_the_simulator_gets_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(kernel, arguments) -> None:
        run_reference(kernel, arguments)
        for values in arguments:
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                values += np.asarray(1, values.dtype)

    seed = next(seed for seed in range(100) if check(generate(seed), configurations(seed)).runs)
    assert check(generate(seed), configurations(seed), reference=True).failure is None
    monkeypatch.setattr(checking, "run_reference", wrong)
    failure = check(generate(seed), configurations(seed), reference=True).failure
    assert failure is not None and (failure.stage, failure.kind) == ("input form", "reference")
