"""What the operations of the tile dialect and the structured ones access, one row an operation; and what is pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.analysis.accesses import Access, Effects, conjuncts, effects_of, is_pure, linalg_outputs, operands_inside
from tilewright.analysis.regions import Region
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect

PENDING = "{pending = 0 : i32}"
BARRIER = '%b = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier\n'
VIEW = "%w = memref.subview %X[%i] [16] [1] : !x to !view\n"
BULK = '"tile.bulk_copy"(%X, %i, %S, %b, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()'
BULK_OF_VIEW = '"tile.bulk_copy"(%w, %S, %b, %c0) : (!view, !tile, !tile.mbarrier, index) -> ()'


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        (
            '"tile.copy_async"(%X, %i, %S) {group = 0 : i32} : (!x, index, !tile) -> ()',
            "",
            ["read X[i:+16]", "write S[0:+16]"],
        ),
        (
            '"tile.copy_async"(%w, %S) {group = 0 : i32} : (!view, !tile) -> ()',
            VIEW,
            ["read X[i:+16]", "write S[0:+16]"],
        ),
        (
            '"tile.copy_out"(%S, %M, %i, %j) : (!tile, !m, index, index) -> ()',
            "",
            ["read S[0:+16]", "write M[i:+1, j:+16]~"],
        ),
        ("%r = memref.generic_atomic_rmw %M[%i, %j] : !m { ^bb0(%o: f32): memref.atomic_yield %o : f32 }", "",
         ["atomic M[i:+1, j:+1]"]),
        ('"tile.scan"(%M, %N) {dimension = 1 : i32, kind = "sum", reverse = false} : (!m, !m) -> ()', "",
         ["read M[0:+8, 0:+16]", "write N[0:+8, 0:+16]"]),
        (BULK, BARRIER, ["read X[i:+16]", "write S[0:+16]"]),
        (BULK_OF_VIEW, BARRIER + VIEW, ["read X[i:+16]", "write S[0:+16]"]),
        ('"tile.mbarrier_arrive"(%b, %c0) : (!tile.mbarrier, index) -> ()', BARRIER, ["opaque tile.mbarrier_arrive"]),
        (f'"tile.wait_group"() {PENDING} : () -> ()', "", ["opaque tile.wait_group"]),
        ('"tile.commit_group"() {group = 0 : i32} : () -> ()', "", ["opaque tile.commit_group"]),
        (
            '"tile.statement"() ({ memref.store %v, %S[%c1] : !tile }) {stage = 0 : i32, order = 0 : i32, group = -1 : i32}'
            " : () -> ()",
            "",
            ["write S[1:+1]"],
        ),
    ],
)  # fmt: skip
def test_an_operation_on_tiles(text: str, before: str, expected: list[str], effects: Callable[..., list[str]]) -> None:
    assert effects(text, before) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"tile.mbarrier_arrive"(%b, %c0) : (!tile.mbarrier, index) -> ()', ["atomic barrier[]"]),
        ('"tile.mbarrier_expect"(%b, %c0) {bytes = 8 : i32} : (!tile.mbarrier, index) -> ()', ["atomic barrier[]"]),
        ('"tile.mbarrier_wait"(%b, %c0, %c1) : (!tile.mbarrier, index, index) -> ()', ["atomic barrier[]"]),
        (BULK, ["read X[i:+16]", "write S[0:+16]", "atomic barrier[]"]),
        ('"tile.wait_group"() {pending = 0 : i32} : () -> ()', ["opaque tile.wait_group"]),
    ],
)
def test_operations_on_an_mbarrier_are_updates_of_it_where_they_are_ordered(
    text: str, expected: list[str], effects: Callable[..., list[str]]
) -> None:
    assert effects(text, BARRIER, orders_barriers=True) == expected
    guarded = [row if row.startswith("opaque") else row + " if guard" for row in expected]
    assert effects(f"scf.if %guard {{ {text} }}", BARRIER, orders_barriers=True) == guarded


@contextmanager
def operation_of(text: str) -> Iterator[tuple[ir.Block, ir.Operation]]:
    """The body of a function with `text` in it, and its last operation; the module lives as long as the context."""
    types = "!x = memref<64xf32>\n!m = memref<8x16xf32>\n!s = memref<8xf32>\n"
    arguments = "%X: !x, %M: !m, %N: !m, %O: !m, %V: !s, %W: !s, %i: index, %j: index, %v: f32, %bar: !tile.mbarrier, %g: i1"
    with mlir.context():
        module = ir.Module.parse(f"{types} func.func @f({arguments}) {{ %c0 = arith.constant 0 : index\n {text} return }}")
        block = module.body.operations[0].regions[0].blocks[0]
        yield block, list(block.operations)[-2].operation


def test_an_mbarrier_that_comes_from_elsewhere_may_be_any() -> None:
    arrive = '"tile.mbarrier_arrive"(%bar, %c0) : (!tile.mbarrier, index) -> ()'
    with operation_of(arrive) as (_, operation):
        (access,) = effects_of(operation, orders_barriers=True).accesses
        assert access.kind == "atomic" and access.region.root is None and access.region.box == ()


def names_of(block: ir.Block) -> dict[ir.Value, str]:
    return dict(zip(block.arguments, ("X", "M", "N", "O", "V", "W", "i", "j", "v", "bar", "g"), strict=True))


def rows(block: ir.Block, effects: Effects) -> list[str]:
    """The accesses of the function's arguments."""
    names = names_of(block)
    return [f"{a.kind} {names[a.region.root]}" for a in effects.accesses if a.region.root in names]


