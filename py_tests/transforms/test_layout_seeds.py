"""What dictates layouts: scopes over plain data, and the seeds of scalar code and of products from small kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tilewright import mlir
from tilewright.analysis.loop_space import LoopSpace, SpaceAccess, loop_spaces
from tilewright.diagnostics import InputError
from tilewright.ir.layout import Axis, FragmentLayout, replicated_fragment
from tilewright.machine import ProductInstruction
from tilewright.machine.cuda import SM_90A
from tilewright.mlir import ir
from tilewright.transforms.assign_layouts import Conflict, Seed
from tilewright.transforms.layout_seeds import (
    Scope,
    product_seeds,
    replicated_seeds,
    scopes_of,
    shared_by_groups,
    unserved_operands,
)
from tilewright.transforms.product_layouts import a_operand_layout, accumulator_layout, b_operand_layout

pytestmark = pytest.mark.l1a_compile_no_target_dialect

BLOCK = 128
SHARED, FRAGMENT = "#gpu.address_space<workgroup>", "#gpu.address_space<private>"


def used(buffer: Any, operation: str, threads: int = BLOCK, group: Any = None, **more: bool) -> LoopSpace:
    """A space with one access; buffers, operations and groups are names, since nothing looks into them."""
    by: Any = operation
    writes, serial = more.get("writes", False), more.get("serial", False)
    return LoopSpace(by, (8,), (SpaceAccess(buffer, (Axis(8, 0),), writes, by, serial=serial),), threads, group)


def scope(*spaces: LoopSpace) -> Scope:
    name: Any = "F"
    return scopes_of(spaces, {name: (8,)}, BLOCK)[name]


def test_a_fragment_that_nothing_uses_has_the_threads_of_the_block() -> None:
    found = scope()
    assert (found.threads, found.groups, found.written_in_group, found.serial) == (BLOCK, {}, False, False)
    assert found.is_shared is False


def test_the_threads_of_a_scope_are_those_of_its_one_user() -> None:
    assert scope(used("F", "load")).threads == BLOCK
    found = scope(used("F", "load", 64, "consumer"), used("F", "store", 64, "consumer", writes=True))
    assert (found.threads, found.groups, found.is_shared) == (64, {"consumer": "load"}, False)


@pytest.mark.parametrize(
    ("spaces", "groups"),
    [
        ([used("F", "a", 64, "first"), used("F", "b", 32, "second")], {"first": "a", "second": "b"}),
        ([used("F", "a"), used("F", "b", 32, "second")], {None: "a", "second": "b"}),
        ([used("F", "a", 32, "first"), used("F", "b")], {"first": "a", None: "b"}),
    ],
)
def test_what_several_use_has_the_threads_of_the_block(spaces: list[LoopSpace], groups: dict[Any, str]) -> None:
    found = scope(*spaces)
    assert (found.threads, found.groups, found.is_shared, found.written_in_group) == (BLOCK, groups, True, False)


@pytest.mark.parametrize(
    ("spaces", "written"),
    [
        ([used("F", "a", writes=True)], False),
        ([used("F", "a", 64, "first")], False),
        ([used("F", "a", 64, "first", writes=True)], True),
        ([used("F", "a", 64, "first", writes=True), used("F", "b", 64, "second"), used("F", "c")], True),
        ([used("F", "a", writes=True), used("F", "b", 64, "second")], False),
    ],
)
def test_written_in_a_group_is_written_by_its_threads_alone(spaces: list[LoopSpace], written: bool) -> None:
    assert scope(*spaces).written_in_group is written


def test_one_serial_access_makes_a_scope_serial() -> None:
    assert scope(used("F", "a", serial=True), used("F", "b")).serial is True
    assert scope(used("F", "a"), used("F", "b")).serial is False


def test_accesses_of_other_memory_make_no_scope() -> None:
    names: Any = {"F": (8,)}
    assert list(scopes_of([used("X", "a")], names, BLOCK)) == ["F"]


def test_only_what_is_shared_and_written_in_a_group_conflicts() -> None:
    """At the first uses of the first two groups, however many there are."""
    spaces = [
        used("both", "a", 64, "first", writes=True),
        used("both", "b", 64, "second"),
        used("both", "c", 64, "third"),
        used("read", "d", 64, "first"),
        used("read", "e", 64, "second"),
        used("alone", "f", 64, "first", writes=True),
        used("outside", "g", writes=True),
    ]
    names: Any = dict.fromkeys(("both", "read", "alone", "outside"), (8,))
    [conflict] = shared_by_groups(scopes_of(spaces, names, BLOCK))
    assert (conflict.buffer, conflict.first, conflict.second) == ("both", "a", "b")
    assert conflict.reason == "two groups of threads use it, each with registers of its own"


class Kernel:
    """The spaces of a parsed kernel, and its fragments by name."""

    def __init__(self, module: ir.Module, names: list[str]) -> None:
        self.module = module
        function = module.body.operations[0].operation
        allocations = [op.operation for op in function.regions[0].blocks[0].operations if op.operation.name == "memref.alloc"]
        self.buffers = {name: op.results[0] for name, op in zip(names, allocations, strict=True)}
        self.names = {value: name for name, value in self.buffers.items()}
        self.spaces = loop_spaces(function, BLOCK, 32)
        kinds = {value: ir.MemRefType(value.type) for value in self.names}
        self.shapes = {value: tuple(kind.shape) for value, kind in kinds.items() if "private" in str(kind.memory_space)}
        self.scopes = scopes_of(self.spaces, self.shapes, BLOCK)

    def described(self, seeds: list[Seed]) -> list[tuple[str, FragmentLayout, str]]:
        return [(self.names[seed.buffer], seed.layout, seed.operation.name) for seed in seeds]


@contextmanager
def kernel(allocations: dict[str, str], body: str) -> Iterator[Kernel]:
    lines = "\n".join(f"%{name} = memref.alloc() : {kind}" for name, kind in allocations.items())
    constants = "%c0 = arith.constant 0 : index\n%v = arith.constant 0.0 : f32"
    with mlir.context():
        text = f"func.func @f(%g: i1) {{ {constants}\n{lines}\n{body}\nreturn }}"
        yield Kernel(ir.Module.parse(text), list(allocations))


def row(extent: int, element: str = "f32") -> str:
    return f"memref<{extent}x{element}, {FRAGMENT}>"


def loaded(buffer: str, extent: int, element: str = "f32") -> str:
    return f"%v{buffer} = memref.load %{buffer}[%c0] : {row(extent, element)}\n"


@pytest.mark.parametrize(
    ("extent", "element", "body", "everywhere"),
    [
        # One element is kept by every thread, whoever uses it; two are, where scalar code accesses them.
        (1, "f32", "linalg.fill ins(%v : f32) outs(%F : memref<1xf32, #gpu.address_space<private>>)", True),
        (2, "f32", "linalg.fill ins(%v : f32) outs(%F : memref<2xf32, #gpu.address_space<private>>)", False),
        (2, "f32", loaded("F", 2), True),
        # A thread has 255 registers of four bytes; a part of one is one.
        (255, "f32", loaded("F", 255), True),
        (256, "f32", loaded("F", 256), False),
        (510, "f16", loaded("F", 510, "f16"), True),
        (511, "f16", loaded("F", 511, "f16"), False),
        (512, "f16", loaded("F", 512, "f16"), False),
        (127, "f64", loaded("F", 127, "f64"), True),
        (128, "f64", loaded("F", 128, "f64"), False),
        (1020, "i8", loaded("F", 1020, "i8"), True),
        (1021, "i8", loaded("F", 1021, "i8"), False),
    ],
)
def test_what_every_thread_keeps(extent: int, element: str, body: str, everywhere: bool) -> None:
    with kernel({"F": row(extent, element)}, body) as found:
        seeds = found.described(replicated_seeds(found.spaces, found.shapes, found.scopes, set(), SM_90A))
        operation = found.spaces[0].operation.name
    assert seeds == ([("F", replicated_fragment((extent,), BLOCK), operation)] if everywhere else [])


def test_each_fragment_gets_one_seed_at_its_first_access_and_none_where_it_has_one() -> None:
    body = (
        loaded("F", 8)
        + "memref.store %v, %F[%c0] : "
        + row(8)
        + "\n"
        + loaded("G", 8)
        + loaded("S", 8).replace(FRAGMENT, SHARED)
    )
    with kernel({"F": row(8), "G": row(8), "S": row(8).replace(FRAGMENT, SHARED)}, body) as found:
        arguments = (found.spaces, found.shapes, found.scopes)
        everything = found.described(replicated_seeds(*arguments, set(), SM_90A))
        rest = found.described(replicated_seeds(*arguments, {found.buffers["F"]}, SM_90A))
    layout = replicated_fragment((8,), BLOCK)
    assert everything == [("F", layout, "memref.load"), ("G", layout, "memref.load")]
    assert rest == [("G", layout, "memref.load")]


@pytest.mark.parametrize("again", [True, False])
def test_what_a_group_and_others_read_is_kept_by_every_thread(again: bool) -> None:
    tile = row(8).replace(FRAGMENT, SHARED)
    read = f"memref.copy %F, %S : {row(8)} to {tile}"
    group = f'"tile.warp_group"() ({{ {read} }}) {{role = "consumer", warps = 2 : i32}} : () -> ()'
    body = f'"tile.specialize"() ({{ {group} }}) : () -> ()\n' + (read if again else "")
    with kernel({"F": row(8), "S": tile}, body) as found:
        seeds = found.described(replicated_seeds(found.spaces, found.shapes, found.scopes, set(), SM_90A))
        assert found.scopes[found.buffers["F"]].threads == (BLOCK if again else 64)
    assert seeds == ([("F", replicated_fragment((8,), BLOCK), "memref.copy")] if again else [])


def matrix(rows: int, columns: int, element: str, space: str) -> str:
    return f"memref<{rows}x{columns}x{element}, {space}>"


def contract(instruction: str, kinds: tuple[str, str, str], maps: tuple[str, str, str] = ("m, k", "n, k", "m, n")) -> str:
    listed = ", ".join(f"affine_map<(m, n, k) -> ({results})>" for results in maps)
    attribute = f'{{tile.instruction = "{instruction}"}}' if instruction else ""
    a, b, c = kinds
    return f"linalg.contract indexing_maps = [{listed}] {attribute} ins(%A, %B : {a}, {b}) outs(%C : {c})"


def product_kinds(a: str = SHARED, b: str = SHARED, m: int = 64, n: int = 16, k: int = 32) -> tuple[str, str, str]:
    return matrix(m, k, "f16", a), matrix(n, k, "f16", b), matrix(m, n, "f32", FRAGMENT)


def named(kinds: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip("ABC", kinds, strict=True))


MMA, WGMMA, SCALAR = (next(each for each in SM_90A.products if each.name == name) for name in ("mma", "wgmma", "scalar"))
REGISTERS_FOR_B = replace(MMA, b_spaces=("shared", "fragment"))
# One of two threads, which no machine of ours has.
PAIR = ProductInstruction("pair", 2, 16, 8, {"f16": (("f32",), 16)}, transposable=("f16",))


def seeded(kinds: tuple[str, str, str], body: str, machine: Any = SM_90A) -> list[tuple[str, FragmentLayout, str]]:
    with kernel(named(kinds), body) as found:
        return found.described(product_seeds(found.spaces, found.shapes, machine))


def test_a_product_dictates_its_accumulator_and_its_operands_from_registers() -> None:
    """The layouts themselves are tested against the PTX ISA; here, whose is whose."""
    c, operation = accumulator_layout(MMA, 64, 16, BLOCK), "linalg.contract"
    a, b = a_operand_layout(MMA, 64, 32, 16, BLOCK, 2), b_operand_layout(REGISTERS_FOR_B, 64, 32, 16, BLOCK, 2)
    kinds = product_kinds()
    assert seeded(kinds, contract("mma", kinds)) == [("C", c, operation)]
    kinds = product_kinds(FRAGMENT)
    assert seeded(kinds, contract("mma", kinds)) == [("A", a, operation), ("C", c, operation)]
    kinds = product_kinds(FRAGMENT, FRAGMENT)
    both = replace(SM_90A, products=(REGISTERS_FOR_B,))
    assert seeded(kinds, contract("mma", kinds), both) == [("A", a, operation), ("B", b, operation), ("C", c, operation)]
    kinds = product_kinds(FRAGMENT)
    expected = [("A", a_operand_layout(WGMMA, 64, 32, 16, BLOCK, 2), operation)]
    expected.append(("C", accumulator_layout(WGMMA, 64, 16, BLOCK), operation))
    assert seeded(kinds, contract("wgmma", kinds)) == expected


def test_an_operand_for_which_the_instruction_defines_no_layout_gets_none() -> None:
    """wgmma reads B from shared memory; a scalar product has no fragments of operands, transposed or not."""
    kinds = product_kinds(SHARED, FRAGMENT)
    assert [name for name, _, _ in seeded(kinds, contract("wgmma", kinds))] == ["C"]
    kinds = (matrix(32, 64, "f16", FRAGMENT), matrix(32, 16, "f16", FRAGMENT), matrix(64, 16, "f32", FRAGMENT))
    total = accumulator_layout(SCALAR, 64, 16, BLOCK)
    assert seeded(kinds, contract("scalar", kinds, ("k, m", "k, n", "m, n"))) == [("C", total, "linalg.contract")]


def test_a_transposed_operand_has_the_same_elements_in_the_same_threads() -> None:
    both = REGISTERS_FOR_B
    kinds = (matrix(32, 64, "f16", FRAGMENT), matrix(32, 16, "f16", FRAGMENT), matrix(64, 16, "f32", FRAGMENT))
    found = seeded(kinds, contract("mma", kinds, ("k, m", "k, n", "m, n")), replace(SM_90A, products=(both,)))
    a, b = a_operand_layout(both, 64, 32, 16, BLOCK, 2), b_operand_layout(both, 64, 32, 16, BLOCK, 2)
    assert a is not None and b is not None
    layouts = {name: layout for name, layout, _ in found}
    assert list(layouts) == ["A", "B", "C"]
    assert layouts["A"].shape == (32, 64) and layouts["B"].shape == (32, 16)
    for k in range(32):
        assert all(layouts["A"].owner((k, m)) == a.owner((m, k)) for m in range(64))
        assert all(layouts["B"].owner((k, n)) == b.owner((n, k)) for n in range(16))
        assert all(layouts["B"].owners((k, n)) == b.owners((n, k)) for n in range(16))


def test_a_sparse_product_keeps_half_of_a() -> None:
    instruction = next(choice for choice in SM_90A.sparse_products if choice.name == "mma_sp")
    a, table = matrix(64, 32, "f16", FRAGMENT), matrix(64, 4, "i16", SHARED)
    b, c = matrix(16, 64, "f16", SHARED), matrix(64, 16, "f32", FRAGMENT)
    attributes = 'tile.instruction = "mma_sp", transpose_b = true'
    body = f'"tile.gemm_sp"(%A, %E, %B, %C) {{{attributes}}} : ({a}, {table}, {b}, {c}) -> ()'
    with kernel({"A": a, "E": table, "B": b, "C": c}, body) as found:
        seeds = found.described(product_seeds(found.spaces, found.shapes, SM_90A))
    kept = a_operand_layout(instruction, 64, 32, 16, BLOCK, 2)
    total = accumulator_layout(instruction, 64, 16, BLOCK)
    assert seeds == [("A", kept, "tile.gemm_sp"), ("C", total, "tile.gemm_sp")]


def test_a_part_of_a_fragment_is_not_laid_out_by_its_product() -> None:
    """The layout of a tile is none of the buffer around it."""
    whole, part = matrix(128, 32, "f16", FRAGMENT), f"memref<64x32xf16, strided<[32, 1]>, {FRAGMENT}>"
    kinds = (part, matrix(16, 32, "f16", SHARED), matrix(64, 16, "f32", FRAGMENT))
    view = f"%A = memref.subview %W[0, 0] [64, 32] [1, 1] : {whole} to {part}\n"
    with kernel({"W": whole, "B": kinds[1], "C": kinds[2]}, view + contract("mma", kinds)) as found:
        seeds = found.described(product_seeds(found.spaces, found.shapes, SM_90A))
    assert [name for name, _, _ in seeds] == ["C"]


def test_an_operand_that_may_be_either_of_two_is_not_laid_out() -> None:
    kinds = product_kinds(FRAGMENT)
    choice = f"%A = arith.select %g, %P, %Q : {kinds[0]}\n"
    with kernel({"P": kinds[0], "Q": kinds[0], "B": kinds[1], "C": kinds[2]}, choice + contract("mma", kinds)) as found:
        assert [name for name, _, _ in found.described(product_seeds(found.spaces, found.shapes, SM_90A))] == ["C"]
        assert unserved_operands(found.spaces, {found.buffers["C"]}, found.shapes) == []


def test_what_has_no_instruction_or_is_no_product_of_matrices_dictates_nothing() -> None:
    kinds = product_kinds()
    assert seeded(kinds, contract("", kinds)) == []
    # A copy has an instruction too.
    assert seeded(kinds, f'memref.copy %A, %A {{tile.instruction = "simt"}} : {kinds[0]} to {kinds[0]}') == []
    vector, total = f"memref<32xf16, {SHARED}>", f"memref<64xf32, {FRAGMENT}>"
    kinds = (kinds[0], vector, total)
    assert seeded(kinds, contract("mma", kinds, ("m, k", "k", "m")).replace("(m, n, k)", "(m, k)")) == []


def refused(kinds: tuple[str, str, str], body: str, machine: Any = SM_90A) -> str:
    with pytest.raises(InputError) as caught:
        seeded(kinds, body, machine)
    return str(caught.value)


def test_what_a_product_does_not_fit() -> None:
    kinds = product_kinds()
    assert "'linalg.contract' cannot be laid out: cuda:sm_90a has no instruction tcgen05" in refused(
        kinds, contract("tcgen05", kinds)
    )
    short = product_kinds(m=48)
    assert "tile.instruction is wgmma: 48x16x32 is no multiple of 64x8x16" in refused(short, contract("wgmma", short))
    bytes_ = (matrix(32, 64, "i8", SHARED), matrix(16, 32, "i8", SHARED), matrix(64, 16, "i32", FRAGMENT))
    found = refused(bytes_, contract("mma", bytes_, ("k, m", "n, k", "m, n")))
    assert "tile.instruction is mma: i8 operands must have the contraction innermost" in found


def test_an_instruction_of_two_threads_has_to_fit_and_one_of_one_thread_always_does() -> None:
    machine = replace(SM_90A, products=(PAIR, *SM_90A.products))
    kinds = product_kinds(m=8)
    assert "tile.instruction is pair: 8x16x32 is no multiple of 16x8x16" in refused(kinds, contract("pair", kinds), machine)
    # A product of 6-bit integers is nothing that the scalar instruction lists, and yet it is laid out.
    odd = (matrix(8, 8, "i6", SHARED), matrix(8, 8, "i6", SHARED), matrix(8, 8, "i32", FRAGMENT))
    machine = replace(SM_90A, products=(replace(SCALAR, transposable=("i6",)),))
    assert seeded(odd, contract("scalar", odd), machine) == [("C", accumulator_layout(SCALAR, 8, 8, BLOCK), "linalg.contract")]


def described_a(kinds: tuple[str, str, str], instruction: str) -> tuple[dict[str, str], str]:
    """A product whose A is annotated with rows that are padded, which no descriptor says."""
    layout = "#tile.shared<{shape = [64, 32], element_bytes = 2 : i32, digits = [[32, 1], [64, 40]]}>"
    text = f"%A = memref.alloc() {{tile.layout = {layout}}} : {kinds[0]}\n"
    return {"B": kinds[1], "C": kinds[2]}, text + contract(instruction, kinds)


@pytest.mark.parametrize("instruction", ["mma", "wgmma"])
def test_only_an_instruction_that_reads_by_descriptors_refuses_a_layout_that_they_cannot_say(instruction: str) -> None:
    kinds = product_kinds()
    buffers, body = described_a(kinds, instruction)
    with mlir.context():
        lines = "\n".join(f"%{name} = memref.alloc() : {kind}" for name, kind in buffers.items())
        module = ir.Module.parse(f"func.func @f() {{ {lines}\n{body}\nreturn }}")
        found = Kernel(module, ["B", "C", "A"])
        if instruction == "mma":
            assert [name for name, _, _ in found.described(product_seeds(found.spaces, found.shapes, SM_90A))] == ["C"]
            return
        with pytest.raises(InputError, match=r"as its operand A by tile\.instruction wgmma, which") as caught:
            product_seeds(found.spaces, found.shapes, SM_90A)
        [note] = caught.value.diagnostic.notes
        assert note.message.startswith("its layout is given here: #tile.shared<")


def test_operands_from_registers_without_a_layout_are_read_across_threads() -> None:
    """Once each, at the last product; what is seeded, what is in shared memory, and what no product reads are none."""
    kinds = product_kinds(FRAGMENT, FRAGMENT)
    loop = f"linalg.copy ins(%D : {kinds[0]}) outs(%D : {kinds[0]})\n"
    body = loop + contract("wgmma", kinds)
    with kernel({**named(kinds), "D": kinds[0]}, body) as found:
        a, b, c = (found.buffers[name] for name in "ABC")
        assert [found.names[conflict.buffer] for conflict in unserved_operands(found.spaces, {a, c}, found.shapes)] == ["B"]
        assert [found.names[conflict.buffer] for conflict in unserved_operands(found.spaces, set(), found.shapes)] == [
            "A",
            "B",
            "C",
        ]
        del found.shapes[a]
        [conflict] = unserved_operands(found.spaces, {c}, found.shapes)
        product = found.spaces[1].operation
        assert conflict == Conflict(b, "a product reads it across its threads", None, product)


def test_the_table_of_a_sparse_product_is_one_of_its_operands() -> None:
    a, table, b, c = (matrix(64, 32, "f16", FRAGMENT), matrix(64, 4, "i16", FRAGMENT), matrix(64, 16, "f16", SHARED),
                      matrix(64, 16, "f32", FRAGMENT))  # fmt: skip
    body = f'"tile.gemm_sp"(%A, %E, %B, %C) : ({a}, {table}, {b}, {c}) -> ()'
    with kernel({"A": a, "E": table, "B": b, "C": c}, body) as found:
        conflicts = unserved_operands(found.spaces, {found.buffers["C"], found.buffers["A"]}, found.shapes)
        assert [found.names[conflict.buffer] for conflict in conflicts] == ["E"]
