"""How a loop's body is taken apart: what a statement computes itself, what its guards hide, and what is refused."""

from __future__ import annotations

import pytest

from tilewright.analysis.statements import asks_for_pipeline, is_hoistable
from tilewright.mlir import ir

pytestmark = pytest.mark.l1a_compile_no_target_dialect

BEFORE = """%v = arith.constant 0.0 : f16
%other = arith.cmpi eq, %n, %c1 : index
%row = memref.load %T[%c1] : memref<16xindex>
%U = memref.alloc() : memref<16xindex>
"""
WORDS = {
    "STORE_S": "memref.store %v, %S[{}] : !tile\n",
    "STORE_T": "memref.store %k, %T[{}] : memref<16xindex>\n",
    "READ_T": "%r = memref.load %T[{}] : memref<16xindex>\n",
    "READ_U": "%r = memref.load %U[%k] : memref<16xindex>\n",
    "COMPARE": "%c = arith.cmpi eq, %r, %k : index\n",
    "USE_R": "memref.store %r, %U[{}] : memref<16xindex>\n",
    "COPY_T": "memref.copy %T, %U : memref<16xindex> to memref<16xindex>\n",
    "WHICH": "%which = arith.select %guard, %T, %U : memref<16xindex>\n",
    "COPY": "memref.copy %S, %R : !tile to !tile\n",
}


@pytest.fixture
def taken_apart(loop_body):
    return lambda text, before="", **rest: loop_body(text, BEFORE + before, words=WORDS, **rest)


def box_of(access) -> list[tuple[int, int, int | None]]:
    """Of each dimension the constant, the number of terms, and the extent."""
    return [(part.start.constant, len(part.start.terms), part.extent) for part in access.region.box]


UNKNOWN = [(0, 0, None)]
ONE = [(0, 1, 1)]


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("STORE_S[%k]", ONE),
        ("scf.if %guard { STORE_S[%k] }", ONE),
        # Computed under the guard by arithmetic, which anybody can repeat.
        ("scf.if %guard { %p = arith.muli %k, %n : index STORE_S[%p] }", ONE),
        ("%p = memref.load %U[%k] : memref<16xindex> scf.if %guard { STORE_S[%p] }", ONE),
        ("scf.if %guard { STORE_S[%row] }", ONE),
        # Read under the guard, at whatever depth.
        ("scf.if %guard { %p = memref.load %U[%k] : memref<16xindex> STORE_S[%p] }", UNKNOWN),
        ("scf.if %guard { %p = memref.load %U[%k] : memref<16xindex> scf.if %other { STORE_S[%p] } }", UNKNOWN),
        ("scf.if %guard { scf.if %other { %p = memref.load %U[%k] : memref<16xindex> STORE_S[%p] } }", UNKNOWN),
        (
            "scf.if %guard { %p = memref.load %U[%k] : memref<16xindex> %q = arith.addi %p, %k : index STORE_S[%q] }",
            UNKNOWN,
        ),
        # Read by the statement itself, since the loop writes it.
        ("READ_T[%k] STORE_S[%r] STORE_T[%k]", UNKNOWN),
        ("READ_T[%k] %q = arith.addi %r, %k : index STORE_S[%q] STORE_T[%k]", UNKNOWN),
        ("READ_T[%k] STORE_S[%k] USE_R[%k] STORE_T[%k]", ONE),
    ],
)
def test_an_index_is_known_outside_of_a_statement(text, box, taken_apart):
    body = taken_apart(text)
    access = next(access for statement in body.statements for access in statement.accesses if access.kind == "write")
    assert box_of(access) == box
    assert access.region.exact == (box == ONE)
    assert access.region.root == taken_apart_buffer(body)


def taken_apart_buffer(body):
    statement = next(s for s in body.statements if s.operation.name == "memref.store")
    return statement.operation.operands[1]


@pytest.mark.parametrize(
    ("text", "certain", "conditions"),
    [
        ("STORE_S[%k]", True, 0),
        ("scf.if %guard { STORE_S[%k] }", True, 1),
        ("scf.if %guard { scf.if %other { STORE_S[%k] } }", True, 2),
        ("READ_T[%c0] COMPARE scf.if %c { STORE_S[%k] } STORE_T[%c0]", False, 0),
        ("READ_T[%c0] COMPARE scf.if %guard { scf.if %c { STORE_S[%k] } } STORE_T[%c0]", False, 1),
        ("READ_T[%c0] COMPARE scf.if %c { scf.if %guard { STORE_S[%k] } } STORE_T[%c0]", False, 1),
        (
            "READ_T[%c0] COMPARE %d = arith.andi %c, %guard : i1 scf.if %d { STORE_S[%k] } STORE_T[%c0]",
            False,
            0,
        ),
        ("scf.if %guard { scf.for %i = %c0 to %n step %c1 { STORE_S[%c1] } }", False, 1),
    ],
)
def test_a_write_is_certain_where_all_of_its_conditions_are_known(text, certain, conditions, taken_apart):
    write = next(access for access in taken_apart(text).statements[0].own_accesses if access.writes)
    assert (write.certain, len(write.conditions)) == (certain, conditions)


