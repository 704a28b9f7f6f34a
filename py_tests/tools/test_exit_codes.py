"""The exit codes of the tools, and that bad input is told in one located line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright_tools.cli.common import tool_exit_code
from tilewright_tools.cli.tile_opt import tile_opt

pytestmark = pytest.mark.l1a_compile_no_target_dialect

GOOD = "func.func @f() {\n  return\n}\n"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("ARCH", "COMPILE_ONLY", "TILEWRIGHT_DUMP_IR", "TILEWRIGHT_ARCH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.mlir"
    path.write_text(GOOD)
    return path


def test_fine(good: Path, capsys: pytest.CaptureFixture[str]):
    assert tool_exit_code("tile-opt", tile_opt, [str(good), "--canonicalize"]) == 0
    assert "func.func @f" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "start"),
    [
        (["missing.mlir"], 1, "missing.mlir: error: cannot be read"),
        ([], 2, "tile-opt: error: an input FILE is needed"),
        (["GOOD", "--nonsense"], 2, "tile-opt: error: unknown pass or option '--nonsense'"),
        (["GOOD", "--pass-pipeline=builtin.module(nonsense)"], 2, "<pass-pipeline>:1:16: error: unknown pass 'nonsense'"),
        (["GOOD", "--pass-pipeline="], 2, "tile-opt: error: --pass-pipeline is empty"),
        (["GOOD", "--target", "nonsense"], 2, "tile-opt: error: unknown target 'nonsense'"),
        (["GOOD", "--timing=xml"], 2, "tile-opt: error: Invalid value for '--timing'"),
        (["GOOD", "--verify-each=maybe"], 2, "tile-opt: error: Invalid value for '--verify-each'"),
        (["GOOD", "extra"], 2, "tile-opt: error: Got unexpected extra argument"),
        (["GOOD", "-o", "GOOD/below"], 2, "GOOD/below: error: cannot be written"),
    ],
)
def test_bad_calls(arguments: list[str], code: int, start: str, good: Path, capfd: pytest.CaptureFixture[str]):
    given = [argument.replace("GOOD", str(good)) for argument in arguments]
    assert tool_exit_code("tile-opt", tile_opt, given) == code
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.startswith(start.replace("GOOD", str(good)))
    assert output.err.count("\n") == 1


BAD_VARIABLES = [
    "COMPILE_ONLY",
    "TILEWRIGHT_COMPILE_BACKEND",
    "TILEWRIGHT_DUMP_IR",
    "TILEWRIGHT_GOLDEN_THREADS",
    "TILEWRIGHT_RUNTIME_KIND",
]


@pytest.mark.parametrize("variable", BAD_VARIABLES)
def test_a_bad_variable_stops_every_tool(
    variable: str, good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from tilewright_tools.cli.tile_run import tile_run
    from tilewright_tools.cli.tilewright import tilewright

    monkeypatch.setenv(variable, "nonsense")
    calls = [("tile-opt", tile_opt, [str(good)]), ("tile-run", tile_run, [str(good)]), ("tilewright", tilewright, ["env"])]
    for name, command, arguments in calls:
        assert tool_exit_code(name, command, arguments) == 2
        assert capsys.readouterr().err.startswith(f"{name}: error: {variable}=nonsense: ")


def test_a_failure_leaves_the_old_output(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    bad, output = tmp_path / "bad.mlir", tmp_path / "out" / "result.mlir"
    bad.write_text("func.func @f() {\n  oops\n}\n")
    assert tool_exit_code("tile-opt", tile_opt, [str(good), "-o", str(output)]) == 0
    kept = output.read_text()
    assert tool_exit_code("tile-opt", tile_opt, [str(bad), "-o", str(output)]) == 1
    assert capsys.readouterr().err == f"{bad}:2:3: error: custom op 'oops' is unknown (tried 'func.oops' as well)\n"
    assert output.read_text() == kept
    assert [path.name for path in output.parent.iterdir()] == ["result.mlir"]


def test_locations_in_later_chunks_keep_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "chunks.mlir"
    path.write_text(GOOD + "// -----\n" + "func.func @g() {\n  oops\n}\n")
    assert tool_exit_code("tile-opt", tile_opt, [str(path), "--split-input-file"]) == 1
    assert capsys.readouterr().err.startswith(f"{path}:6:3: error: custom op 'oops'")
