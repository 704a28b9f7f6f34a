"""Layouts that the input gives: what fits a buffer, a loop and the threads that use them, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tilewright import mlir
from tilewright.analysis.loop_space import loop_spaces
from tilewright.diagnostics import InputError
from tilewright.ir.layout import FragmentLayout, Mode, SharedLayout
from tilewright.machine.cuda import SM_90A
from tilewright.mlir import ir
from tilewright.transforms.layout_annotations import check_threads, read_annotation, read_loop_annotations
from tilewright.transforms.layout_seeds import Scope

pytestmark = pytest.mark.l1a_compile_no_target_dialect

SHARED, FRAGMENT = "#gpu.address_space<workgroup>", "#gpu.address_space<private>"


@contextmanager
def function(body: str) -> Iterator[ir.Block]:
    constants = "%zero = arith.constant 0.0 : f32\n%c8 = arith.constant 8 : index"
    with mlir.context():
        module = ir.Module.parse(f"func.func @f(%n: index) {{ {constants}\n{body}\nreturn }}")
        yield module.body.operations[0].regions[0].blocks[0]


def fragment(modes: str, threads: int = 8, shape: str = "4, 8", replicas: str = "") -> str:
    more = f", replicas = [{replicas}]" if replicas else ""
    return f"#tile.fragment<{{shape = [{shape}], threads = {threads} : i32, modes = [{modes}]{more}}}>"


def annotated(layout: str, space: str, kind: str = "4x8xf32") -> SharedLayout | FragmentLayout:
    with function(f"%F = memref.alloc() {{tile.layout = {layout}}} : memref<{kind}, {space}>") as block:
        return read_annotation(block.operations[2].results[0], SM_90A)


COLUMNS = "[8, 1, 0], [4, 0, 1]"


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (fragment(COLUMNS), FragmentLayout((4, 8), 8, (Mode(8, 1), Mode(4, 0, 1)))),
        # Threads beyond the last are idle; the last replica is in the last thread.
        (fragment(COLUMNS, 9), FragmentLayout((4, 8), 9, (Mode(8, 1), Mode(4, 0, 1)))),
        (
            fragment(COLUMNS, 16, replicas="[2, 8, 0]"),
            FragmentLayout((4, 8), 16, (Mode(8, 1), Mode(4, 0, 1)), (Mode(2, 8),)),
        ),
    ],
)
def test_a_fragment_that_fits_is_kept(layout: str, expected: FragmentLayout) -> None:
    assert annotated(layout, FRAGMENT) == expected


def test_a_shared_layout_that_fits_is_kept() -> None:
    text = "#tile.shared<{shape = [4, 8], element_bytes = 4 : i32, digits = [[8, 1], [4, 12]]}>"
    found = annotated(text, SHARED)
    assert isinstance(found, SharedLayout)
    assert (found.shape, found.element_bytes) == ((4, 8), 4)


@pytest.mark.parametrize(
    ("layout", "space", "message"),
    [
        (fragment(COLUMNS), SHARED, f"must be a SharedLayout for memref<4x8xf32, {SHARED}>"),
        (
            "#tile.shared<{shape = [4, 8], element_bytes = 4 : i32, swizzle = 0 : i32}>",
            FRAGMENT,
            f"must be a FragmentLayout for memref<4x8xf32, {FRAGMENT}>",
        ),
        (fragment(COLUMNS, shape="8, 4"), FRAGMENT, "has shape [8, 4]; the buffer has [4, 8]"),
        (
            "#tile.shared<{shape = [4, 8], element_bytes = 2 : i32, swizzle = 0 : i32}>",
            SHARED,
            f"has elements of 2 bytes; those of memref<4x8xf32, {SHARED}> have 4",
        ),
        (
            "#tile.shared<{shape = [4, 8], element_bytes = 4 : i32, digits = [[8, 1], [4, 7]]}>",
            SHARED,
            "must be injective: two elements of",
        ),
        # The first thread that there is not, by an element or by a replica.
        (fragment("[8, 1, 0], [4, 0, 1]", 7), FRAGMENT, "reaches thread 7 of 7"),
        (fragment(COLUMNS, 15, replicas="[2, 8, 0]"), FRAGMENT, "reaches thread 15 of 15"),
        (fragment("[8, 1, 0], [4, 0, 0]"), FRAGMENT, "must be injective: two elements of"),
        (fragment(COLUMNS, 16, replicas="[2, 0, 0]"), FRAGMENT, "must be injective: two elements of"),
    ],
)
def test_what_does_not_fit_a_buffer(layout: str, space: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        annotated(layout, space)
    assert str(caught.value).startswith(f"tile.layout of 'memref.alloc': {message}")


def loops(layout: str, extent: str = "8", more: str = "") -> dict[str, FragmentLayout]:
    """The layouts of the loops of a function of 8 threads, by what they iterate over."""
    attribute = f" {{tile.layout = {layout}}}" if layout else ""
    store = "memref.store %zero, %F[%i, %j] : memref<4x8xf32>"
    body = f"%F = memref.alloc() : memref<4x8xf32>\nscf.forall (%i, %j) in (4, {extent}) {{ {store} }}{attribute}\n{more}"
    with function(body) as block:
        found = read_loop_annotations(loop_spaces(block.owner, 8, 32))
        return {operation.name: layout for operation, layout in found.items()}


def test_a_loop_is_run_as_it_says_and_others_say_nothing() -> None:
    fill = "linalg.fill ins(%zero : f32) outs(%F : memref<4x8xf32>)"
    expected = FragmentLayout((4, 8), 8, (Mode(8, 1), Mode(4, 0, 1)))
    assert loops(fragment(COLUMNS), more=fill) == {"scf.forall": expected}
    assert loops("", more=fill) == {}
    assert loops("", more=f"linalg.fill {{tile.layout = {fragment(COLUMNS)}}} ins(%zero : f32) outs(%F : memref<4x8xf32>)") == {
        "linalg.fill": expected
    }
    # Every thread may run every iteration.
    everywhere = loops(fragment("[32, 0, 1]", replicas="[8, 1, 0]"))
    assert everywhere == {"scf.forall": FragmentLayout((4, 8), 8, (Mode(32, 0, 1),), (Mode(8, 1),))}


@pytest.mark.parametrize(
    ("layout", "extent", "message"),
    [
        (
            "#tile.shared<{shape = [4, 8], element_bytes = 4 : i32, swizzle = 0 : i32}>",
            "8",
            "must be a FragmentLayout: it says which thread runs which iteration",
        ),
        ("3 : i32", "8", "3 : i32 is not a layout"),
        (fragment(COLUMNS), "4", "has shape [4, 8]; the loop has [4, 4]"),
        (fragment(COLUMNS), "%n", "has shape [4, 8]; the loop has no constant extents"),
        (fragment(COLUMNS, 16), "8", "is over 16 threads; 8 run the loop"),
        (fragment("[8, 2, 0], [4, 0, 1]"), "8", "reaches thread 14 of 8"),
        (fragment("[8, 1, 0], [4, 0, 0]"), "8", "must be injective: two iterations share a register"),
    ],
)
def test_what_does_not_fit_a_loop(layout: str, extent: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        loops(layout, extent)
    assert str(caught.value).startswith(f"tile.layout of 'scf.forall': {message}")


def test_a_fragment_is_annotated_for_the_threads_that_use_it() -> None:
    with function(f"%F = memref.alloc() : memref<4x8xf32, {FRAGMENT}>\n%S = memref.alloc() : memref<4xf32, {SHARED}>") as block:
        buffer, shared = (block.operations[number].results[0] for number in (2, 3))
        layout = FragmentLayout((4, 8), 8, (Mode(8, 1), Mode(4, 0, 1)))
        user: Any = {None: block.operations[2].operation}
        check_threads({buffer: layout, shared: SharedLayout((4,), 4)}, {buffer: Scope(8, user)})
        # What nothing uses may have any.
        check_threads({buffer: layout}, {buffer: Scope(128)})
        with pytest.raises(InputError, match="is over 8 threads; 128 use it"):
            check_threads({buffer: layout}, {buffer: Scope(128, user)})
        with pytest.raises(InputError, match="is over 8 threads; 4 use it"):
            check_threads({buffer: layout}, {buffer: Scope(4, user)})
