"""The layouts of shared buffers: what each use asks for, and how uses are found; one row a rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tilewright import mlir
from tilewright.analysis.loop_space import loop_spaces
from tilewright.ir.kernel import kernels_in
from tilewright.ir.shared_layout import SharedLayout
from tilewright.machine.cuda import SM_90A
from tilewright.mlir import ir
from tilewright.transforms.instructions import is_reshaped
from tilewright.transforms.shared_layouts import Uses, shared_layout, shared_uses

pytestmark = pytest.mark.l1a_compile_no_target_dialect

SHARED = "#gpu.address_space<workgroup>"
WIDTHS = {32, 64, 128}


@contextmanager
def kernel(body: str) -> Iterator[Any]:
    """A kernel of 128 threads with this body, which is given matrices in global memory, X and Y, of f32 and f16."""
    attributes = "known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>"
    with mlir.context():
        module = ir.Module.parse(
            f"gpu.module @kernels {{ gpu.func @k(%X: memref<32x32xf32>, %Y: memref<64x64xf16>, %I: memref<32xindex>) kernel "
            f"attributes {{{attributes}}} {{ %zero = arith.constant 0.0 : f32\n {body}\n gpu.return }} }}"
        )
        yield next(iter(kernels_in(module.operation)))


def buffers(found: Any) -> list[ir.Value]:
    block = found.operation.regions[0].blocks[0]
    return [operation.operation.results[0] for operation in block.operations if operation.operation.name == "memref.alloc"]


def matrix(rows: str, element: str = "f16") -> str:
    return f"memref<{rows}x{element}, {SHARED}>"


@pytest.mark.parametrize(
    ("shape", "element", "uses", "expected"),
    [
        ("64x64", "f16", None, SharedLayout((64, 64), 2)),
        ("64x64", "f16", Uses(), SharedLayout((64, 64), 2)),
        # Operands of matrix instructions: the widest swizzle that their rows are multiples of, and that all take.
        ("64x64", "f16", Uses([(64, 64)], swizzles=WIDTHS), SharedLayout((64, 64), 2, 128)),
        ("64x64", "i8", Uses([(64, 64)], swizzles=WIDTHS), SharedLayout((64, 64), 1, 64)),
        ("64x48", "f16", Uses([(64, 48)], swizzles=WIDTHS), SharedLayout((64, 48), 2, 32)),
        ("64x96", "f16", Uses([(64, 96)], swizzles=WIDTHS), SharedLayout((64, 96), 2, 64)),
        ("64x64", "f16", Uses([(64, 64)], swizzles={32, 64}), SharedLayout((64, 64), 2, 64)),
        ("64x64", "f16", Uses([(32, 64), (64, 64)], swizzles=WIDTHS), SharedLayout((64, 64), 2, 128)),
        ("64x64", "f16", Uses([(64, 64)], swizzles=WIDTHS, copies={"bulk", "simt"}), SharedLayout((64, 64), 2, 128)),
        # None fits, or it is a part of the rows: padded by a vector. Rows of 48 bytes are on different banks as they are.
        ("64x48", "f16", Uses([(64, 48)], swizzles={64}), SharedLayout((64, 48), 2, 0, 8)),
        ("64x24", "f16", Uses([(64, 24)], swizzles=WIDTHS), SharedLayout((64, 24), 2)),
        ("64x128", "f16", Uses([(64, 64)], swizzles=WIDTHS), SharedLayout((64, 128), 2, 0, 8)),
        ("64x128", "f16", Uses([(64, 128), (64, 64)], swizzles=WIDTHS), SharedLayout((64, 128), 2, 0, 8)),
        ("64x128", "f16", Uses([(64, 128), (3, 64, 128)], swizzles=WIDTHS), SharedLayout((64, 128), 2, 0, 8)),
        ("64x128", "f16", Uses([(64, 64)], swizzles=WIDTHS, copies={"bulk"}), SharedLayout((64, 128), 2)),
        # Descriptors decide before those who compute their addresses.
        ("64x128", "f16", Uses([(64, 64), (64, 128)], [(64, 128)], WIDTHS), SharedLayout((64, 128), 2, 128)),
        # Stages are in front.
        ("3x64x64", "f16", Uses([(64, 64)], swizzles=WIDTHS), SharedLayout((64, 64), 2, 128).expand(3)),
        ("2x3x64x64", "f16", Uses([(64, 64)], swizzles=WIDTHS), SharedLayout((64, 64), 2, 128).expand(3).expand(2)),
        # Threads side by side in a column: a bank further each row, or a vector where a copy moves vectors.
        ("32x32", "f32", Uses(by_column=True), SharedLayout((32, 32), 4, 0, 1)),
        ("32x32", "f16", Uses(by_column=True), SharedLayout((32, 32), 2, 0, 2)),
        ("32x32", "i8", Uses(by_column=True, copies={"simt"}), SharedLayout((32, 32), 1, 0, 4)),
        ("32x32", "f32", Uses(by_column=True, copies={"simt"}), SharedLayout((32, 32), 4, 0, 1)),
        ("32x32", "f32", Uses(by_column=True, copies={"cp_async"}), SharedLayout((32, 32), 4, 0, 4)),
        ("32x32", "f32", Uses(by_column=True, copies={"cp_async", "simt"}), SharedLayout((32, 32), 4, 0, 4)),
        ("32x32", "f32", Uses(by_column=True, copies={"bulk"}), SharedLayout((32, 32), 4)),
        ("32x32", "f32", Uses(by_column=True, copies={"bulk", "simt"}), SharedLayout((32, 32), 4)),
        ("32x8", "f32", Uses(by_column=True), SharedLayout((32, 8), 4, 0, 1)),
        ("32x12", "f32", Uses(by_column=True), SharedLayout((32, 12), 4)),
        ("32x4", "f32", Uses(by_column=True), SharedLayout((32, 4), 4)),
        ("32", "f32", Uses(by_column=True), SharedLayout((32,), 4)),
        ("2x32x32", "f32", Uses(by_column=True), SharedLayout((2, 32, 32), 4, 0, 1)),
        # Stages that bulk copies write begin at multiples of 128 bytes.
        ("3x32", "f16", Uses(bulk_rank=1), SharedLayout((32,), 2, pitch=64).expand(3)),
        ("3x64", "f16", Uses(bulk_rank=1), SharedLayout((64,), 2).expand(3)),
        ("3x96", "f16", Uses(bulk_rank=1), SharedLayout((96,), 2, pitch=128).expand(3)),
        ("2x3x32", "f16", Uses(bulk_rank=1), SharedLayout((32,), 2, pitch=64).expand(3).expand(2)),
        ("3x4x8", "f32", Uses(bulk_rank=2), SharedLayout((4, 8), 4).expand(3)),
        ("3x4x6", "f32", Uses(bulk_rank=2), SharedLayout((4, 6), 4, pitch=32).expand(3)),
        ("4x6", "f32", Uses(bulk_rank=2), SharedLayout((4, 6), 4)),
        ("3x32", "f16", Uses(), SharedLayout((3, 32), 2)),
    ],
)
def test_the_layout_that_uses_ask_for(shape: str, element: str, uses: Uses | None, expected: SharedLayout) -> None:
    with kernel(f"%A = memref.alloc() : {matrix(shape, element)}") as found:
        assert shared_layout(buffers(found)[0], uses, SM_90A) == expected


def test_a_swizzle_is_one_that_the_copies_write() -> None:
    copies = tuple(replace(copy, swizzles=(32,)) if copy.name == "cp_async" else copy for copy in SM_90A.copies)
    machine = replace(SM_90A, copies=copies)
    with kernel(f"%A = memref.alloc() : {matrix('64x64')}") as found:
        [buffer] = buffers(found)
        for written, width in (({"cp_async"}, 32), ({"cp_async", "bulk"}, 32), ({"bulk"}, 128), (set(), 128)):
            uses = Uses([(64, 64)], swizzles=WIDTHS, copies=written)
            assert shared_layout(buffer, uses, machine) == SharedLayout((64, 64), 2, width)


PART = f"memref<32x64xf16, strided<[64, 1]>, {SHARED}>"


@pytest.mark.parametrize(
    ("views", "reshaped"),
    [
        ("", False),
        (f"%B = memref.subview %A[0, 0] [32, 64] [1, 1] : {matrix('64x64')} to {PART}", False),
        (f"%B = memref.cast %A : {matrix('64x64')} to {matrix('?x64')}", False),
        (f"%B = memref.collapse_shape %A [[0, 1]] : {matrix('64x64')} into {matrix('4096')}", True),
        (
            f"%B = memref.expand_shape %A [[0, 1], [2]] output_shape [4, 16, 64] : {matrix('64x64')} into {matrix('4x16x64')}",
            True,
        ),
        (
            f"%B = memref.subview %A[0, 0] [32, 64] [1, 1] : {matrix('64x64')} to {PART}\n"
            f"%C = memref.collapse_shape %B [[0, 1]] : {PART} into memref<2048xf16, strided<[1]>, {SHARED}>",
            True,
        ),
    ],
)
def test_a_buffer_that_is_seen_as_another_shape_is_linear(views: str, reshaped: bool) -> None:
    with kernel(f"%A = memref.alloc() : {matrix('64x64')}\n{views}") as found:
        [buffer] = buffers(found)
        assert is_reshaped(buffer) == reshaped
        swizzled = SharedLayout((64, 64), 2, 0 if reshaped else 128)
        assert shared_layout(buffer, Uses([(64, 64)], swizzles=WIDTHS), SM_90A) == swizzled


def uses_of(body: str) -> list[Uses | None]:
    """How each allocation of a kernel is used, in the order of the text."""
    with kernel(body) as found:
        spaces = loop_spaces(found.operation, 128, 32)
        uses = shared_uses(found, spaces, SM_90A)
        return [uses.get(buffer) for buffer in buffers(found)]


def product(instruction: str, a: str = "m, k", b: str = "n, k") -> str:
    maps = ", ".join(f"affine_map<(m, n, k) -> ({results})>" for results in (a, b, "m, n"))
    attribute = f'{{tile.instruction = "{instruction}"}}' if instruction else ""
    total = "memref<64x64xf32, #gpu.address_space<private>>"
    return (
        f"%A = memref.alloc() : {matrix('64x64')}\n%B = memref.alloc() : {matrix('64x64')}\n%C = memref.alloc() : {total}\n"
        f"linalg.contract indexing_maps = [{maps}] {attribute} "
        f"ins(%A, %B : {matrix('64x64')}, {matrix('64x64')}) outs(%C : {total})"
    )


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("wgmma", Uses([(64, 64)], [(64, 64)], WIDTHS)),
        ("mma", Uses([(64, 64)], [], WIDTHS)),
        ("", Uses()),
        ("unknown", Uses()),
    ],
)
def test_operands_of_matrix_instructions(instruction: str, expected: Uses) -> None:
    assert uses_of(product(instruction)) == [expected, expected, None]


@pytest.mark.parametrize(
    ("of_mma", "of_wgmma", "taken", "swizzle"),
    [
        ((32, 64, 128), (32, 64, 128), {32, 64, 128}, 128),
        ((32, 64), (64, 128), {64}, 64),
        ((32, 64), (32, 128), {32}, 32),
        ((32,), (64,), set(), 0),
    ],
)
def test_a_buffer_is_swizzled_as_all_its_products_take(of_mma, of_wgmma, taken: set[int], swizzle: int) -> None:
    """Instructions of one machine that take different widths, in either order; ours all take the same."""
    widths = {"mma": of_mma, "wgmma": of_wgmma}
    products = tuple(replace(each, swizzles=widths.get(each.name, each.swizzles)) for each in SM_90A.products)
    machine = replace(SM_90A, products=products)
    first, second = product("mma"), product("wgmma").splitlines()[-1]
    for text in (f"{first}\n{second}", first.replace('"mma"', '"wgmma"') + "\n" + second.replace('"wgmma"', '"mma"')):
        with kernel(text) as found:
            spaces = loop_spaces(found.operation, 128, 32)
            uses = shared_uses(found, spaces, machine)
            [a, b, _] = buffers(found)
            assert uses[a].swizzles == uses[b].swizzles == taken
            assert uses[a].operand_shapes == [(64, 64)] * 2 and uses[a].described_shapes == [(64, 64)]
            assert shared_layout(a, uses[a], machine).swizzle == swizzle


@pytest.mark.parametrize(
    ("a", "b", "columns"),
    [
        ("m, k", "n, k", (True, True)),
        ("m, k", "k, n", (True, False)),
        ("k, m", "n, k", (False, True)),
        ("k, m", "k, n", (False, False)),
    ],
)
def test_threads_of_a_scalar_product_read_columns_where_the_contraction_is_innermost(a: str, b: str, columns) -> None:
    found = uses_of(product("scalar", a, b))
    assert found == [Uses(by_column=columns[0]), Uses(by_column=columns[1]), None]


def test_a_product_of_a_matrix_and_a_vector_reads_no_columns() -> None:
    maps = "affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>"
    total = "memref<64xf32, #gpu.address_space<private>>"
    text = f"%A = memref.alloc() : {matrix('64x64')}\n%B = memref.alloc() : {matrix('64')}\n%C = memref.alloc() : {total}\n"
    text += f'linalg.contract indexing_maps = [{maps}] {{tile.instruction = "scalar"}} '
    assert uses_of(text + f"ins(%A, %B : {matrix('64x64')}, {matrix('64')}) outs(%C : {total})") == [Uses(), Uses(), None]


def test_threads_of_a_scalar_sparse_product_read_columns_of_a_alone() -> None:
    a, table, b = matrix("64x32"), matrix("64x4", "i16"), matrix("64x64")
    total = "memref<64x64xf32, #gpu.address_space<private>>"
    text = (
        f"%A = memref.alloc() : {a}\n%B = memref.alloc() : {b}\n%E = memref.alloc() : {table}\n%C = memref.alloc() : {total}\n"
    )
    text += f'"tile.gemm_sp"(%A, %E, %B, %C) {{tile.instruction = "scalar"}} : ({a}, {table}, {b}, {total}) -> ()'
    found = uses_of(text)
    assert found[:2] == [Uses(by_column=True), Uses()]


def test_an_operand_from_registers_is_no_use_of_shared_memory() -> None:
    text = product("wgmma")
    kind = "memref<64x64xf16, #gpu.address_space<private>>"
    text = text.replace(f"%A = memref.alloc() : {matrix('64x64')}", f"%A = memref.alloc() : {kind}")
    text = text.replace(f"ins(%A, %B : {matrix('64x64')},", f"ins(%A, %B : {kind},")
    assert uses_of(text) == [None, Uses([(64, 64)], [(64, 64)], WIDTHS), None]


@pytest.mark.parametrize(
    ("attribute", "copies"),
    [("", {"simt"}), ('{tile.instruction = "cp_async"}', {"cp_async"}), ('{tile.instruction = "bulk"}', {"bulk"})],
)
def test_copies_are_noted_where_they_write(attribute: str, copies: set[str]) -> None:
    tile = matrix("32x32", "f32")
    text = f"%A = memref.alloc() : {tile}\nmemref.copy %X, %A {attribute} : memref<32x32xf32> to {tile}"
    assert uses_of(text) == [Uses(copies=copies)]
    text = f"%A = memref.alloc() : {tile}\nmemref.copy %A, %X {attribute} : {tile} to memref<32x32xf32>"
    assert uses_of(text) == [Uses()]


@pytest.mark.parametrize(
    ("indices", "by_column"),
    [("%i, %j", False), ("%j, %i", True), ("%i, %i", False), ("%t, %j", False), ("%i, %t", False)],
)
def test_threads_side_by_side_in_a_column(indices: str, by_column: bool) -> None:
    tile = matrix("32x32", "f32")
    text = f"%A = memref.alloc() : {tile}\nscf.forall (%i, %j) in (32, 32) {{\n"
    text += "%t = memref.load %I[%i] : memref<32xindex>\n"
    [uses] = uses_of(text + f"%v = memref.load %A[{indices}] : {tile}\nmemref.store %v, %X[%i, %j] : memref<32x32xf32>\n}}")
    assert uses == Uses(by_column=by_column)


def test_one_access_by_column_is_enough() -> None:
    tile = matrix("32x32", "f32")
    text = f"%A = memref.alloc() : {tile}\nscf.forall (%i, %j) in (32, 32) {{\n%v = memref.load %A[%j, %i] : {tile}\n"
    text += "memref.store %v, %X[%i, %j] : memref<32x32xf32>\n}\n"
    row = f"scf.forall (%i, %j) in (32, 32) {{\nmemref.store %zero, %A[%i, %j] : {tile}\n}}"
    assert uses_of(text + row) == [Uses(by_column=True)]


def test_a_loop_of_one_dimension_reads_no_column() -> None:
    tile = matrix("32x32", "f32")
    text = f"%A = memref.alloc() : {tile}\n%n = arith.constant 0 : index\nscf.forall (%i) in (32) {{\n"
    assert uses_of(text + f"memref.store %zero, %A[%i, %n] : {tile}\n}}") == [Uses()]


def test_one_scalar_product_that_reads_columns_is_enough() -> None:
    """Whatever the products after it read."""
    text = product("scalar") + "\n" + product("scalar", "k, m", "k, n").splitlines()[-1]
    assert uses_of(text) == [Uses(by_column=True), Uses(by_column=True), None]
