"""Making `.venv`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.l0_backend_agnostic
BOOTSTRAP = Path(__file__).resolve().parents[2] / "tools" / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module for a project in `tmp_path`, which notes the commands that it would run."""
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / "project" / ".venv")
    monkeypatch.setattr(module, "run", lambda command: None)
    (tmp_path / "project").mkdir()
    return module


def test_a_virtual_environment_that_is_a_link_is_replaced_and_what_it_links_to_left_alone(
    bootstrap: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    bootstrap.VENV.symlink_to(tmp_path / "other")
    bootstrap.make_virtual_environment()
    assert not bootstrap.VENV.is_symlink() and (tmp_path / "other").is_dir()


def test_a_folder_is_handed_to_venv_as_it_is(bootstrap: ModuleType) -> None:
    bootstrap.VENV.mkdir()
    bootstrap.make_virtual_environment()
    assert bootstrap.VENV.is_dir()
