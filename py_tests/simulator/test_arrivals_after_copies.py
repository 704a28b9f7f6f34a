"""Arrivals that wait for the asynchronous copies of their threads: a mixed producer, and each way to get it wrong."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator

SHARED = "#gpu.address_space<workgroup>"
TILE = f"memref<4xf32, {SHARED}>"
STAGES = 2
RING = f"memref<{STAGES}x4xf32, {SHARED}>"
STAGE = f"memref<4xf32, strided<[1], offset: ?>, {SHARED}>"
ARGUMENTS = "%A: memref<16xf32>, %B: memref<16xf32>, %O: memref<16xf32>"


def arrive(barrier: str, attributes: str = "") -> str:
    return f'"tile.mbarrier_arrive"({barrier}, %s) {{{attributes}}} : (!tile.mbarrier, index) -> ()'


AFTER = arrive("%full", "after_copies = true")
PIECES = {
    "full arrivals": "32",
    "arrive full": AFTER,
    "wait for full": '"tile.mbarrier_wait"(%full, %s, %p) : (!tile.mbarrier, index, index) -> ()',
    "wait for empty": '"tile.mbarrier_wait"(%empty, %s, %p) : (!tile.mbarrier, index, index) -> ()',
    "before": "",
}


def mixed(**changes: str) -> str:
    """O = A + B, where A comes by bulk copies and B by others; `changes` replace pieces, underscores for spaces."""
    given = {name.replace("_", " "): text for name, text in changes.items()}
    assert set(given) <= set(PIECES)
    piece = PIECES | given

    def begin(initial: int) -> str:
        return f"""%s = "tile.stage_index"(%k) {{versions = {STAGES} : i32}} : (index) -> index
        %p = "tile.phase"(%k) {{stages = {STAGES} : i32, initial = {initial} : i32}} : (index) -> index
        %at = affine.apply affine_map<(d0) -> (d0 * 4)>(%k)
        %a = memref.subview %As[%s, 0] [1, 4] [1, 1] : {RING} to {STAGE}
        %b = memref.subview %Bs[%s, 0] [1, 4] [1, 1] : {RING} to {STAGE}"""

    def ring(arrivals: str) -> str:
        return f'"tile.mbarrier_init"() {{arrivals = {arrivals} : i32, stages = {STAGES} : i32}} : () -> !tile.mbarrier'

    return f"""
    %As = memref.alloc() : {RING}
    %Bs = memref.alloc() : {RING}
    %full = {ring(piece["full arrivals"])}
    %empty = {ring("64")}
    "tile.specialize"() ({{
      "tile.warp_group"() ({{
        scf.for %k = %c0 to %c4 step %c1 {{
          {begin(1)}
          {piece["wait for empty"]}
          {piece["before"]}
          "tile.mbarrier_expect"(%full, %s) {{bytes = 16 : i32}} : (!tile.mbarrier, index) -> ()
          "tile.bulk_copy"(%A, %at, %a, %full, %s) : (memref<16xf32>, index, {STAGE}, !tile.mbarrier, index) -> ()
          "tile.copy_async"(%B, %at, %b) {{group = 0 : i32}} : (memref<16xf32>, index, {STAGE}) -> ()
          {piece["arrive full"]}
        }}
      }}) {{role = "producer", warps = 1 : i32}} : () -> ()
      "tile.warp_group"() ({{
        scf.for %k = %c0 to %c4 step %c1 {{
          {begin(0)}
          {piece["wait for full"]}
          scf.for %i = %c0 to %c4 step %c1 {{
            %place = arith.addi %at, %i : index
            %x = memref.load %a[%i] : {STAGE}
            %y = memref.load %b[%i] : {STAGE}
            %z = arith.addf %x, %y : f32
            memref.store %z, %O[%place] : memref<16xf32>
          }}
          {arrive("%empty")}
        }}
      }}) {{role = "consumer", warps = 2 : i32}} : () -> ()
    }}) : () -> ()"""


@pytest.fixture
def execute(kernel_text, run):
    """Run the kernel with changes; checks the numbers where there are no findings."""

    def with_changes(**changes: str) -> list[str]:
        a, b = np.arange(16, dtype=np.float32), np.arange(16, dtype=np.float32) ** 2
        out = np.zeros(16, np.float32)
        result = run(kernel_text(ARGUMENTS, mixed(**changes), grid="2, 1, 1"), [a, b, out])
        if result.ok:
            np.testing.assert_array_equal(out, a + b)
        return [finding.kind for finding in result.findings]

    return with_changes


def test_the_copies_have_landed_for_whoever_waits_for_the_arrival(execute):
    assert execute() == []


def test_without_the_arrival_the_kernel_deadlocks(execute):
    assert execute(arrive_full="") == ["deadlock"]


def test_a_plain_arrival_does_not_wait_for_the_copies(execute):
    # The first copy never lands, so that its stage is filled again while it is in flight, and nobody waits for the last ones.
    assert execute(arrive_full=arrive("%full")) == ["in-flight-read", "in-flight-write", "not-waited"]


def test_an_elected_arrival_is_one_of_the_threads(execute):
    assert execute(arrive_full=arrive("%full", "elect = true")) == ["deadlock"]


def test_it_is_an_arrival_of_each_thread(execute):
    assert execute(full_arrivals="1")[0] == "over-arrival"
    assert execute(full_arrivals="33") == ["deadlock"]


def test_a_plain_arrival_beside_it_is_one_more(execute):
    plain = arrive("%full")
    # Two phases complete where the consumer waits for one.
    assert execute(arrive_full=f"{AFTER}\n{plain}") == ["deadlock"]
    assert execute(full_arrivals="64", arrive_full=f"{AFTER}\n{plain}") == []


def test_it_does_not_wait_for_copies_that_start_after_it(execute):
    assert execute(arrive_full="", before=AFTER)[0] == "in-flight-read"


def test_who_does_not_wait_reads_copies_in_flight(execute):
    assert "in-flight-read" in execute(wait_for_full="")


def test_who_does_not_wait_for_a_free_stage_overwrites_copies_in_flight(execute):
    assert "in-flight-write" in execute(wait_for_empty="")


def text_of_one_group(kernel_text, *statements: str) -> str:
    """A kernel of one agent that starts a copy to %t, then runs `statements`, and reads it."""
    lines = "\n".join(statements)
    return kernel_text(
        "%A: memref<4xf32>, %O: memref<4xf32>",
        f"""%t = memref.alloc() : {TILE}
    %s = arith.constant 0 : index
    %m = "tile.mbarrier_init"() {{arrivals = 128 : i32, stages = 1 : i32}} : () -> !tile.mbarrier
    "tile.copy_async"(%A, %t) {{group = 0 : i32}} : (memref<4xf32>, {TILE}) -> ()
    {lines}
    memref.copy %t, %O : {TILE} to memref<4xf32>""",
    )


COMMIT = '"tile.commit_group"() {group = 0 : i32} : () -> ()'
WAIT_GROUP = '"tile.wait_group"() {pending = 0 : i32} : () -> ()'
WAIT = '"tile.mbarrier_wait"(%m, %s, %s) : (!tile.mbarrier, index, index) -> ()'


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([arrive("%m", "after_copies = true"), WAIT], []),
        ([arrive("%m", "after_copies = true")], ["in-flight-read", "not-waited"]),
        # Committed copies count as well; whichever wait comes first lands them, and the other finds them landed.
        ([COMMIT, arrive("%m", "after_copies = true"), WAIT], []),
        ([COMMIT, arrive("%m", "after_copies = true"), WAIT, WAIT_GROUP], []),
        ([COMMIT, arrive("%m", "after_copies = true"), WAIT_GROUP, WAIT], []),
        ([arrive("%m", "after_copies = true"), COMMIT, WAIT_GROUP], []),
        # A group that has landed is none to wait for.
        ([COMMIT, WAIT_GROUP, arrive("%m", "after_copies = true"), WAIT], []),
    ],
)
def test_beside_groups(kernel_text, kinds, statements, expected):
    arguments = [np.arange(4, dtype=np.float32), np.zeros(4, np.float32)]
    assert kinds(text_of_one_group(kernel_text, *statements), arguments) == expected
