"""Kernels: names of arguments, grids, blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tilewright import mlir
from tilewright.diagnostics import InputError
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect


@pytest.fixture
def kernel() -> Iterator[Callable[..., Kernel]]:
    """The kernel of these arguments and attributes; its gpu.func stands on line 2."""
    modules: list[ir.Module] = []

    def build(arguments: str, attributes: str) -> Kernel:
        text = f"gpu.module @m {{\n  gpu.func @k({arguments}) kernel attributes {{{attributes}}} {{\n    gpu.return\n  }}\n}}\n"
        modules.append(ir.Module.parse(text))
        (found,) = kernels_in(modules[-1].operation, text)
        return found

    with mlir.context():
        yield build


ONE = "known_grid_size = array<i32: 1, 1, 1>"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("%A: memref<4xf32>, %n: index", ["A", "n"]),
        ("%0: memref<4xf32>, %B: i32", ["arg0", "B"]),
        ('%A: memref<4xf32> {tile.name = "weights"}, %B: f32', ["weights", "B"]),
        ('%A: f32 {tile.name = "B"}, %B: f32', ["B", "arg1"]),
        ("%arg1: f32, %x.y-z: f32", ["arg1", "x.y-z"]),
    ],
)
def test_argument_names(arguments, names, kernel):
    assert [argument.name for argument in kernel(arguments, ONE).arguments] == names


def test_names_without_the_source():
    with mlir.context():
        module = ir.Module.parse("gpu.module @m { gpu.func @k(%A: f32, %B: f32) kernel { gpu.return } }")
        (found,) = kernels_in(module.operation)
        assert [argument.name for argument in found.arguments] == ["arg0", "arg1"]


def test_only_kernels_count():
    functions = ("@helper()", "@a() kernel", "@b() kernel")
    with mlir.context():
        module = ir.Module.parse("gpu.module @m {" + " ".join(f"gpu.func {name} {{ gpu.return }}" for name in functions) + "}")
        assert [found.name for found in kernels_in(module.operation)] == ["a", "b"]


@pytest.mark.parametrize(("block", "threads"), [("known_block_size = array<i32: 32, 4, 2>, ", 256), ("", None)])
def test_threads(block, threads, kernel):
    assert kernel("", block + ONE).threads == threads


def test_a_known_grid(kernel):
    assert kernel("%n: index", "known_grid_size = array<i32: 4, 2, 3>").grid([7]) == (4, 2, 3)


@pytest.mark.parametrize(
    ("arguments", "grid", "values", "expected"),
    [
        ("%n: index", "(n) -> (n ceildiv 16)", [33], (3, 1, 1)),
        ("%n: index", "()[n] -> (n floordiv 16, n mod 5)", [33], (2, 3, 1)),
        (
            "%f: f32, %n: i32, %A: memref<?x4x?xf32>",
            "(n, a, b) -> (n, a + 1, b * 2)",
            [0.5, 5, np.zeros((6, 4, 7))],
            (5, 7, 14),
        ),
        ("%A: memref<?xf32>, %n: index", "(n, a) -> (a - n, 1, n)", [np.zeros(9), 4], (5, 1, 4)),
    ],
)
def test_a_grid_of_the_arguments(arguments, grid, values, expected, kernel):
    """Integer arguments come first, then dynamic dimensions."""
    assert kernel(arguments, f"tile.grid = affine_map<{grid}>").grid(values) == expected


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ("", "kernel 'k' has no grid: give known_grid_size, or tile.grid as an affine map"),
        ("tile.grid = affine_map<(a, b) -> (a)>", "takes 2 inputs and has 1 results; it needs 1 inputs"),
        ("tile.grid = affine_map<(a) -> (a, a, a, a)>", "takes 1 inputs and has 4 results"),
    ],
)
def test_grids_that_do_not_fit(attributes, message, kernel):
    with pytest.raises(InputError) as failure:
        kernel("%n: index", attributes).grid([3])
    assert message in str(failure.value)
    assert failure.value.diagnostic.location.line == 2
