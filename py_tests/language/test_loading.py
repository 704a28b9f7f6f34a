"""Loading kernels from a Python file."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import tilewright.language as tl
from tilewright.diagnostics import InputError, SourceLocation
from tilewright.language.loading import load_module, own_arguments, rounded_as

pytestmark = pytest.mark.l1a_compile_no_target_dialect

HEADER = "import tilewright.language as tl\n"
KERNEL = """
@tl.kernel(threads=32)
def {name}(A: tl.Tensor((4,), tl.f32)):
    A[0] = {value}
"""
BUILD = """
def build(size: int = 4, scale: float = 2.0):
    @tl.kernel(threads=32)
    def built(A: tl.Tensor((size,), tl.f32)):
        A[0] = scale
    return built
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "user file.py"
    path.write_text(text, encoding="utf-8")
    return path


def error_of(path: Path, **parameters: object) -> tuple[str, SourceLocation]:
    with pytest.raises(InputError) as caught:
        for kernel in tl.load_kernels(path, **parameters):
            kernel.text()
    return caught.value.diagnostic.message, caught.value.diagnostic.location


def test_kernels_at_module_level_come_in_order(tmp_path: Path) -> None:
    text = HEADER + KERNEL.format(name="second", value=1.0) + KERNEL.format(name="first", value=2.0)
    assert [kernel.name for kernel in tl.load_kernels(written(tmp_path, text))] == ["second", "first"]


def test_build_is_called_with_its_defaults_or_with_parameters(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + BUILD)
    assert "memref<4xf32>" in tl.load_kernels(path)[0].text()
    assert "memref<7xf32>" in tl.load_kernels(path, size=7)[0].text()


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = set(sys.modules)
    tl.load_kernels(written(tmp_path, HEADER + BUILD))
    assert not set(sys.modules) - before
    assert [path.name for path in tmp_path.iterdir()] == ["user file.py"]


def test_dataclasses_work_in_the_file(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + HEADER
    text += "@dataclass\nclass Shape:\n    rows: int = 4\n" + KERNEL.format(name="k", value=0.0)
    assert tl.load_kernels(written(tmp_path, text))[0].name == "k"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("def broken(:\n    pass\n", 1, "SyntaxError: invalid syntax"),
        (HEADER + "x = 1 // 0\n", 2, "ZeroDivisionError"),
        (HEADER + "import no_such_module\n", 2, "ModuleNotFoundError: No module named 'no_such_module'"),
        (HEADER + "raise SystemExit(3)\n", 2, "SystemExit: 3"),
        (HEADER, 1, "has no kernel"),
        (HEADER + "def build(M):\n    pass\n", 2, "build has no default for M"),
        (HEADER + "def build():\n    return 3\n", 2, "build returned 3"),
        (HEADER + KERNEL.format(name="k", value="missing"), 5, "NameError: name 'missing' is not defined"),
        (HEADER + KERNEL.format(name="k", value="A"), 5, "an element of A is assigned"),
        (HEADER + "def build():\n    return [][0]\n", 3, "IndexError: list index out of range"),
    ],
)
def test_errors_of_the_file_are_located(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = written(tmp_path, text)
    found, location = error_of(path)
    assert message in found
    assert (location.file, location.line) == (str(path), line)


def test_annotations_that_are_strings_are_evaluated_or_refused(tmp_path: Path) -> None:
    future = "from __future__ import annotations\n" + HEADER
    assert tl.load_kernels(written(tmp_path, future + "size = 4\n" + KERNEL.format(name="k", value=1.0)))[0].arguments
    message, location = error_of(written(tmp_path, future + BUILD))
    assert "cannot evaluate the annotation tl.Tensor((size,), tl.f32)" in message
    assert location.line == 5


def test_an_unknown_parameter_of_build(tmp_path: Path) -> None:
    message, _ = error_of(written(tmp_path, HEADER + BUILD), width=3)
    assert message == "build has no parameter width; it has size, scale"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert error_of(tmp_path)[0] == "is a directory; a Python file is needed"
    assert error_of(tmp_path / "missing.py")[0] == "cannot be read: No such file or directory"
    binary = tmp_path / "binary.py"
    binary.write_bytes(b"\x00\x01")
    assert "null bytes" in error_of(binary)[0]


def test_a_file_makes_its_own_arguments_from_all_parameters_of_build(tmp_path: Path) -> None:
    makes = "\n\ndef arguments(random, **parameters):\n    return {'A': (random.integers(5, 6), parameters)}\n"
    module = load_module(written(tmp_path, HEADER + BUILD + makes))
    made = own_arguments(module, np.random.default_rng(0), {"size": 3})
    assert made == {"A": (5, {"size": 3, "scale": 2.0})}
    assert own_arguments(load_module(written(tmp_path, HEADER + BUILD)), np.random.default_rng(0), {}) == {}
    fails = load_module(written(tmp_path, HEADER + BUILD + "\n\ndef arguments(random, **_):\n    return [][0]\n"))
    with pytest.raises(InputError, match="IndexError"):
        own_arguments(fails, np.random.default_rng(0), {})


def test_a_file_names_the_types_that_it_rounds_to(tmp_path: Path) -> None:
    source = HEADER + BUILD + "def rounded_as(size, **parameters):\n    return {'Out': 'f16' if size == 3 else 'bf16'}\n"
    module = load_module(written(tmp_path, source))
    assert rounded_as(module, {"size": 3}) == {"Out": tl.f16}
    assert rounded_as(module, {}) == {"Out": tl.bf16}
    assert rounded_as(load_module(written(tmp_path, HEADER + BUILD)), {}) == {}
