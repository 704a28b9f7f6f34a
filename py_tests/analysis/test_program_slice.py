"""What an agent needs in order to run some statements alone: one row a kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.analysis.program_slice import KernelWrites, ProgramSlice, leaves, slice_for, values_from_outside
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations

pytestmark = pytest.mark.l1a_compile_no_target_dialect

PRELUDE = """
!x = memref<64xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!table = memref<16xindex, #gpu.address_space<workgroup>>
!matrix = memref<4x4xi32, #gpu.address_space<workgroup>>
"""
WORDS = {
    "FOR": "scf.for %k = %n to %n step %n",
    "UNKNOWN": "%u = arith.select %guard, %S, %Z : !tile\n",
    "FILL_L": "memref.store %n, %L[%n] : !table\n",
    "WHERE": "%i = memref.load %L[%n] : !table\n",
    "FROM_P": "%e = memref.load %P[%n, %n] : !matrix %i = arith.index_cast %e : i32 to index\n",
    "MOVED": "%m = arith.addi %n, %n : index\n",
}


def copy(index: str, target: str = "%S", source: str = "%X") -> str:
    return f'"tile.copy_in"({source}, {index}, {target}) {{pad = 0.0 : f16, wanted}} : (!x, index, !tile) -> ()\n'


@contextmanager
def kernel(text: str) -> Iterator[ir.Operation]:
    """The function of a kernel. Its allocations are %S and %Z, tiles, %L and %K, tables, and %P, a matrix; no constants."""
    for word, meaning in WORDS.items():
        text = text.replace(word, meaning)
    tiles = {"S": "tile", "Z": "tile", "L": "table", "K": "table", "P": "matrix"}
    allocations = "".join(f'%{name} = memref.alloc() {{named = "{name}"}} : !{kind}\n' for name, kind in tiles.items())
    with mlir.context():
        module = ir.Module.parse(f"""{PRELUDE} gpu.module @m {{
          gpu.func @f(%X: !x, %T: memref<16xindex>, %guard: i1, %n: index, %v: f16, %w: i32) kernel {{
            {allocations} {text}
            gpu.return
          }} }}""")
        yield module.body.operations[0].regions[0].blocks[0].operations[0].operation


def name_of(value: ir.Value) -> str:
    return ir.StringAttr(value.owner.operation.attributes["named"]).value


def described(function: ir.Operation, found: ProgramSlice) -> str:
    """The kept operations in program order, allocations by name, then what is carried and what is private."""
    names: list[str] = []
    for operation in nested_operations(function):
        if operation in found.kept:
            names.append(name_of(operation.results[0]) if "named" in operation.attributes else operation.name.partition(".")[2])
    carried = sorted(f"{structure.name.partition('.')[2]}#{position}" for structure, position in found.carried)
    private = [f"own {name_of(value)}" for value in found.private]
    return " ".join([*names, *carried, *private])


def slice_of(function: ir.Operation) -> ProgramSlice:
    """The slice of the operations with `wanted`; those with `everywhere` are shared; all but %K may be copied."""
    operations = list(nested_operations(function))
    wanted = [operation for operation in operations if "wanted" in operation.attributes]
    shared = [operation for operation in operations if "everywhere" in operation.attributes]
    return slice_for(function, wanted, KernelWrites(function), lambda tile: name_of(tile) != "K", shared)


WHILE = """MOVED %r:2 = scf.while (%a = %m) : (index) -> (index, index) {
  %c = arith.cmpi slt, %a, %n : index scf.condition(%c) %a, %n : index, index
} do {
  ^bb0(%d: index, %e: index): BODY %f = arith.muli %d, %n : index %g = arith.subi %d, %n : index scf.yield %f : index
}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (copy("%n"), "S copy_in"),
        ("MOVED %q = arith.muli %n, %n : index\n" + copy("%m"), "S addi copy_in"),
        (copy("%n") + copy("%n", "%Z"), "S Z copy_in copy_in"),
        # Loops and guards, with what they are made of.
        ("MOVED scf.for %k = %n to %m step %n { " + copy("%k") + "}", "S addi for copy_in"),
        ("MOVED scf.for %k = %m to %n step %n { " + copy("%k") + "}", "S addi for copy_in"),
        ("MOVED scf.for %k = %n to %n step %m { " + copy("%k") + "}", "S addi for copy_in"),
        ("%g = arith.xori %guard, %guard : i1 scf.if %g { FOR { " + copy("%k") + "} }", "S xori if for copy_in"),
        ("FOR { " + copy("%n") + " MOVED %q = arith.muli %m, %m : index }", "S for copy_in"),
        # Values that iterations carry: by position, with where they begin and what the next iteration gets.
        (
            "MOVED %r = scf.for %k = %n to %n step %n iter_args(%a = %m) -> (index) {"
            + copy("%n")
            + "%b = arith.muli %a, %a : index scf.yield %b : index }",
            "S for copy_in",
        ),
        (
            "MOVED %r:2 = scf.for %k = %n to %n step %n iter_args(%a = %m, %b = %n) -> (index, index) {"
            + copy("%a")
            + "%c = arith.muli %a, %k : index %d = arith.subi %b, %k : index scf.yield %c, %d : index, index }",
            "S addi for copy_in muli for#0",
        ),
        (
            "MOVED %r:2 = scf.for %k = %n to %n step %n iter_args(%a = %m, %b = %n) -> (index, index) {"
            + copy("%b")
            + "%c = arith.muli %a, %k : index %d = arith.subi %b, %k : index scf.yield %c, %d : index, index }",
            "S for copy_in subi for#1",
        ),
        (
            "%m = arith.xori %n, %n : index %r:2 = scf.for %k = %n to %n step %n "
            "iter_args(%a = %n, %b = %m) -> (index, index) {"
            "%c = arith.muli %a, %k : index %d = arith.subi %b, %k : index scf.yield %c, %d : index, index }" + copy("%r#1"),
            "S xori for subi copy_in for#1",
        ),
        (
            "MOVED %q = arith.muli %n, %n : index %r:2 = scf.if %guard -> (index, index) { scf.yield %m, %n : index, index } "
            "else { scf.yield %q, %n : index, index }" + copy("%r#0"),
            "S addi muli if copy_in if#0",
        ),
        (
            "MOVED %r:2 = scf.if %guard -> (index, index) { scf.yield %m, %n : index, index } "
            "else { scf.yield %n, %n : index, index }" + copy("%r#1"),
            "S if copy_in if#1",
        ),
        # What decides when an unbounded loop ends is handed on from one region to the other: all of it.
        (WHILE.replace("BODY", copy("%d")), "S addi while cmpi copy_in muli"),
        (WHILE.replace("BODY", "") + copy("%r#1"), "S addi while cmpi muli copy_in while#1"),
        # What is there for all agents, and all that only it needs.
        ("%m = arith.addi %n, %n {everywhere} : index %q = arith.muli %m, %m : index\n" + copy("%q"), "S muli copy_in"),
        (
            "MOVED %r = scf.for %k = %n to %n step %n iter_args(%a = %m) -> (index) { scf.yield %a : index } {everywhere}\n"
            + copy("%r"),
            "S copy_in",
        ),
        # Memory: what nobody writes is read; what is written is kept twice, with all that writes it.
        ("%i = memref.load %T[%n] : memref<16xindex>\n" + copy("%i"), "S load copy_in"),
        ("WHERE " + copy("%i"), "S L load copy_in"),
        ("FILL_L WHERE " + copy("%i"), "S L store load copy_in own L"),
        ("FILL_L FILL_L WHERE %j = memref.load %L[%i] : !table\n" + copy("%j"), "S L store store load load copy_in own L"),
        (
            "FOR { WHERE %q = arith.addi %i, %i : index memref.store %q, %L[%k] : !table\n" + copy("%i") + "}",
            "S L for load addi store copy_in own L",
        ),
        (
            "scf.forall (%a) in (16) { memref.store %a, %L[%a] : !table memref.store %n, %Q[%a] : !table }WHERE ".replace(
                "%Q", "%L"
            )
            + copy("%i"),
            "S L forall load copy_in own L",
        ),
        (
            "MOVED scf.if %guard { memref.store %m, %L[%n] : !table } WHERE " + copy("%i"),
            "S L addi if store load copy_in own L",
        ),
        # A statement may wait, update, and multiply: whoever asks for the slice knows it.
        ('"tile.wait_group"() {pending = 0 : i32, wanted} : () -> ()', "wait_group"),
        ("%o = memref.atomic_rmw addf %v, %S[%n] {wanted} : (f16, !tile) -> f16", "S atomic_rmw"),
        ("linalg.fill {wanted} ins(%w : i32) outs(%P : !matrix)", "P fill"),
    ],
)
def test_what_a_slice_holds(text: str, expected: str) -> None:
    with kernel(text) as function:
        found = slice_of(function)
        assert found.obstacle is None
        assert described(function, found) == expected