@pytest.mark.parametrize(
    ("text", "stale"),
    [
        # Written between the read and its use.
        ("READ_T[%c0] STORE_T[%c0] USE_R[%c0]", 1),
        ("READ_T[%c0] STORE_T[%k] USE_R[%c0]", 1),
        ("READ_T[%c0] STORE_T[%c0] USE_R[%c0] USE_R[%c1]", 1),
        ("READ_T[%c0] scf.if %guard { STORE_T[%c0] } USE_R[%c0]", 1),
        # Elsewhere, before, after, by the use itself, or not at all.
        ("READ_T[%c0] STORE_T[%c1] USE_R[%c0] STORE_T[%c0]", 0),
        ("STORE_T[%c0] READ_T[%c0] USE_R[%c0]", 0),
        ("READ_T[%c0] USE_R[%c0] STORE_T[%c0]", 0),
        ("READ_T[%c0] memref.store %r, %T[%c0] : memref<16xindex>", 0),
        ("READ_T[%c0] COPY_T memref.store %r, %T[%c0] : memref<16xindex>", 0),
        ("READ_T[%c0] STORE_S[%c0] memref.store %r, %T[%c0] : memref<16xindex>", 0),
    ],
)
def test_a_read_is_stale_where_what_it_reads_is_written_before_its_use(text, stale, taken_apart):
    body = taken_apart(text)
    assert [bind.name for bind in body.volatile] == ["memref.load"]
    assert len(body.stale) == stale
    if stale:
        assert body.refusal is not None and body.refusal.operation == body.stale[0]
    else:
        assert body.refusal is None


@pytest.mark.parametrize(
    ("text", "volatile"),
    [
        ("READ_T[%c0] USE_R[%c0]", False),
        ("READ_T[%c0] memref.store %r, %T[%c0] : memref<16xindex>", True),
        ("READ_T[%c0] memref.store %r, %T[%c1] : memref<16xindex>", False),
        ("READ_T[%c0] COPY_T USE_R[%c0]", False),
        # Memory that is not known may be any.
        ("READ_T[%c0] memref.store %r, %which[%c0] : memref<16xindex>", True),
        ("%r = memref.load %which[%c0] : memref<16xindex> USE_R[%c0]", True),
        ("%r = memref.load %which[%c0] : memref<16xindex>", False),
        # What is pure is never read again.
        ("%r = memref.dim %T, %c0 : memref<16xindex> memref.store %r, %T[%c0] : memref<16xindex>", False),
    ],
)
def test_a_read_is_volatile_where_the_loop_writes_what_it_reads(text, volatile, taken_apart):
    body = taken_apart(text, "WHICH")
    assert len(body.volatile) == volatile
    assert body.dependents == set(body.volatile)


def test_what_is_under_a_guard_is_read_there_and_belongs_to_no_statement(taken_apart):
    body = taken_apart("scf.if %guard { READ_T[%c0] memref.store %r, %T[%c1] : memref<16xindex> } STORE_T[%c0]")
    statement = body.statements[0]
    assert [bind.name for bind in body.volatile] == ["memref.load"]
    assert statement.binds == () and [read.kind for read in statement.reads] == ["read"]
    assert [(access.kind, access.scalar) for access in statement.accesses] == [("read", True), ("write", False)]


def test_a_statement_computes_what_its_values_and_guards_depend_on_in_program_order(taken_apart):
    text = """READ_T[%c0] %a = arith.addi %r, %k : index %b = arith.muli %a, %a : index %pure = arith.addi %k, %k : index
    %c = arith.cmpi eq, %b, %pure : index
    scf.if %c { STORE_S[%c0] }
    memref.store %a, %T[%c0] : memref<16xindex>
    STORE_S[%pure]"""
    guarded, stored, plain = taken_apart(text).statements
    assert [bind.name for bind in guarded.binds] == ["memref.load", "arith.addi", "arith.muli", "arith.cmpi"]
    assert [bind.name for bind in stored.binds] == ["memref.load", "arith.addi"]
    assert plain.binds == () and plain.reads == ()
    assert [len(statement.reads) for statement in (guarded, stored)] == [1, 1]


