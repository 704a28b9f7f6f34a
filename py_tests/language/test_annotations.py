"""What a kernel says beside its statements: the attributes that it becomes, and misuse at the user's line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tilewright.language as tl
from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink, InputError
from tilewright.language.loading import load_module
from tilewright.machine import machine_for
from tilewright.pipeline.runner import run_pipeline

pytestmark = pytest.mark.l1a_compile_no_target_dialect


def _text(body: Callable[[], Any]) -> str:
    def kernel(A: object) -> None:
        tl.grid(1)
        body()

    kernel.__annotations__ = {"A": tl.Tensor((64, 64), tl.f16)}
    return tl.kernel(threads=128)(kernel).text()


def _shared() -> tl.Buffer:
    return tl.alloc_shared((16, 64), "f16")


def _fragment() -> tl.Buffer:
    return tl.alloc_fragment((16, 64), "f16")


MODES = [(8, 0, 1), (8, 1, 0), (16, 8, 0)]


@pytest.mark.parametrize(
    ("tile", "arguments", "expected"),
    [
        (_shared, {"swizzle": 128}, "#tile.shared<{element_bytes = 2 : i32, shape = [16, 64], swizzle = 128 : i32}>"),
        (_shared, {"swizzle": 0}, "#tile.shared<{element_bytes = 2 : i32, shape = [16, 64], swizzle = 0 : i32}>"),
        (
            _shared,
            {"padding": 8},
            "#tile.shared<{element_bytes = 2 : i32, padding = 8 : i32, shape = [16, 64], swizzle = 0 : i32}>",
        ),
        (
            _shared,
            {"digits": [(64, 1), (16, 72)], "offset": 4},
            "#tile.shared<{digits = [[64, 1], [16, 72]], element_bytes = 2 : i32, offset = 4 : i32, shape = [16, 64]",
        ),
        (
            _shared,
            {"digits": [(8, 1), (8, 8), (8, 64), (2, 512)], "xors": [(1, 2)]},
            "shape = [16, 64], swizzle = 0 : i32, xors = [[1, 2]]",
        ),
        (
            _fragment,
            {"modes": MODES},
            "#tile.fragment<{modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>",
        ),
        (
            _fragment,
            {"modes": [(1024, 0, 1)], "replicas": [(32, 1, 0)], "threads": 32},
            "#tile.fragment<{modes = [[1024, 0, 1]], replicas = [[32, 1, 0]], shape = [16, 64], threads = 32 : i32}>",
        ),
    ],
)
def test_a_layout_is_an_attribute_of_the_allocation(tile: Callable[[], tl.Buffer], arguments: Any, expected: str) -> None:
    def body() -> None:
        tl.annotate_layout(tile(), **arguments)

    allocation = next(line for line in _text(body).splitlines() if "memref.alloc" in line)
    assert f"tile.layout = {expected}" in allocation or expected in allocation


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (lambda: tl.register_hints(producer=40, consumer=232), "tile.registers = array<i32: 40, 232>"),
        (tl.disable_register_budget, "tile.disable_register_budget"),
        (tl.disable_bulk_copy, "tile.disable_bulk_copy"),
        (tl.disable_warp_specialization, "tile.disable_warp_specialization"),
        (lambda: tl.swizzle_blocks(10), "tile.block_swizzle = 10 : i32"),
    ],
)
def test_hints_are_attributes_of_the_kernel(statement: Callable[[], None], expected: str) -> None:
    assert expected in next(line for line in _text(statement).splitlines() if "gpu.func" in line)


def test_one_copy_may_be_no_bulk_copy() -> None:
    def kernel(A: object) -> None:
        tl.grid(1)
        tile = tl.alloc_shared((64, 64), "f16")
        tl.copy(A, tile, disable_bulk_copy=True)  # pyright: ignore[reportArgumentType]
        tl.copy_in(A, tile, disable_bulk_copy=True)  # pyright: ignore[reportArgumentType]
        tl.copy(A, tile)  # pyright: ignore[reportArgumentType]

    kernel.__annotations__ = {"A": tl.Tensor((64, 64), tl.f16)}
    lines = [line for line in tl.kernel(threads=128)(kernel).text().splitlines() if "copy" in line]
    assert ["tile.disable_bulk_copy" in line for line in lines] == [True, True, False]


def test_what_is_annotated_is_in_the_last_form() -> None:
    passes = "tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps,tile-infer-layout"
    kernel = load_module(Path(__file__).parents[2] / "lit_tests" / "kernels" / "annotated.py").build()
    with mlir.context(DiagnosticSink()) as sink:
        module = kernel.module().operation
        run_pipeline(module, f"builtin.module({passes})", machine_for("cuda:sm_90a"), sink, [])
        text = str(module)
    assert "leading = 1 : i32, shape = [2, 64, 32], swizzle = 32 : i32" in text
    assert "leading = 1 : i32, padding = 8 : i32, shape = [2, 32, 64], swizzle = 0 : i32" in text
    assert "tile.block_swizzle = 2 : i32" in text
    assert "registers = 40 : i32" in text and "registers = 232 : i32" in text


def _annotate(tile: Callable[[], Any], **arguments: Any) -> Callable[[], None]:
    def body() -> None:
        tl.annotate_layout(tile(), **arguments)

    return body


def _view() -> Any:
    return tl.reshape(_shared(), (64, 16))


def _twice() -> None:
    tile = _shared()
    tl.annotate_layout(tile, swizzle=64)
    tl.annotate_layout(tile, swizzle=128)


def _two_hints() -> None:
    tl.register_hints(producer=40, consumer=232)
    tl.register_hints(producer=40, consumer=240)


def _two_swizzles() -> None:
    tl.swizzle_blocks(2)
    tl.swizzle_blocks(3)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_annotate(_shared, swizzle=48), "swizzle = 48; it is one of (0, 32, 64, 128)"),
        (
            _annotate(lambda: tl.alloc_shared((16, 48), "f16"), swizzle=64),
            "rows of shape (16, 48) are no multiple of the swizzle of 64",
        ),
        (_annotate(_shared, swizzle="64"), "swizzle is '64'; it must be an integer"),
        (_annotate(_shared, padding=-1), "with padding -1 has no elements"),
        (
            _annotate(_shared, swizzle=64, padding=8),
            "is given by swizzle and padding; it takes one of swizzle, padding and digits",
        ),
        (_annotate(_shared), "is given by nothing; it takes one of swizzle, padding and digits"),
        (_annotate(_shared, digits=[]), "is given by nothing"),
        (_annotate(_shared, digits=[(64, 1, 2)]), "(64, 1, 2) is not a digit [extent, stride]"),
        (_annotate(_shared, digits=[(64, 1), (16, 56)]), "must be injective: two of its elements share a place"),
        (_annotate(_shared, modes=MODES), "modes is no layout of"),
        (_annotate(_fragment, swizzle=64), "swizzle is no layout of"),
        (_annotate(_fragment), "is given by nothing; it takes modes"),
        (_annotate(_fragment, modes=[(8, 0, 1)]), "the modes cover 8 of 1024 elements"),
        (_annotate(_fragment, modes=[(8, 0)]), "(8, 0) is not one of the modes [extent, thread stride, register stride]"),
        (_annotate(_fragment, modes=[(1024, 0, 0)]), "must be injective"),
        (_annotate(_fragment, modes=MODES, threads=0), "over 0 threads has no elements"),
        (_annotate(lambda: 3, swizzle=64), "takes a tile of tl.alloc_shared or tl.alloc_fragment, not 3"),
        (_annotate(_view, swizzle=32), "takes the tile that was allocated, not a view of it"),
        (_twice, "has a layout already: #tile.shared<"),
        (
            lambda: tl.register_hints(producer=20, consumer=240),
            "the producer asks for 20 registers; it is a multiple of 8 from 24 to 240",
        ),
        (lambda: tl.register_hints(producer=24, consumer=36), "the consumer asks for 36 registers"),
        (_two_hints, "tl.register_hints was called already"),
        (lambda: tl.swizzle_blocks(0), "panel = 0; it must be a positive number of rows of blocks"),
        (_two_swizzles, "tl.swizzle_blocks was called already"),
    ],
)
def test_misuse_is_located(body: Callable[[], None], message: str) -> None:
    with pytest.raises(InputError) as caught:
        _text(body)
    assert message in caught.value.diagnostic.message
    assert caught.value.diagnostic.location.file == __file__
    first = body.__code__.co_firstlineno
    assert first <= caught.value.diagnostic.location.line <= first + 4