ADDRESS = "a copy's address or guard is read from memory that the kernel writes"
STORE = "memref.store %v, %S[%i] {wanted} : !tile"
UNKNOWN_INDEX = "%t = arith.select %guard, %L, %K : !table\n%i = memref.load %t[%n] : !table\n"


@pytest.mark.parametrize(
    ("text", "reason", "operation"),
    [
        ("scf.forall (%a) in (4) { " + copy("%a") + "}", "it stands in scf.forall", "tile.copy_in"),
        ("scf.if %guard { scf.execute_region { " + copy("%n") + " scf.yield } }", "it stands in scf.execute_region",
         "tile.copy_in"),
        # What is not known.
        ("%i = gpu.lane_id\n" + copy("%i"), "the effects of gpu.lane_id are not known", "gpu.lane_id"),
        ("scf.forall (%a) in (4) { gpu.barrier } {wanted}", "the effects of gpu.barrier are not known", "gpu.barrier"),
        # What cannot be done twice.
        (
            "%o = memref.atomic_rmw addi %w, %P[%n, %n] : (i32, !matrix) -> i32 FROM_P " + copy("%i"),
            "memref.atomic_rmw cannot be done twice", "memref.atomic_rmw",
        ),
        (
            "scf.forall (%a) in (4) { %o = memref.atomic_rmw addi %w, %P[%n, %n] : (i32, !matrix) -> i32 "
            "memref.store %w, %P[%n, %a] : !matrix } FROM_P " + copy("%i"),
            "scf.forall cannot be done twice", "scf.forall",
        ),
        (
            'linalg.contract indexing_maps = [MAP<(m, n, k) -> (m, k)>, MAP<(m, n, k) -> (k, n)>, MAP<(m, n, k) -> (m, n)>] '
            "ins(%P, %P : !matrix, !matrix) outs(%P : !matrix) FROM_P".replace("MAP", "affine_map") + copy("%i"),
            "linalg.contract cannot be done twice", "linalg.contract",
        ),
        (
            "linalg.matmul ins(%P, %P : !matrix, !matrix) outs(%P : !matrix) FROM_P" + copy("%i"),
            "linalg.matmul cannot be done twice", "linalg.matmul",
        ),
        # What is read of memory that the kernel writes.
        ("memref.store %v, %X[%n] : !x " + copy("%n"), "the kernel writes memref<64xf16>, which a copy reads", "tile.copy_in"),
        (
            "memref.store %n, %T[%n] : memref<16xindex> %i = memref.load %T[%n] : memref<16xindex>\n" + copy("%i"),
            ADDRESS, "memref.load",
        ),
        ("memref.store %n, %K[%n] : !table %i = memref.load %K[%n] : !table\n" + copy("%i"),
         "a copy's address or guard is read from memref<16xindex, #gpu.address_space<workgroup>>, which cannot be kept twice",
         "memref.load"),
        (copy("%n")
         + "%e = memref.load %S[%n] : !tile %f = arith.fptosi %e : f16 to i32 %i = arith.index_cast %f : i32 to index\n"
         + copy("%i", "%Z"), ADDRESS, "memref.load"),
        # A writer of what is needed that writes what may not be kept twice.
        (
            "scf.forall (%a) in (16) { memref.store %a, %L[%a] : !table memref.store %a, %T[%a] : memref<16xindex> } WHERE "
            + copy("%i"), ADDRESS, "scf.forall",
        ),
        # Unknown memory may be any that is written, and a write of it one of any.
        ("FILL_L " + UNKNOWN_INDEX + copy("%i"), ADDRESS, "memref.load"),
        ("UNKNOWN memref.store %v, %u[%n] : !tile " + UNKNOWN_INDEX + STORE, ADDRESS, "memref.load"),
        ("FILL_L UNKNOWN memref.store %v, %u[%n] : !tile WHERE " + STORE, ADDRESS, "memref.load"),
        ("UNKNOWN memref.store %v, %u[%n] : !tile " + copy("%n"), "the kernel writes memref<64xf16>, which a copy reads",
         "tile.copy_in"),
        (
            "%y = arith.select %guard, %X, %X : !x memref.store %v, %Z[%n] : !tile " + copy("%n", source="%y"),
            "the kernel writes unknown memory, which a copy reads", "tile.copy_in",
        ),
    ],
)  # fmt: skip
def test_what_is_in_the_way_of_a_slice(text: str, reason: str, operation: str) -> None:
    with kernel(text) as function:
        obstacle = slice_of(function).obstacle
        assert obstacle is not None
        assert (re.sub(r" of -:\d+:\d+", "", obstacle.reason), obstacle.operation.name) == (reason, operation)