def test_a_condition_that_the_loop_does_not_write_belongs_to_no_statement(taken_apart):
    text = """READ_T[%c0] %plain = arith.cmpi eq, %k, %c1 : index %c = arith.cmpi eq, %r, %k : index
    scf.if %plain { STORE_S[%c0] }
    scf.if %plain { memref.store %r, %T[%c0] : memref<16xindex> }
    scf.if %guard { scf.if %plain { scf.if %c { STORE_S[%c1] } } }"""
    binds = [[bind.name for bind in statement.binds] for statement in taken_apart(text).statements]
    assert binds == [[], ["memref.load"], ["memref.load", "arith.cmpi"]]


BARRIER = "the effects of gpu.barrier are not known to it"
WAIT = '"tile.wait_group"() {pending = 0 : i32} : () -> ()\n'
STALE_TEXT = "READ_T[%c0] STORE_T[%c0] USE_R[%c0]\n"
STALE = "it reads a scalar from memory that it writes before the scalar is used"
ESCAPING_TEXT = "%e = memref.atomic_rmw addf %v, %S[%c0] : (f16, !tile) -> f16 memref.store %e, %R[%c0] : !tile\n"
ESCAPING = "a result of a statement that writes memory is used"


@pytest.mark.parametrize(
    ("text", "reason", "operation"),
    [
        ("COPY", None, None),
        ("scf.for %i = %c0 to %c4 step %c1 { COPY } {tile.num_stages = 2 : i32}", None, None),
        ("gpu.barrier " + WAIT, BARRIER, "gpu.barrier"),
        (WAIT + "gpu.barrier", "the effects of tile.wait_group are not known to it", "tile.wait_group"),
        ("scf.if %guard { gpu.barrier }", BARRIER, "gpu.barrier"),
        (STALE_TEXT, STALE, "memref.load"),
        (STALE_TEXT + "gpu.barrier", BARRIER, "gpu.barrier"),
        (ESCAPING_TEXT, ESCAPING, "memref.atomic_rmw"),
        (STALE_TEXT + ESCAPING_TEXT, STALE, "memref.load"),
        (ESCAPING_TEXT + "gpu.barrier", BARRIER, "gpu.barrier"),
        ("%e = memref.atomic_rmw addf %v, %S[%c0] : (f16, !tile) -> f16", None, None),
    ],
)
def test_the_first_reason_against_a_loop_counts(text, reason, operation, taken_apart):
    refusal = taken_apart(text).refusal
    found = (None, None) if refusal is None else (refusal.reason, refusal.operation.name)
    assert found == (reason, operation)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("%c1", None),
        ("%n", None),
        ("%c0", "its step is 0; it must be 1 or more"),
        ("%minus", "its step is -1; it must be 1 or more"),
    ],
)
def test_a_step_is_positive(step, reason, taken_apart):
    body = taken_apart("COPY", "%minus = arith.constant -1 : index", bounds=f"%c0 to %c64 step {step}")
    assert (body.refusal.reason if body.refusal is not None else None) == reason
    assert len(body.statements) == (reason is None)


@pytest.mark.parametrize(
    ("text", "guards"),
    [
        # A condition that a guard around it computes must be arithmetic that can move in front of that guard.
        ("scf.if %guard { %c = arith.cmpi eq, %k, %c1 : index scf.if %c { COPY } }", 2),
        ("scf.if %guard { %c = arith.cmpi eq, %row, %c1 : index scf.if %c { COPY } }", 2),
        (
            "scf.if %guard { READ_U COMPARE scf.if %c { COPY } }",
            1,
        ),
        (
            "READ_U scf.if %guard { COMPARE scf.if %c { COPY } }",
            1,
        ),
        (
            "READ_U COMPARE scf.if %guard { scf.if %c { COPY } }",
            2,
        ),
        ("READ_U COMPARE scf.if %c { COPY }", 1),
        (
            "scf.if %guard { READ_U COMPARE scf.if %other { scf.if %c { COPY } } }",
            2,
        ),
        ("scf.if %guard { %d = arith.divui %k, %n : index %c = arith.cmpi eq, %d, %k : index scf.if %c { COPY } }", 1),
        ("scf.if %guard { %d = arith.divui %k, %c2 : index %c = arith.cmpi eq, %k, %d : index scf.if %c { COPY } }", 2),
        ("%e = scf.if %guard -> (index) { COPY scf.yield %k : index } else { scf.yield %k : index }", 0),
        ("scf.for %i = %c0 to %c4 step %c1 { COPY }", 0),
    ],
)
def test_a_guard_is_split_where_each_statement_can_know_its_condition(text, guards, taken_apart):
    (statement,) = taken_apart(text).statements
    assert len(statement.guards) == guards


