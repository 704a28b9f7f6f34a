"""Warp groups with mbarriers: a GEMM specialized by hand, and each way to get its synchronisation wrong."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator

SHARED, FRAGMENT = "#gpu.address_space<workgroup>", "#gpu.address_space<private>"
STAGES = 2
A_RING, B_RING = f"memref<{STAGES}x32x16xf16, {SHARED}>", f"memref<{STAGES}x16x16xf16, {SHARED}>"
A_STAGE = f"memref<32x16xf16, strided<[16, 1], offset: ?>, {SHARED}>"
B_STAGE = f"memref<16x16xf16, strided<[16, 1], offset: ?>, {SHARED}>"
ACC = f"memref<32x16xf32, {FRAGMENT}>"
ARGUMENTS = "%A: memref<64x64xf16>, %B: memref<64x32xf16>, %C: memref<64x32xf32>"
BYTES = (32 * 16 + 16 * 16) * 2


def barrier(name: str, ring: str, *operands: str, attributes: str = "") -> str:
    types = ", ".join(("!tile.mbarrier", *("index" for _ in operands)))
    return f'"tile.mbarrier_{name}"({", ".join((ring, *operands))}) {{{attributes}}} : ({types}) -> ()'


def ring(arrivals: str) -> str:
    return f'"tile.mbarrier_init"() {{arrivals = {arrivals} : i32, stages = {STAGES} : i32}} : () -> !tile.mbarrier'


def stage_and_phase(initial: int) -> str:
    return f"""%s = "tile.stage_index"(%k) {{versions = {STAGES} : i32}} : (index) -> index
    %p = "tile.phase"(%k) {{stages = {STAGES} : i32, initial = {initial} : i32}} : (index) -> index
    %a = memref.subview %As[%s, 0, 0] [1, 32, 16] [1, 1, 1] : {A_RING} to {A_STAGE}
    %b = memref.subview %Bs[%s, 0, 0] [1, 16, 16] [1, 1, 1] : {B_RING} to {B_STAGE}"""


PIECES = {
    "empty arrivals": "128",
    "producer phase": "1",
    "consumer phase": "0",
    "wait for empty": barrier("wait", "%empty", "%s", "%p"),
    "expect": barrier("expect", "%full", "%s", attributes=f"bytes = {BYTES} : i32"),
    "arrive full": barrier("arrive", "%full", "%s", attributes="elect = true"),
    "wait for full": barrier("wait", "%full", "%s", "%p"),
    "early release": "",
    "arrive empty": barrier("arrive", "%empty", "%s"),
    "trips": "%nk",
}


def specialized(**changes: str) -> str:
    """The body of a GEMM with a producer and a consumer; `changes` replace pieces, underscores for spaces."""
    given = {name.replace("_", " "): text for name, text in changes.items()}
    assert set(given) <= set(PIECES)
    piece = PIECES | given
    return f"""
    %zero = arith.constant 0.0 : f32
    %nk = arith.constant 4 : index
    %more = arith.constant 5 : index
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %row = affine.apply affine_map<(d0) -> (d0 * 32)>(%by)
    %col = affine.apply affine_map<(d0) -> (d0 * 16)>(%bx)
    %As = memref.alloc() : {A_RING}
    %Bs = memref.alloc() : {B_RING}
    %full = {ring("1")}
    %empty = {ring(piece["empty arrivals"])}
    "tile.specialize"() ({{
      "tile.warp_group"() ({{
        scf.for %k = %c0 to %nk step %c1 {{
          {stage_and_phase(int(piece["producer phase"]))}
          %ko = affine.apply affine_map<(d0) -> (d0 * 16)>(%k)
          {piece["wait for empty"]}
          {piece["expect"]}
          "tile.bulk_copy"(%A, %row, %ko, %a, %full, %s)
            : (memref<64x64xf16>, index, index, {A_STAGE}, !tile.mbarrier, index) -> ()
          "tile.bulk_copy"(%B, %ko, %col, %b, %full, %s)
            : (memref<64x32xf16>, index, index, {B_STAGE}, !tile.mbarrier, index) -> ()
          {piece["arrive full"]}
        }}
      }}) {{role = "producer", warps = 1 : i32, registers = 40 : i32}} : () -> ()
      "tile.warp_group"() ({{
        %acc = memref.alloc() : {ACC}
        linalg.fill ins(%zero : f32) outs(%acc : {ACC})
        scf.for %k = %c0 to {piece["trips"]} step %c1 {{
          {stage_and_phase(int(piece["consumer phase"]))}
          {piece["wait for full"]}
          {piece["early release"]}
          linalg.matmul ins(%a, %b : {A_STAGE}, {B_STAGE}) outs(%acc : {ACC})
          {piece["arrive empty"]}
        }}
        "tile.copy_out"(%acc, %C, %row, %col) : ({ACC}, memref<64x32xf32>, index, index) -> ()
      }}) {{role = "consumer", warps = 4 : i32}} : () -> ()
    }}) : () -> ()"""


@pytest.fixture
def gemm(kernel_text, run):
    """Run the specialized GEMM with changes; checks the numbers where there are no findings."""

    def execute(**changes: str):
        rng = np.random.default_rng(0)
        a, b = rng.standard_normal((64, 64)).astype(np.float16), rng.standard_normal((64, 32)).astype(np.float16)
        c = np.zeros((64, 32), np.float32)
        result = run(kernel_text(ARGUMENTS, specialized(**changes), grid="2, 2, 1"), [a, b, c])
        if result.ok:
            np.testing.assert_allclose(c, a.astype(np.float64) @ b.astype(np.float64), rtol=1e-4, atol=1e-4)
        return result

    return execute


def test_a_specialized_gemm_agrees_with_numpy_and_has_no_findings(gemm):
    result = gemm()
    assert result.findings == []
    assert result.completed
    assert result.blocks == 4


def test_a_wrong_initial_phase_of_the_producer_deadlocks_and_says_where(gemm):
    result = gemm(producer_phase="0")
    assert not result.completed
    (finding,) = result.findings
    assert finding.kind == "deadlock"
    notes = [str(note) for note in finding.notes]
    assert any("warp group 'producer' stands at 'tile.mbarrier_wait'" in note and "parity 0" in note for note in notes)
    assert any("warp group 'consumer' stands at 'tile.mbarrier_wait'" in note for note in notes)
    assert any("the thread block stands at 'tile.specialize'" in note for note in notes)
    assert sum("mbarrier stage" in note for note in notes) == 2 * STAGES
    assert any("0 of 128 arrivals" in note for note in notes)
    assert all(note.location.line > 0 for note in finding.notes)


def test_too_few_arrivals_deadlock(gemm):
    (finding,) = gemm(empty_arrivals="256").findings
    assert finding.kind == "deadlock"
    assert any("128 of 256 arrivals" in note.message for note in finding.notes)


def test_expected_bytes_that_never_come_deadlock(gemm):
    (finding,) = gemm(expect=barrier("expect", "%full", "%s", attributes=f"bytes = {BYTES + 16} : i32")).findings
    assert finding.kind == "deadlock"
    assert any(f"16 of {BYTES + 16} expected bytes outstanding" in note.message for note in finding.notes)


def test_a_consumer_that_takes_more_than_is_produced_deadlocks(gemm):
    (finding,) = gemm(trips="%more").findings
    assert finding.kind == "deadlock"
    stuck = [note.message for note in finding.notes if "stands at" in note.message]
    assert len(stuck) == 2
    assert "warp group 'consumer' stands at 'tile.mbarrier_wait' and waits for the phase of parity 0 of stage 0" in stuck[0]


def test_a_consumer_that_waits_for_the_other_parity_is_found(gemm):
    assert [finding.kind for finding in gemm(consumer_phase="1").findings] == ["deadlock"]


def test_a_missing_arrival_deadlocks(gemm):
    assert [finding.kind for finding in gemm(arrive_empty="").findings] == ["deadlock"]


def test_more_bytes_than_expected_are_a_mismatch(gemm):
    kinds = [finding.kind for finding in gemm(expect="").findings]
    assert kinds[0] == "bytes-mismatch"


def test_a_consumer_that_does_not_wait_reads_copies_in_flight(gemm):
    assert "in-flight-read" in [finding.kind for finding in gemm(wait_for_full="").findings]


def test_a_producer_that_does_not_wait_overwrites_copies_in_flight(gemm):
    kinds = [finding.kind for finding in gemm(wait_for_empty="").findings]
    assert "in-flight-write" in kinds


def test_a_stage_that_is_released_before_it_is_read(gemm):
    kinds = [finding.kind for finding in gemm(early_release=PIECES["arrive empty"], arrive_empty="").findings]
    assert kinds == ["in-flight-read"]


def test_arriving_twice_is_an_over_arrival(gemm):
    kinds = [finding.kind for finding in gemm(empty_arrivals="100").findings]
    assert kinds[0] == "over-arrival"


def two_groups(first: str, second: str) -> str:
    return f"""%b = memref.alloc() : memref<1xf32, {SHARED}>
    %one = arith.constant 1.0 : f32
    "tile.specialize"() ({{
      "tile.warp_group"() ({{ {first} }}) {{role = "left", warps = 1 : i32}} : () -> ()
      "tile.warp_group"() ({{ {second} }}) {{role = "right", warps = 1 : i32}} : () -> ()
    }}) : () -> ()"""


STORE = f"memref.store %one, %b[%c0] : memref<1xf32, {SHARED}>"
LOAD = f"""%v = memref.load %b[%c0] : memref<1xf32, {SHARED}>
    memref.store %v, %O[%c0] : memref<1xf32>"""


def test_a_barrier_among_warp_groups_waits_for_all_of_them(kernel_text, run_clean):
    out = np.zeros(1, np.float32)
    run_clean(kernel_text("%O: memref<1xf32>", two_groups(f"gpu.barrier\n{LOAD}", f"{STORE}\ngpu.barrier")), [out])
    assert out.tolist() == [1]


def test_a_barrier_that_one_warp_group_never_reaches_deadlocks(kernel_text, run):
    text = kernel_text("%O: memref<1xf32>", two_groups("gpu.barrier", STORE))
    (finding,) = run(text, [np.zeros(1, np.float32)]).findings
    assert finding.kind == "deadlock"
    assert any(
        "warp group 'left' stands at 'gpu.barrier'" in note.message and "1 of 2" in note.message for note in finding.notes
    )


def test_asynchronous_copies_belong_to_the_warp_group_that_starts_them(kernel_text, kinds):
    tile = f"memref<4xf32, {SHARED}>"
    start = f"""%t = memref.alloc() : {tile}
      "tile.copy_async"(%O, %c0, %t) {{group = 0 : i32}} : (memref<4xf32>, index, {tile}) -> ()
      "tile.commit_group"() {{group = 0 : i32}} : () -> ()"""
    wait = '"tile.wait_group"() {pending = 0 : i32} : () -> ()'
    x = np.zeros(4, np.float32)
    assert kinds(kernel_text("%O: memref<4xf32>", two_groups(f"{start}\n{wait}", wait)), [x]) == []
    assert kinds(kernel_text("%O: memref<4xf32>", two_groups(start, wait)), [x]) == ["not-waited"]


def test_writing_the_destination_of_another_warp_groups_copy(kernel_text, kinds):
    def body(wait_first: bool) -> str:
        tile = f"memref<4xf32, {SHARED}>"
        wait = '"tile.mbarrier_wait"(%m, %c0, %c0) : (!tile.mbarrier, index, index) -> ()'
        fill = f"linalg.fill ins(%one : f32) outs(%t : {tile})"
        produce = f"""{barrier("expect", "%m", "%c0", attributes="bytes = 16 : i32")}
        "tile.bulk_copy"(%O, %c0, %t, %m, %c0) : (memref<4xf32>, index, {tile}, !tile.mbarrier, index) -> ()
        {barrier("arrive", "%m", "%c0", attributes="elect = true")}"""
        consume = f"{wait}\n{fill}" if wait_first else f"{fill}\n{wait}"
        prelude = f"""%t = memref.alloc() : {tile}
        %m = "tile.mbarrier_init"() {{arrivals = 1 : i32, stages = 1 : i32}} : () -> !tile.mbarrier"""
        return prelude + "\n" + two_groups(produce, consume)

    x = np.zeros(4, np.float32)
    assert kinds(kernel_text("%O: memref<4xf32>", body(True)), [x]) == []
    assert kinds(kernel_text("%O: memref<4xf32>", body(False)), [x]) == ["in-flight-write"]


def test_a_stage_outside_of_the_ring(kernel_text, kinds):
    def text(stage: int) -> str:
        init = '%m = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32} : () -> !tile.mbarrier'
        return kernel_text("", f"{init}\n{barrier('arrive', '%m', f'%c{stage}', attributes='elect = true')}")

    assert kinds(text(1), []) == []
    assert kinds(text(2), []) == ["out-of-bounds"]


def test_statements_execute_in_line(kernel_text, run_clean):
    out = np.zeros(1, np.int32)
    body = """%one = arith.constant 1 : i32
    scf.for %i = %c0 to %c4 step %c1 {
      "tile.statement"() ({
        %v = memref.load %O[%c0] : memref<1xi32>
        %w = arith.addi %v, %one : i32
        memref.store %w, %O[%c0] : memref<1xi32>
      }) {stage = 0 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
    }"""
    run_clean(kernel_text("%O: memref<1xi32>", body), [out])
    assert out.tolist() == [4]


def test_a_plain_copy_that_another_warp_group_reads_too_early(kernel_text, kinds):
    """Blocks alternate in which warp group runs ahead, so that one of two blocks shows it."""
    ready = '"tile.mbarrier_wait"(%m, %c0, %c0) : (!tile.mbarrier, index, index) -> ()'
    init = '%m = "tile.mbarrier_init"() {arrivals = 32 : i32, stages = 1 : i32} : () -> !tile.mbarrier'
    start = f"""%t = memref.alloc() : memref<1xf32, {SHARED}>
    "tile.copy_async"(%O, %c0, %t) {{group = 0 : i32}} : (memref<1xf32>, index, memref<1xf32, {SHARED}>) -> ()
    "tile.commit_group"() {{group = 0 : i32}} : () -> ()
    "tile.wait_group"() {{pending = 0 : i32}} : () -> ()"""
    produce = f"{start}\n{STORE}\n{barrier('arrive', '%m', '%c0')}"
    x = np.zeros(1, np.float32)

    def text(consume: str) -> str:
        return kernel_text("%O: memref<1xf32>", f"{init}\n{two_groups(produce, consume)}", grid="2, 1, 1")

    assert kinds(text(f"{ready}\n{LOAD}"), [x]) == []
    assert kinds(text(LOAD), [x]) == ["uninitialised-read"]
