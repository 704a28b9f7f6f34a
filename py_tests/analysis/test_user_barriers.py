"""Which mbarriers of the user's may be replicated: that an iteration completes one phase, alone; one row a loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.analysis.counting import why_not_counted
from tilewright.analysis.program_slice import Obstacle
from tilewright.analysis.statements import body_of
from tilewright.analysis.user_barriers import barrier_position, is_barrier, why_not_alone, why_not_one_phase
from tilewright.analysis.versionable import versionable
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations

pytestmark = pytest.mark.l1a_compile_no_target_dialect

WORDS = {
    "ARRIVE": '"tile.mbarrier_arrive"(%b, {}) : (!tile.mbarrier, index) -> ()\n',
    "ELECT": '"tile.mbarrier_arrive"(%b, {}) {{elect = true}} : (!tile.mbarrier, index) -> ()\n',
    "ALL_OF_THEM": '"tile.mbarrier_arrive"(%b, {}) {{elect = false}} : (!tile.mbarrier, index) -> ()\n',
    "EXPECT": '"tile.mbarrier_expect"(%b, {}) {{bytes = 32 : i32}} : (!tile.mbarrier, index) -> ()\n',
    "COPY": '"tile.bulk_copy"(%X, %S, %b, {}) : (!half, !half, !tile.mbarrier, index) -> ()\n',
    "GRID": '"tile.bulk_copy"(%G, %G, %b, {}) : (!grid, !grid, !tile.mbarrier, index) -> ()\n',
    "BITS": '"tile.bulk_copy"(%B, %B, %b, {}) : (!bits, !bits, !tile.mbarrier, index) -> ()\n',
    "WORDS": '"tile.bulk_copy"(%W, %W, %b, {}) : (!words, !words, !tile.mbarrier, index) -> ()\n',
    "WAIT": '"tile.mbarrier_wait"(%b, {}, %k) : (!tile.mbarrier, index, index) -> ()\n',
}


def expanded(text: str) -> str:
    """`WORD` as the operation on stage 0 that it stands for, `WORD[%s]` as that on stage %s."""
    for word, meaning in WORDS.items():
        while word in text:
            first, _, rest = text.partition(word)
            stage = "%c0"
            if rest.startswith("["):
                stage, _, rest = rest[1:].partition("]")
            text = first + meaning.format(stage) + rest
    return text


@contextmanager
def kernel(text: str, arrivals: int = 1, size: str = "8, 2, 2") -> Iterator[list[ir.Operation]]:
    """The operations of a kernel; the loop that is asked about has `target`, other pipelined loops have `other`."""
    block = f"known_block_size = array<i32: {size}>" if size else ""
    with mlir.context():
        module = ir.Module.parse(f"""
        !half = memref<16xf16>
        !grid = memref<2x4xf32>
        !bits = memref<32xi1>
        !words = memref<4xindex>
        gpu.module @m {{
          gpu.func @f(%X: !half, %S: !half, %G: !grid, %B: !bits, %W: !words, %n: index, %guard: i1) 
          kernel attributes {{{block}}} {{
            %c0 = arith.constant 0 : index
            %c1 = arith.constant 1 : index
            %b = "tile.mbarrier_init"() {{arrivals = {arrivals} : i32, stages = 2 : i32}} : () -> !tile.mbarrier
            {expanded(text)}
            gpu.return
          }} }}""")
        yield list(nested_operations(module.operation))


def barrier_of(operations: list[ir.Operation]) -> ir.Value:
    return next(operation for operation in operations if operation.name == "tile.mbarrier_init").results[0]


def described(obstacle: Obstacle | None) -> str | None:
    return obstacle.reason if obstacle is not None else None


def guarded(name: str) -> str:
    return f"tile.mbarrier_{name} is under a guard or in a loop of its own"


STATEMENT = '"tile.statement"() ({{ {} }}) {{stage = 0 : i32, order = {} : i32, group = -1 : i32}} : () -> ()\n'


@pytest.mark.parametrize(
    ("text", "arrivals", "reason"),
    [
        ("", 1, None),
        ("ELECT WAIT", 1, None),
        ("ARRIVE WAIT", 32, None),
        ("ALL_OF_THEM WAIT", 32, None),
        ("ELECT ELECT WAIT", 2, None),
        ("ELECT ARRIVE WAIT", 33, None),
        ("ELECT WAIT WAIT", 1, None),
        ("ELECT WAIT", 2, "an iteration arrives 1 times, and a phase takes 2 arrivals"),
        ("ARRIVE WAIT", 1, "an iteration arrives 32 times, and a phase takes 1 arrivals"),
        ("WAIT", 1, "an iteration arrives 0 times, and a phase takes 1 arrivals"),
        # Bytes.
        ("EXPECT COPY ELECT WAIT", 1, None),
        ("COPY EXPECT ELECT WAIT", 1, None),
        ("EXPECT ELECT COPY WAIT", 1, None),
        ("EXPECT EXPECT COPY COPY ELECT WAIT", 1, None),
        ("EXPECT GRID ELECT WAIT", 1, None),
        ("EXPECT BITS ELECT WAIT", 1, None),
        ("EXPECT WORDS ELECT WAIT", 1, None),
        ("COPY ELECT WAIT", 1, "an iteration copies 32 bytes, and 0 are expected"),
        ("EXPECT ELECT WAIT", 1, "an iteration copies 0 bytes, and 32 are expected"),
        ("EXPECT COPY COPY ELECT WAIT", 1, "an iteration copies 64 bytes, and 32 are expected"),
        # In order.
        ("ELECT WAIT ELECT", 2, "tile.mbarrier_arrive follows a wait of the same iteration"),
        ("ELECT WAIT EXPECT COPY", 1, "tile.mbarrier_expect follows a wait of the same iteration"),
        ("EXPECT ELECT WAIT COPY", 1, "tile.bulk_copy follows a wait of the same iteration"),
        ("ELECT EXPECT COPY WAIT", 1, "tile.mbarrier_expect follows an arrival that may complete the phase"),
        # By stages.
        ("ELECT ELECT[%c1] WAIT WAIT[%c1]", 1, None),
        ("ELECT WAIT ELECT[%c1] WAIT[%c1]", 1, None),
        ("ELECT WAIT WAIT[%c1]", 1, "an iteration arrives 0 times, and a phase takes 1 arrivals"),
        ("EXPECT ELECT COPY[%c1] ELECT[%c1] WAIT", 1, "an iteration copies 0 bytes, and 32 are expected"),
        ("ELECT[%k] WAIT", 1, "tile.mbarrier_arrive uses a stage of it that varies"),
        ("ELECT COPY[%n] WAIT", 1, "tile.bulk_copy uses a stage of it that varies"),
        ("ELECT WAIT[%k]", 1, "tile.mbarrier_wait uses a stage of it that varies"),
        # Where each iteration does it once.
        ("scf.if %guard { ELECT } WAIT", 1, guarded("arrive")),
        ("ELECT scf.if %guard { WAIT }", 1, guarded("wait")),
        ("scf.for %i = %c0 to %c1 step %c1 { ELECT } WAIT", 1, guarded("arrive")),
        (STATEMENT.format("ELECT", 0) + STATEMENT.format("WAIT", 1), 1, None),
        (STATEMENT.format("scf.if %guard { ELECT }", 0) + "WAIT", 1, guarded("arrive")),
    ],
)
def test_an_iteration_completes_one_phase(text, arrivals, reason):
    with kernel(f"scf.for %k = %c0 to %n step %c1 {{ {text} }} {{target}}", arrivals) as operations:
        body = body_of(next(operation for operation in operations if "target" in operation.attributes))
        barrier = barrier_of(operations)
        obstacle = why_not_one_phase(barrier, body.accesses_by_root.get(barrier, []), body.loop)
        assert described(obstacle) == reason
        if obstacle is not None and obstacle.reason.startswith("tile."):
            assert obstacle.operation.name == obstacle.reason.partition(" ")[0]


def is_about(operation: ir.Operation, barrier: ir.Value) -> bool:
    return any(operand == barrier for operand in operation.operands)


def test_without_a_block_size_nobody_knows_how_many_arrive():
    with kernel("scf.for %k = %c0 to %n step %c1 { ARRIVE WAIT } {target}", 32, size="") as operations:
        body = body_of(next(operation for operation in operations if "target" in operation.attributes))
        barrier = barrier_of(operations)
        obstacle = why_not_one_phase(barrier, body.accesses_by_root[barrier], body.loop)
        assert described(obstacle) == "an iteration arrives 0 times, and a phase takes 32 arrivals"


def test_where_an_operation_has_its_mbarrier():
    with kernel(
        "scf.for %k = %c0 to %n step %c1 { ARRIVE EXPECT COPY WAIT memref.copy %X, %S : !half to !half }"
    ) as operations:
        barrier = barrier_of(operations)
        assert is_barrier(barrier)
        found = {operation.name: barrier_position(operation) for operation in operations if is_about(operation, barrier)}
        assert found == {"tile.mbarrier_arrive": 0, "tile.mbarrier_expect": 0, "tile.bulk_copy": 2, "tile.mbarrier_wait": 0}
        copy = next(operation for operation in operations if operation.name == "memref.copy")
        assert barrier_position(copy) is None and not is_barrier(copy.operands[0])


FOR = "scf.for %o = %c0 to %n step %c1"
LOOP = "scf.for %k = %c0 to %n step %c1 { ELECT WAIT } {target}\n"
IN = "the loop is nested in {}, over which its iterations cannot be counted"


@pytest.mark.parametrize(
    ("text", "counted", "alone"),
    [
        (LOOP, None, None),
        (LOOP.replace("ELECT", "scf.if %guard { ELECT }"), None, None),
        (f"{FOR} {{ {LOOP} }}", None, None),
        (f"scf.if %guard {{ {FOR} {{ {LOOP} }} }}", None, None),
        (f"{FOR} {{ {LOOP} }} {{other}}", "the loop is nested in another pipelined loop", None),
        (f"{FOR} {{ scf.if %guard {{ {LOOP} }} }} {{other}}", "the loop is nested in another pipelined loop", None),
        (f"scf.while : () -> () {{ scf.condition(%guard) }} do {{ {LOOP} scf.yield }}", None, None),
        (f"scf.forall (%o) in (4) {{ {LOOP} }}", IN.format("scf.forall"), None),
        (f"scf.if %guard {{ scf.execute_region {{ {LOOP} scf.yield }} }}", IN.format("scf.execute_region"), None),
        (f"{FOR} {{ {LOOP} }} {{unsignedCmp}}", IN.format("scf.for"), None),
        (LOOP + "ELECT", None, "tile.mbarrier_arrive uses it outside of the loop"),
        (f"{FOR} {{ ELECT {LOOP} }}", None, "tile.mbarrier_arrive uses it outside of the loop"),
    ],
)
def test_the_phases_are_the_iterations(text, counted, alone):
    with kernel(text) as operations:
        loop = next(operation for operation in operations if "target" in operation.attributes)
        others = [operation for operation in operations if "other" in operation.attributes]
        assert described(why_not_counted(loop, others)) == counted
        assert described(why_not_alone(barrier_of(operations), loop, others)) == (alone or counted)


def test_a_barrier_that_is_made_again_and_again():
    inner = '%b1 = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32} : () -> !tile.mbarrier\n' + LOOP
    with kernel(f"{FOR} {{ {inner.replace('WAIT', '')} }}") as operations:
        loop = next(operation for operation in operations if "target" in operation.attributes)
        made = [operation for operation in operations if operation.name == "tile.mbarrier_init"][1]
        assert described(why_not_alone(made.results[0], loop, [])) == "it is initialised in a loop or under a guard"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LOOP, None),
        (LOOP.replace("WAIT", "ELECT WAIT"), "an iteration arrives 2 times, and a phase takes 1 arrivals"),
        (LOOP + "ELECT", "tile.mbarrier_arrive uses it outside of the loop"),
        (LOOP.replace("WAIT", "ELECT WAIT") + "ELECT", "an iteration arrives 2 times, and a phase takes 1 arrivals"),
    ],
)
def test_why_a_barrier_cannot_have_versions(text, reason):
    with kernel(text) as operations:
        loop = next(operation for operation in operations if "target" in operation.attributes)
        assert versionable(barrier_of(operations), body_of(loop), []) == reason