MAP = "affine_map<(d0) -> (d0)>"
GENERIC = (
    f'linalg.generic {{indexing_maps = [{MAP}, {MAP}, {MAP}], iterator_types = ["parallel"]}} '
    "ins(%V : !s) outs(%W, %V : !s, !s) { ^bb0(%a: f32, %b: f32, %c: f32): linalg.yield %a, %b : f32, f32 }"
)
ADD = "%r = arith.addf %a, %b : f32 linalg.yield %r : f32"


@pytest.mark.parametrize(
    ("text", "outputs", "expected"),
    [
        (GENERIC, "WV", ["read V", "read W", "write W", "write V"]),
        (
            f"linalg.map ins(%M, %N : !m, !m) outs(%O : !m) (%a: f32, %b: f32, %o: f32) {{ {ADD} }}",
            "O",
            ["read M", "read N", "write O"],
        ),
        (
            f"linalg.map ins(%M, %N, %N : !m, !m, !m) outs(%O : !m) (%a: f32, %b: f32, %c: f32, %o: f32) {{ {ADD} }}",
            "O",
            ["read M", "read N", "read N", "write O"],
        ),
        (
            f"linalg.reduce ins(%M : !m) outs(%V : !s) dimensions = [1] (%a: f32, %b: f32) {{ {ADD} }}",
            "V",
            ["read M", "read V", "write V"],
        ),
        (
            "linalg.reduce ins(%M, %N : !m, !m) outs(%V, %W : !s, !s) dimensions = [1] "
            "(%a: f32, %b: f32, %c: f32, %d: f32) { linalg.yield %a, %d : f32, f32 }",
            "VW",
            ["read M", "read N", "read W", "write V", "write W"],
        ),
        ("linalg.broadcast ins(%V : !s) outs(%M : !m) dimensions = [1]", "M", ["read V", "write M"]),
        ("linalg.add ins(%M, %N : !m, !m) outs(%O : !m)", "O", ["read M", "read N", "write O"]),
    ],
)
def test_structured_operations_write_their_outputs(text: str, outputs: str, expected: list[str]) -> None:
    with operation_of(text) as (block, operation):
        names = names_of(block)
        assert "".join(names[value] for value in linalg_outputs(operation)) == outputs
        assert rows(block, effects_of(operation)) == expected


def test_a_structured_operation_without_a_body_is_opaque() -> None:
    with operation_of("linalg.softmax dimension(1) ins(%M : !m) outs(%N : !m)") as (_, operation):
        assert effects_of(operation).opaque == operation


def test_a_sparse_product_reads_all_and_writes_the_last() -> None:
    shapes = {"a": "64x16xf16", "e": "64x4xi8", "b": "32x32xf16", "c": "64x32xf32"}
    before = "".join(f"%{name} = memref.alloc() : memref<{shape}>\n" for name, shape in shapes.items())
    product = f'"tile.gemm_sp"(%a, %e, %b, %c) : ({", ".join(f"memref<{shape}>" for shape in shapes.values())}) -> ()'
    with operation_of(before + product) as (_, operation):
        found = [(access.kind, access.region.root) for access in effects_of(operation).accesses]
        assert found == [*(("read", operand) for operand in operation.operands), ("write", operation.operands[3])]


def test_the_conjuncts_of_a_condition() -> None:
    text = (
        "%a = arith.cmpi eq, %i, %j : index %b = arith.andi %g, %a : i1 %c = arith.andi %b, %g : i1 %d = arith.ori %c, %g : i1"
    )
    with operation_of(text) as (block, last):
        operations = {child.operation.name: child.operation for child in block.operations}
        guard, compared = block.arguments[10], operations["arith.cmpi"].results[0]
        assert conjuncts(guard) == (guard,)
        assert conjuncts(last.operands[0]) == (guard, compared, guard)
        assert conjuncts(last.results[0]) == (last.results[0],)


def test_the_operands_of_what_is_nested() -> None:
    with operation_of("scf.if %g { memref.store %v, %V[%i] : !s }") as (block, operation):
        names = names_of(block)
        assert [names[value] for value in operands_inside(operation)] == ["g", "v", "V", "i"]


