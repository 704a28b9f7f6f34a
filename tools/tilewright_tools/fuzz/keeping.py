"""A wrong program as a lit test: the kernel's text, with the command that shows what is wrong."""

from __future__ import annotations

from pathlib import Path

from tilewright.runtime.arguments import ArgumentChoice
from tilewright_tools.fuzz.checking import INPUT_FORM, Configuration, Failure, choices, shapes
from tilewright_tools.fuzz.program import Program
from tilewright_tools.fuzz.tracing import kernel_of


def lit_test(program: Program, failure: Failure, seed: int) -> str:
    """The text of a file for lit_tests/kernels/shrunk."""
    what = " ".join(failure.message.split())
    lines = [
        "// TIER: l2_simulator, sim",
        f"// RUN: {command(program, failure.configuration)}",
        "",
        f"// Seed {seed}, {failure.configuration}: after {failure.stage} there was: {_without_places(what)}",
        "",
        kernel_of(program).text(),
    ]
    return "\n".join(lines)


def command(program: Program, configuration: Configuration) -> str:
    """tile-run on the file, with the same arguments as the program had."""
    arguments = " ".join(f"--arg {name}={_spelled(choice)}" for name, choice in choices(program).items())
    arguments += "".join(f" --shape {name}={'x'.join(map(str, shape))}" for name, shape in shapes(program).items())
    options = f"--simulate-each --tolerance 0 --seed {program.seed} --target {configuration.target} {arguments}"
    return f"tile-run %s {options} --pass-pipeline='{configuration.pipeline}'"


def keep(folder: Path, program: Program, failure: Failure, seed: int) -> Path:
    """Write the test; returns where it is."""
    stage = "input-form" if failure.stage == INPUT_FORM else failure.stage.removeprefix("tile-")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stage}_{failure.kind}_{seed}.mlir".lower().replace("-", "_")
    path.write_text(lit_test(program, failure, seed))
    return path


def _spelled(choice: ArgumentChoice) -> str:
    if choice.bounds is None:
        return str(choice.value)
    return f"random:{int(choice.bounds[0])}:{int(choice.bounds[1])}"


def _without_places(message: str) -> str:
    """Messages name files of this machine; what they say is enough."""
    return " ".join(word for word in message.split() if "/" not in word)[:200]