def test_a_statement_reads_what_another_one_needs_too() -> None:
    """The tile that an address is read from is kept twice; a statement that copies it as well reads the slice's own."""
    first = "memref.copy %L, %J {wanted} : !table to !table "
    text = "%J = memref.alloc() : !table FILL_L WHERE " + first + copy("%i")
    with kernel(text) as function:
        found = slice_of(function)
        assert found.obstacle is None
        assert [name_of(tile) for tile in found.private] == ["L"]


def test_reading_unknown_memory_is_harmless_where_nothing_is_written() -> None:
    with kernel(UNKNOWN_INDEX + "%m = arith.addi %i, %i {wanted} : index") as function:
        assert slice_of(function).obstacle is None


def test_who_writes_what() -> None:
    text = """FILL_L scf.if %guard {
      scf.forall (%a) in (4) { memref.store %n, %L[%a] : !table memref.store %n, %L[%n] : !table } }
    UNKNOWN memref.store %v, %u[%n] : !tile memref.atomic_rmw addf %v, %u[%n] : (f16, !tile) -> f16
    %i = memref.load %L[%n] : !table FOR { memref.store %n, %K[%k] : !table }"""
    text = text.replace("memref.atomic_rmw", "%o = memref.atomic_rmw")
    with kernel(text) as function:
        writes = KernelWrites(function)
        names = {name_of(buffer): [writer.name for writer in writers] for buffer, writers in writes.by_buffer.items()}
        assert names == {"L": ["memref.store", "scf.forall"], "K": ["memref.store"]}
        assert writes.unknown is not None and writes.unknown.name == "memref.store"
        buffers = {name_of(buffer): buffer for buffer in writes.by_buffer}
        assert [writer.name for writer in writes.writers(buffers["L"])] == ["memref.store", "scf.forall", "memref.store"]
        assert writes.writers(buffers["L"])[-1] == writes.unknown
        assert [writer.name for writer in writes.writers(None)] == ["memref.store", "scf.forall", *["memref.store"] * 2]
        tile = next(operation for operation in nested_operations(function) if operation.name == "memref.alloc").results[0]
        assert writes.writers(tile) == [writes.unknown]
        assert [leaf.name for leaf in leaves(function) if not leaf.name.startswith(("arith", "memref.a"))] == [
            *(
                "memref.store",
                "scf.forall",
                "scf.yield",
                "memref.store",
                "memref.load",
                "memref.store",
                "scf.yield",
                "gpu.return",
            )
        ]


def test_what_an_operation_uses_from_outside() -> None:
    text = "MOVED scf.forall (%a) in (4) { %q = arith.addi %a, %m : index memref.store %q, %L[%n] : !table }"
    with kernel(text) as function:
        operations = {operation.name: operation for operation in nested_operations(function)}
        forall, outer = operations["scf.forall"], operations["arith.addi"]
        used = list(values_from_outside(forall))
        assert [value.owner.operation.name if not isinstance(value.owner, ir.Block) else "argument" for value in used] == [
            *("arith.addi", "memref.alloc", "argument")
        ]
        assert list(values_from_outside(outer)) == list(outer.operands)
