"""Mutation testing: which mutants a module has, which of them tests notice, and what is kept of that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tilewright.diagnostics import InputError
from tilewright_tools.mutation.equivalents import load_equivalents
from tilewright_tools.mutation.lines import LineTracer
from tilewright_tools.mutation.mutants import Mutant, mutants_of
from tilewright_tools.mutation.shell import NeedsShell, parse_run_lines, run_pipelines

pytestmark = pytest.mark.l0_backend_agnostic

ROOT = Path(__file__).resolve().parents[2]

MODULE = '''"""A module."""


def clamp(value, low=0):
    """At least `low`."""
    if value < low:
        return low
    while value > 100:
        value -= 1
    return value


def name(value):
    raise ValueError(f"bad {value + 1}")


def unused(value):
    return value * 2
'''

TESTS = """from clamped import clamp


def test_inside():
    assert clamp(3) == 3


def test_below():
    assert clamp(-3) == 0


def test_above():
    assert clamp(103) == 100
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "clamped.py").write_text(MODULE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_clamped.py").write_text(TESTS)
    return tmp_path


def run_tool(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    tool = [
        sys.executable,
        "-m",
        "tilewright_tools.cli.tilewright",
        "mutate",
        "--root",
        str(project),
        "--jobs",
        "1",
        "--slack",
        "1",
    ]
    return subprocess.run(
        [*tool, "--source", "clamped.py", "--tests", "tests", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def report_of(project: Path, *arguments: str) -> dict[str, Any]:
    run_tool(project, "--json", str(project / "report.json"), *arguments)
    return json.loads((project / "report.json").read_text())


def texts(source: str) -> list[str]:
    return [mutant.mutated for mutant in mutants_of(source, "m.py")]


@pytest.mark.parametrize(
    "source, expected",
    [
        ("x = a < b", ["x = (a >= b)", "x = (a <= b)"]),
        ("x = a is None", ["x = (a is not None)"]),
        ("x = a and b", ["x = b", "x = a", "x = (a or b)"]),
        ("x = not a", ["x = a"]),
        ("x = 3", ["x = 4"]),
        ("x = True", ["x = False"]),
        ("x = a // b", ["x = (a * b)"]),
        ("x = max(a, b)", ["x = min(a, b)"]),
        ('x = a["k"]', ['x = a["k_mutated"]'.replace('"', "'")]),
        ("if a:\n    f()", ["if False:", "if True:", "pass"]),
        ("x = [a for a in b if a]", ["x = [a for a in b if True]"]),
        ("x[k] = a", ["pass"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mutants_by_rule(source: str, expected: list[str]) -> None:
    assert sorted(texts(source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring with 1."""',
        "from a import b",
        "x: int | None",
        "def f(a: 'b' = None) -> 'c':\n    pass",
        "raise_it(ValueError('1' + a), zip(a, b, strict=c))".replace("raise_it", "x = g"),
        'x = f"{a + 1} of {b < c}"',
        "assert a == 1",
        "def describe():\n    return a + 1",
    ],
)
def test_texts_and_types_are_not_mutated(source: str) -> None:
    assert texts(source) == []


def test_a_rule_that_returns_can_be_disabled() -> None:
    found = mutants_of(MODULE, "clamped.py")
    assert [mutant.mutated for mutant in found if mutant.rule == "rule"] == ["if False:"]


def test_every_mutant_of_the_passes_compiles_and_has_an_id_of_its_own() -> None:
    for path in sorted((ROOT / "passes" / "tilewright" / "transforms").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        found = mutants_of(source, path.name)
        assert len({mutant.id for mutant in found}) == len(found)
        for mutant in found[::10]:
            assert mutant.apply(source) != source
            compile(mutant.apply(source), str(path), "exec")


def test_ids_survive_edits_elsewhere_and_the_scope_tells_edits_nearby() -> None:
    before = by_text(mutants_of(MODULE, "clamped.py"))
    moved = by_text(mutants_of("import os\n" + MODULE.replace("value * 2", "value * 4"), "clamped.py"))
    line = "if (value >= low):"
    assert before[line].id == moved[line].id
    assert before[line].scope_hash == moved[line].scope_hash
    edited = by_text(mutants_of(MODULE.replace("value -= 1", "value -= 2"), "clamped.py"))
    assert before[line].scope_hash != edited[line].scope_hash


def by_text(mutants: list[Mutant]) -> dict[str, Mutant]:
    return {mutant.mutated: mutant for mutant in mutants}


def test_a_campaign_kills_survives_and_times_out(project: Path) -> None:
    report = report_of(project)
    alive = {(entry["mutated"], entry["outcome"]) for entry in report["survivors"]}
    assert ("if (value <= low):", "survived") in alive
    assert ("return (value // 2)", "uncovered") in alive
    assert ("if False:", "survived") not in alive
    assert report["outcomes"]["timeout"] >= 1, "the loop without its step never ends"
    noticed = report["outcomes"]["killed"] + report["outcomes"]["timeout"]
    assert report["score"] == noticed / report["mutants"]


def test_a_campaign_goes_on_where_it_was(project: Path) -> None:
    assert report_of(project, "--only", "clamped") == report_of(project)
    again = run_tool(project)
    assert ", 0 to run," in again.stderr
    store = project / "build" / "mutation" / "verdicts.jsonl"
    lines = store.read_text().splitlines()
    store.write_text("\n".join(lines[:-2]) + "\n" + lines[-2][:20])
    assert ", 2 to run," in run_tool(project).stderr


def test_equivalent_mutants_do_not_count(project: Path) -> None:
    entry = {"file": "clamped.py", "original": "if value < low:", "mutated": "if (value <= low):", "reason": "low is returned"}
    before = report_of(project)
    (project / "benchmarks").mkdir()
    (project / "benchmarks" / "equivalent_mutants.json").write_text(json.dumps([entry]))
    after = report_of(project)
    assert after["outcomes"]["equivalent"] == 1
    assert after["score"] > before["score"]


def test_a_test_that_fails_anyway_kills_nothing(project: Path) -> None:
    (project / "tests" / "test_broken.py").write_text(
        "from clamped import unused\n\n\ndef test_it():\n    assert unused(1) == 3\n"
    )
    report = report_of(project, "--sample", "3")
    assert report["broken_tests"] == ["tests/test_broken.py::test_it"]


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["--minimum", "0"], 0, "mutants killed"),
        (["--minimum", "1"], 1, "mutants killed"),
        (["--only", "nothing"], 2, "no mutant was chosen"),
        (["--tests", "missing"], 2, "is called 'missing'"),
    ],
)
def test_exit_codes(project: Path, arguments: list[str], code: int, message: str) -> None:
    result = run_tool(project, "--sample", "3", *arguments)
    assert result.returncode == code
    assert message in result.stdout + result.stderr


def test_no_working_test_is_a_matter_of_the_machine(project: Path) -> None:
    (project / "tests" / "test_clamped.py").write_text("import missing\n")
    assert run_tool(project).returncode == 3


def test_an_incomplete_entry_of_the_list_is_a_located_error(tmp_path: Path) -> None:
    path = tmp_path / "equivalent_mutants.json"
    path.write_text('[{"file": "a.py"}]')
    with pytest.raises(InputError, match="reason"):
        load_equivalents(path)


def test_only_traced_files_and_no_module_bodies_are_recorded(tmp_path: Path) -> None:
    path = tmp_path / "traced.py"
    path.write_text("x = 1\n\n\ndef f(a):\n    if a:\n        return 1\n    return 2\n")
    scope: dict[str, Any] = {}
    tracer = LineTracer([path])
    with tracer:
        exec(compile(path.read_text(), str(path), "exec"), scope)
        scope["f"](True)
    assert tracer.take() == {str(path): [4, 5, 6]}
    assert tracer.take() == {}


def test_run_lines_go_on_after_a_backslash() -> None:
    text = (
        "// RUN: tile-opt %s --cse \\\n// RUN:   --canonicalize 2>&1 | FileCheck %s\n// RUN: not tile-opt - < %s 2>/dev/null\n"
    )
    first, second = parse_run_lines(text, {"%s": "a.mlir"})
    assert [command.tool for command in first] == ["tile-opt", "FileCheck"]
    assert first[0].arguments == ("a.mlir", "--cse", "--canonicalize")
    assert first[0].errors == "join"
    assert second[0].negated and second[0].input == "a.mlir" and second[0].errors == "drop"


@pytest.mark.parametrize("line", ["rm -f %t", "tile-opt %s > out", "tile-opt %s -o %t", "tile-opt %s && tile-opt %s", "true"])
def test_what_needs_a_shell_is_refused(line: str) -> None:
    with pytest.raises(NeedsShell):
        parse_run_lines(f"// RUN: {line}\n", {"%s": "a.mlir"})


def test_pipelines_run_in_this_process(tmp_path: Path) -> None:
    path = tmp_path / "f.mlir"
    path.write_text("func.func @f() { return }\n// CHECK: func.func @f\n// WRONG: func.func @g\n")
    substitutions = {"%s": str(path)}
    right = parse_run_lines("// RUN: tile-opt %s | FileCheck %s\n// RUN: not tile-opt %s --cee", substitutions)
    assert run_pipelines(right) is None
    wrong = parse_run_lines("// RUN: tile-opt %s | FileCheck %s --check-prefix=WRONG", substitutions)
    assert "exit code 1, expected success" in (run_pipelines(wrong) or "")


def test_tests_that_need_a_shell_or_end_their_session_leave_the_others(project: Path) -> None:
    (project / "lit_tests").mkdir()
    (project / "lit_tests" / "shell.mlir").write_text("// RUN: rm -f %t\n")
    (project / "tests" / "test_a_crash.py").write_text("import os\n\n\ndef test_it():\n    os.abort()\n")
    (project / "tests" / "test_b_import.py").write_text("import missing\n")
    report = report_of(project, "--tests", "lit_tests", "--sample", "3")
    assert sorted(report["broken_tests"]) == ["tests/test_a_crash.py::test_it", "tests/test_b_import.py"]
    assert report["outcomes"].get("killed", 0) + report["outcomes"].get("timeout", 0) > 0
