"""A pytest plugin that collects lit tests too, and runs them in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tilewright.pipeline.defaults import TILE_PIPELINE
from tilewright_tools.mutation.shell import Command, NeedsShell, parse_run_lines, run_pipelines

ASYNC_PIPELINE = TILE_PIPELINE.replace("tile-plan-pipeline", "tile-plan-pipeline{strategy=async}")


class LitPlugin:
    """Collects the files under `folder` that have RUN lines this process can run."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.root = root

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> LitFile | None:
        if not file_path.is_relative_to(self.folder) or file_path.name == "lit.cfg.py" or "Inputs" in file_path.parts:
            return None
        if file_path.suffix not in (".mlir", ".py"):
            return None
        substitutions = {
            "%s": str(file_path),
            "%S": str(file_path.parent),
            "%examples": str(self.root / "examples"),
            "%async_pipeline": ASYNC_PIPELINE,
            "%async-pipeline": ASYNC_PIPELINE,
        }
        try:
            pipelines = parse_run_lines(file_path.read_text(encoding="utf-8"), substitutions)
        except NeedsShell:
            # A file without tests: one that nothing collects would end the session.
            pipelines = []
        return LitFile.from_parent(parent, path=file_path, pipelines=pipelines)


class LitFile(pytest.File):
    def __init__(self, *, pipelines: list[list[Command]], **rest: Any) -> None:
        super().__init__(**rest)
        self.pipelines = pipelines

    def collect(self) -> Iterator[pytest.Item]:
        if self.pipelines:
            yield LitItem.from_parent(self, name="lit", pipelines=self.pipelines)


class LitItem(pytest.Item):
    def __init__(self, *, pipelines: list[list[Command]], **rest: Any) -> None:
        super().__init__(**rest)
        self.pipelines = pipelines

    def runtest(self) -> None:
        failure = run_pipelines(self.pipelines)
        if failure is not None:
            pytest.fail(failure, pytrace=False)