def test_effects_are_pure_where_nothing_is_accessed_or_unknown() -> None:
    with operation_of("gpu.barrier") as (_, operation):
        access = Access("read", Region(None, (), False), operation)
        assert access.certain and not access.scalar and access.conditions == ()
        assert [Access(kind, access.region, operation).writes for kind in ("read", "write", "atomic")] == [False, True, True]
        assert Effects(()).pure
        assert not Effects((access,)).pure
        assert not Effects((), operation).pure
        assert not Effects((access,), operation).pure


@pytest.mark.parametrize(
    ("text", "pure"),
    [
        ("%r = arith.addi %i, %j : index", True),
        ("%r = math.sqrt %v : f32", True),
        ("%r = index.add %i, %j", True),
        ("%r = complex.create %v, %v : complex<f32>", True),
        ("%r = affine.apply affine_map<(d0) -> (d0)>(%i)", True),
        ("%r = affine.min affine_map<(d0) -> (d0, 4)>(%i)", True),
        ("%r = affine.max affine_map<(d0) -> (d0, 4)>(%i)", True),
        ("%r:2 = affine.delinearize_index %i into (4, 2) : index, index", True),
        ("%r = affine.linearize_index [%i, %j] by (4, 2) : index", True),
        ("%r = affine.load %X[3] : !x", False),
        ("affine.store %v, %X[3] : !x", False),
        ("%r = affine.vector_load %X[3] : !x, vector<4xf32>", False),
        ("affine.for %k = 0 to 4 { }", False),
        ("affine.parallel (%k) = (0) to (4) { }", False),
        ("affine.for %k = 0 to 4 { affine.store %v, %X[3] : !x }", False),
        ("affine.if affine_set<(d0) : (d0 >= 0)>(%i) { }", False),
        ("%r = gpu.thread_id x", True),
        ("%r = gpu.block_id x", True),
        ("%r = gpu.block_dim x", True),
        ("%r = gpu.grid_dim x", True),
        ("%r = memref.dim %X, %c0 : !x", True),
        ("%r = memref.rank %X : !x", True),
        ("%b, %o, %s, %t = memref.extract_strided_metadata %X : !x -> memref<f32>, index, index, index", True),
        ("%r = memref.cast %X : !x to memref<?xf32>", True),
        ("%r = memref.subview %X[0] [64] [1] : !x to !x", True),
        ("%r = memref.expand_shape %X [[0, 1]] output_shape [8, 8] : !x into memref<8x8xf32>", True),
        ("%r = memref.collapse_shape %M [[0, 1]] : !m into memref<128xf32>", True),
        ("%r = memref.transpose %M (d0, d1) -> (d1, d0) : !m to memref<16x8xf32, strided<[1, 16]>>", True),
        ("%r = memref.memory_space_cast %X : !x to memref<64xf32, 1>", True),
        (
            "%r = memref.reinterpret_cast %X to offset: [0], sizes: [8], strides: [1] : !x to memref<8xf32, strided<[1]>>",
            True,
        ),
        ("%b = memref.alloc() : memref<64xi8>\n%r = memref.view %b[%c0][] : memref<64xi8> to memref<16xf32>", True),
        ("%r = memref.load %X[%i] : !x", False),
        ("%r = memref.alloc() : !x", False),
        ("gpu.barrier", False),
        ('%r = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index', True),
        ('%r = "tile.phase"(%i) {stages = 3 : i32, initial = 0 : i32} : (index) -> index', True),
        ('"tile.wait_group"() {pending = 0 : i32} : () -> ()', False),
    ],
)
def test_what_is_pure(text: str, pure: bool) -> None:
    with operation_of(text) as (_, operation):
        assert is_pure(operation) == pure


def test_the_ends_of_regions_are_pure() -> None:
    text = """scf.while : () -> () { scf.condition(%g) } do { scf.yield }
    scf.forall (%a) in (4) { }
    scf.parallel (%a) = (%c0) to (%i) step (%j) { scf.reduce }
    linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%V : !s) {
      ^bb0(%o: f32): %n = linalg.index 0 : index linalg.yield %o : f32 }
    %r = memref.generic_atomic_rmw %V[%i] : !s { ^bb0(%o: f32): memref.atomic_yield %o : f32 }"""
    with operation_of(text) as (block, _):
        inner = [
            child.operation
            for holder in block.operations
            for region in holder.regions
            for inside in region.blocks
            for child in inside.operations
        ]
        names = [
            "scf.condition",
            "scf.yield",
            "scf.forall.in_parallel",
            "scf.reduce",
            "linalg.index",
            "linalg.yield",
            "memref.atomic_yield",
        ]
        assert [operation.name for operation in inner] == names
        assert all(is_pure(operation) for operation in inner)