DIVISIONS = [
    *(f"arith.{name}" for name in ("divsi", "divui", "remsi", "remui", "ceildivsi", "ceildivui", "floordivsi")),
    *(f"index.{name}" for name in ("divs", "divu", "rems", "remu", "ceildivs", "ceildivu", "floordivs")),
]


@pytest.mark.parametrize(
    ("text", "hoistable"),
    [
        ("%r = arith.addi %k, %n : index", True),
        ("%r = arith.divf %v, %v : f16", True),
        ("%r = index.add %k, %n", True),
        ("%r = affine.apply affine_map<(d0) -> (d0 + 1)>(%k)", True),
        ("%r = affine.load %U[0] : memref<16xindex>", False),
        ("%r = math.sqrt %v : f16", False),
        ("%r = memref.load %U[%k] : memref<16xindex>", False),
        ("%r = memref.dim %U, %c0 : memref<16xindex>", False),
        *(
            (f"%r = {name} %k, {divisor}{' : index' if name.startswith('arith') else ''}", divisor == "%c2")
            for name in DIVISIONS
            for divisor in ("%c2", "%c0", "%n")
        ),
    ],
)
def test_what_may_move_in_front_of_its_guard(text, hoistable, taken_apart):
    assert is_hoistable(taken_apart(text + "\nCOPY").binds[0]) == hoistable


def test_an_allocation_is_neither_bind_nor_statement(taken_apart):
    body = taken_apart("%m = memref.alloc() : !tile %q = memref.alloca() : !tile memref.copy %m, %R : !tile to !tile")
    assert [operation.name for operation in body.allocations] == ["memref.alloc", "memref.alloca"]
    assert not body.binds and len(body.statements) == 1


def test_accesses_by_buffer_and_of_unknown_memory(taken_apart):
    text = "COPY STORE_S[%c0] memref.store %k, %which[%c0] : memref<16xindex> COPY"
    body = taken_apart(text, "WHICH")
    tile, other = body.statements[0].operation.operands
    found = {root: [(index, access.kind) for index, access in pairs] for root, pairs in body.accesses_by_root.items()}
    assert found == {tile: [(0, "read"), (1, "write"), (3, "read")], other: [(0, "write"), (3, "write")]}
    assert [(index, access.kind) for index, access in body.unknown_accesses] == [(2, "write")]


@pytest.mark.parametrize(
    ("signal", "wait", "lands"),
    [
        ("%b, %c0", "%b, %c0", True),
        ("%b, %c0", "%b, %c1", False),
        ("%b, %n", "%b, %c1", True),
        ("%b, %c0", "%b, %n", True),
        ("%b, %c0", "%other_b, %c0", False),
    ],
)
def test_a_wait_brings_the_tiles_whose_copies_signal_its_mbarrier(signal, wait, lands, taken_apart):
    init = '"tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32} : () -> !tile.mbarrier\n'
    text = f"""%w = memref.subview %X[%k] [16] [1] : !x to !window
    "tile.bulk_copy"(%w, %S, {signal}) : (!window, !tile, !tile.mbarrier, index) -> ()
    "tile.mbarrier_arrive"({signal}) : (!tile.mbarrier, index) -> ()
    "tile.mbarrier_wait"({wait}, %c0) : (!tile.mbarrier, index, index) -> ()"""
    body = taken_apart(text, f"%b = {init} %other_b = {init}")
    copy, arrive, waiting = body.statements
    tile = copy.operation.operands[1]
    assert [access.kind for access in copy.accesses] == ["read", "write", "atomic"]
    assert [access.kind for access in arrive.accesses] == ["atomic"]
    assert [(access.kind, access.region.root == tile) for access in waiting.accesses] == [
        ("atomic", False),
        *([("atomic", True)] if lands else []),
    ]


def test_another_loop_is_taken_apart_once(taken_apart):
    body, other = taken_apart("COPY"), taken_apart("COPY COPY")
    assert body.sibling(other.loop) is body.sibling(other.loop)
    assert len(body.sibling(other.loop).statements) == 2


def test_a_strategy_asks_for_a_pipeline(taken_apart):
    loop = taken_apart("COPY").loop
    assert not asks_for_pipeline(loop)
    loop.attributes["tile.strategy"] = ir.StringAttr.get("auto")
    assert asks_for_pipeline(loop)
    assert not asks_for_pipeline(loop.parent.operation)
