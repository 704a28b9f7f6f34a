"""Arguments as users describe them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from tilewright import mlir
from tilewright.diagnostics import InputError, UsageError
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.mlir import ir
from tilewright.runtime.arguments import make_arguments, parse_argument, parse_shape, save_arguments

pytestmark = pytest.mark.l1a_compile_no_target_dialect

TEXT = """
gpu.module @kernels {
  gpu.func @k(%A: memref<4x8xf16>, %B: memref<4xbf16>, %T: memref<6xi32>, %D: memref<?x3xf32>, %M: memref<4xi1>, %n: index,
              %s: f32, %F: memref<4xf8E4M3FN>) kernel {
    gpu.return
  }
}
"""
SHAPES = {"D": (2, 3)}


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    with mlir.context():
        module = ir.Module.parse(TEXT)
        yield kernels_in(module.operation, TEXT)[0]


def make(kernel: Kernel, *texts: str, seed: int = 0) -> dict[str, object]:
    values = make_arguments(kernel, dict(parse_argument(text) for text in texts), SHAPES, seed)
    return dict(zip([argument.name for argument in kernel.arguments], values, strict=True))


def test_everything_is_random_and_typed_by_default(kernel: Kernel):
    values = make(kernel)
    dtypes = {name: value.dtype for name, value in values.items() if isinstance(value, np.ndarray)}
    assert dtypes == {
        "A": np.float16,
        "B": ml_dtypes.bfloat16,
        "T": np.int32,
        "D": np.float32,
        "M": np.bool_,
        "F": ml_dtypes.float8_e4m3fn,
    }
    assert isinstance(values["n"], int) and isinstance(values["s"], float)
    assert np.abs(np.asarray(values["A"], np.float32)).max() <= 1
    assert np.asarray(values["D"]).shape == (2, 3)


def test_the_seed_decides_and_arguments_do_not_depend_on_each_other(kernel: Kernel):
    first, again, other = make(kernel), make(kernel, "A=zeros"), make(kernel, seed=1)
    assert np.array_equal(np.asarray(first["D"]), np.asarray(again["D"]))
    assert not np.array_equal(np.asarray(first["D"]), np.asarray(other["D"]))


def test_values_and_ranges(kernel: Kernel):
    values = make(kernel, "A=ones", "T=random:10:12", "n=7", "s=-0x10", "D=2.5", "M=true")
    assert (np.asarray(values["A"]) == 1).all()
    assert set(np.asarray(values["T"]).tolist()) <= {10, 11}
    assert (values["n"], values["s"]) == (7, -16.0)
    assert (np.asarray(values["D"]) == 2.5).all() and np.asarray(values["M"]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A", "expected NAME="),
        ("A=", "expected NAME="),
        ("A=random:1", "expected random:LO:HI"),
        ("A=random:2:1", "LO below HI"),
        ("A=zeroes", "did you mean 'zeros'"),
        ("X=zeros", "kernel 'k' has no argument 'X' (it has: A, B"),
        ("T=1.5", "has integer elements; 1.5 is not an integer"),
        ("T=random:0.5:1", "random:LO:HI needs integers"),
        ("T=99999999999", "does not fit into its elements"),
    ],
)
def test_wrong_descriptions_are_usage_errors(kernel: Kernel, text: str, message: str):
    with pytest.raises(UsageError) as caught:
        make(kernel, text)
    assert message in str(caught.value)


def test_a_dynamic_shape_must_be_given(kernel: Kernel):
    with pytest.raises(UsageError, match="give --shape D=AxB"):
        make_arguments(kernel, {}, {}, 0)
    with pytest.raises(UsageError, match="the shape 2x4 does not fit"):
        make_arguments(kernel, {}, {"D": (2, 4)}, 0)
    with pytest.raises(UsageError, match="expected NAME=AxB"):
        parse_shape("D=2,3")


def test_files_round_trip_narrow_floats_as_f32(kernel: Kernel, tmp_path: Path):
    values = make(kernel)
    save_arguments(tmp_path, kernel, list(values.values()))
    assert np.load(tmp_path / "B.npy").dtype == np.float32
    assert np.load(tmp_path / "F.npy").dtype == np.float32
    loaded = make(kernel, *(f"{name}={tmp_path / name}.npy" for name in values), seed=5)
    for name, value in values.items():
        assert np.array_equal(np.asarray(loaded[name]), np.asarray(value)), name


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("A", np.zeros((4, 8), np.float32), "the file must hold float16, it holds float32"),
        ("A", np.zeros((4, 9), np.float16), "the shape 4x9 does not fit"),
        ("B", np.zeros(4, np.float64), "the file must hold float32, it holds float64"),
        ("n", np.zeros(2, np.int64), "is a scalar; the file holds 2 elements"),
    ],
)
def test_a_file_of_the_wrong_shape_or_dtype(kernel: Kernel, tmp_path: Path, name: str, array: np.ndarray, message: str):
    path = tmp_path / "x.npy"
    np.save(path, array)
    with pytest.raises(InputError) as caught:
        make(kernel, f"{name}={path}")
    assert message in str(caught.value)
    assert caught.value.diagnostic.location.file == str(path)


def test_a_file_that_is_none(kernel: Kernel, tmp_path: Path):
    (tmp_path / "text.npy").write_text("hello")
    for path in (tmp_path / "missing.npy", tmp_path / "text.npy"):
        with pytest.raises(InputError):
            make(kernel, f"A={path}")
