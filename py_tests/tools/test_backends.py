"""Backends and targets by name, third-party ones included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tilewright.backends import registry
from tilewright.backends.base import Backend
from tilewright.diagnostics import UsageError
from tilewright.machine import Machine, machine_for

pytestmark = pytest.mark.l0_backend_agnostic


class OtherBackend(Backend):
    name = "other"

    def targets(self) -> tuple[str, ...]:
        return ("other:x1",)

    def machine(self, target: str) -> Machine:
        return machine_for("cuda:sm_80")

    def default_pipeline(self, target: str) -> str:
        return "builtin.module(canonicalize)"


@dataclass(frozen=True)
class EntryPoint:
    name: str = "other"

    def load(self) -> Any:
        return OtherBackend


def test_the_default_target_of_a_backend_is_its_first():
    assert registry.find_target("cuda").name == "cuda:sm_90a"
    assert registry.find_target("sim").machine == registry.find_target("cuda:sm_90a").machine


@pytest.mark.parametrize("name", registry.all_targets())
def test_every_target_has_a_machine_a_pipeline_and_a_runtime(name: str):
    target = registry.find_target(name)
    assert target.machine.spaces
    assert target.default_pipeline.startswith("builtin.module(gpu.module(tile-plan-pipeline,")
    assert "sim" in target.runtimes


def test_unknown_targets_suggest_the_nearest():
    with pytest.raises(UsageError, match="unknown target 'cuda:sm90'; did you mean 'cuda:sm_90a'"):
        registry.find_target("cuda:sm90")


def test_third_parties_register_through_the_entry_point_group(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [EntryPoint()]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    target = registry.find_target("other:x1")
    assert (target.default_pipeline, target.machine.target) == ("builtin.module(canonicalize)", "cuda:sm_80")
    assert registry.backend_names() == ["sim", "cuda", "other"]
    assert set(asked) == {"tilewright.backends"}
