"""Windows that may cross an edge, asynchronous copies in groups, and channels."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator

SHARED = "#gpu.address_space<workgroup>"
TILE = f"memref<4x4xf32, {SHARED}>"


@pytest.mark.parametrize("pad", [None, 7.5])
@pytest.mark.parametrize("row", [-5, -2, 0, 3, 9])
@pytest.mark.parametrize("column", [-1, 2, 4])
def test_windows_pad_outside_reads_and_drop_outside_writes(row, column, pad, kernel_text, run_clean):
    x, tile, out = np.arange(42, dtype=np.float32).reshape(7, 6), np.zeros((4, 4), np.float32), np.full((7, 6), -1, np.float32)
    attribute = "" if pad is None else f"{{pad = {pad} : f32}}"
    body = f"""%r = arith.constant {row} : index
    %c = arith.constant {column} : index
    %t = memref.alloc() : {TILE}
    "tile.copy_in"(%X, %r, %c, %t) {attribute} : (memref<7x6xf32>, index, index, {TILE}) -> ()
    memref.copy %t, %T : {TILE} to memref<4x4xf32>
    "tile.copy_out"(%t, %O, %r, %c) : ({TILE}, memref<7x6xf32>, index, index) -> ()"""
    text = kernel_text("%X: memref<7x6xf32>, %T: memref<4x4xf32>, %O: memref<7x6xf32>", body)
    run_clean(text, [x, tile, out])
    inside = [(i, j) for i in range(4) for j in range(4) if 0 <= row + i < 7 and 0 <= column + j < 6]
    expected, written = np.full((4, 4), pad or 0, np.float32), np.full((7, 6), -1, np.float32)
    for i, j in inside:
        expected[i, j] = written[row + i, column + j] = x[row + i, column + j]
    np.testing.assert_array_equal(tile, expected)
    np.testing.assert_array_equal(out, written)


@pytest.mark.parametrize("head", [-1, 1, 3])
def test_a_tile_of_lower_rank_takes_leading_dimensions_of_extent_one(head, kernel_text, run_clean):
    x, out = np.arange(24, dtype=np.float32).reshape(3, 8), np.zeros(4, np.float32)
    body = f"""%h = arith.constant {head} : index
    "tile.copy_in"(%X, %h, %c4, %O) : (memref<3x8xf32>, index, index, memref<4xf32>) -> ()"""
    run_clean(kernel_text("%X: memref<3x8xf32>, %O: memref<4xf32>", body), [x, out])
    np.testing.assert_array_equal(out, x[head, 4:] if 0 <= head < 3 else np.zeros(4))


def copy(source: str, row: str, destination: str, group: int = 0) -> str:
    return f""""tile.copy_async"({source}, {row}, %c0, {destination}) {{group = {group} : i32}}
      : (memref<16x4xf32>, index, index, {TILE}) -> ()"""


def commit(group: int = 0) -> str:
    return f'"tile.commit_group"() {{group = {group} : i32}} : () -> ()'


def wait(pending: int) -> str:
    return f'"tile.wait_group"() {{pending = {pending} : i32}} : () -> ()'


ARGUMENTS = "%X: memref<16x4xf32>, %O: memref<4x4xf32>"
READ = f"memref.copy %t, %O : {TILE} to memref<4x4xf32>"
ALLOC = f"%t = memref.alloc() : {TILE}"


@pytest.fixture
def findings(kernel_text, kinds):
    """The kinds of the findings of a body over a source of 16 x 4 and an output of 4 x 4."""

    def execute(*lines: str) -> list[str]:
        x, out = np.arange(64, dtype=np.float32).reshape(16, 4), np.zeros((4, 4), np.float32)
        return kinds(kernel_text(ARGUMENTS, "\n".join(lines)), [x, out])

    return execute


def test_an_asynchronous_copy_lands_at_its_wait(findings):
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), wait(0), READ) == []
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), READ, wait(0)) == ["in-flight-read"]
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), wait(1), READ, wait(0)) == ["in-flight-read"]
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), commit(), wait(1), READ) == []


def test_an_uncommitted_copy_does_not_land(findings):
    assert findings(ALLOC, copy("%X", "%c0", "%t"), wait(0), READ) == ["in-flight-read", "not-waited"]


def test_a_copy_that_nothing_waits_for_is_found_at_the_end(findings):
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit()) == ["not-waited"]
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), wait(0)) == []


def test_writing_the_destination_of_a_copy_in_flight(findings):
    fill = f"%z = arith.constant 1.0 : f32\nlinalg.fill ins(%z : f32) outs(%t : {TILE})"
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), fill, wait(0)) == ["in-flight-write"]
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), wait(0), fill) == []


def test_two_copies_in_flight_to_one_destination(findings):
    two = (copy("%X", "%c0", "%t"), copy("%X", "%c4", "%t"))
    assert findings(ALLOC, *two, commit(), wait(0)) == ["in-flight-write"]
    assert findings(ALLOC, two[0], commit(), wait(0), two[1], commit(), wait(0)) == []


@pytest.mark.parametrize("row", ["%c0", "%c3"])
def test_writing_the_source_of_a_copy_in_flight(row, findings):
    store = f"%z = arith.constant 1.0 : f32\nmemref.store %z, %X[{row}, %c1] : memref<16x4xf32>"
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), store, wait(0), READ) == ["source-overwritten"]
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), wait(0), store, READ) == []
    assert findings(ALLOC, copy("%X", "%c4", "%t"), commit(), store, wait(0), READ) == []


def test_a_copy_takes_its_source_when_it_starts(kernel_text, run):
    x, out = np.zeros((16, 4), np.float32), np.ones((4, 4), np.float32)
    body = "\n".join(
        (ALLOC, copy("%X", "%c0", "%t"), commit(), "%z = arith.constant 5.0 : f32",
         "memref.store %z, %X[%c0, %c0] : memref<16x4xf32>", wait(0), READ)
    )  # fmt: skip
    run(kernel_text(ARGUMENTS, body), [x, out])
    assert (out == 0).all()


def test_a_commit_of_another_group_than_its_copies(findings):
    assert findings(ALLOC, copy("%X", "%c0", "%t", 1), commit(0), wait(0)) == ["group-mismatch"]
    assert findings(ALLOC, copy("%X", "%c0", "%t", 1), commit(1), wait(0)) == []


RING = f"memref<2x4x4xf32, {SHARED}>"
STAGE = f"memref<4x4xf32, strided<[4, 1], offset: ?>, {SHARED}>"


def pipelined(prefetch: int, pending: int, versions: int = 2) -> str:
    """Sum four tiles through a ring of two; `prefetch` copies run ahead."""
    steps = f"""
    %four = arith.constant 4 : index
    %zero = arith.constant 0.0 : f32
    %ring = memref.alloc() : {RING}
    linalg.fill ins(%zero : f32) outs(%O : memref<4x4xf32>)
    """

    def fetch(iteration: str, suffix: str) -> str:
        return f"""%s{suffix} = "tile.stage_index"({iteration}) {{versions = {versions} : i32}} : (index) -> index
        %v{suffix} = memref.subview %ring[%s{suffix}, 0, 0] [1, 4, 4] [1, 1, 1] : {RING} to {STAGE}
        %r{suffix} = affine.apply affine_map<(d0) -> (d0 * 4)>({iteration})
        "tile.copy_async"(%X, %r{suffix}, %c0, %v{suffix}) {{group = 0 : i32}}
          : (memref<16x4xf32>, index, index, {STAGE}) -> ()"""

    for i in range(prefetch):
        steps += fetch(f"%c{i}", f"p{i}") + commit()
    return (
        steps
        + f"""scf.for %k = %c0 to %four step %c1 {{
      %ahead = affine.apply affine_map<(d0) -> (d0 + {prefetch})>(%k)
      %more = arith.cmpi slt, %ahead, %four : index
      scf.if %more {{ {fetch("%ahead", "a")} }}
      {commit()}
      {wait(pending)}
      %s = "tile.stage_index"(%k) {{versions = {versions} : i32}} : (index) -> index
      %v = memref.subview %ring[%s, 0, 0] [1, 4, 4] [1, 1, 1] : {RING} to {STAGE}
      linalg.add ins(%O, %v : memref<4x4xf32>, {STAGE}) outs(%O : memref<4x4xf32>)
    }}
    {wait(0)}"""
    )


def test_a_software_pipeline_by_hand(kernel_text, run_clean):
    x, out = np.arange(64, dtype=np.float32).reshape(16, 4), np.zeros((4, 4), np.float32)
    run_clean(kernel_text(ARGUMENTS, pipelined(prefetch=1, pending=1)), [x, out])
    np.testing.assert_array_equal(out, x.reshape(4, 4, 4).sum(axis=0))


def test_a_software_pipeline_that_waits_for_one_group_too_few(findings):
    assert findings(pipelined(prefetch=1, pending=2)) == ["in-flight-read", "in-flight-write"]


def test_a_software_pipeline_with_one_version_too_few(findings):
    assert findings(pipelined(prefetch=1, pending=1, versions=1)) == ["in-flight-write", "in-flight-read"]
    assert findings(pipelined(prefetch=2, pending=2)) == ["in-flight-write", "in-flight-read"]


def channel(name: str, iteration: str, channel: str = "%ch") -> str:
    return f'"tile.channel_{name}"({channel}, {iteration}) : (!tile.channel, index) -> ()'


def init(depth: int) -> str:
    return f'%ch = "tile.channel_init"() {{depth = {depth} : i32}} : () -> !tile.channel'


def test_a_channel_lands_the_copies_of_its_iteration(findings):
    begin = (ALLOC, init(1), channel("acquire", "%c0"), copy("%X", "%c0", "%t"))
    assert findings(*begin, channel("commit", "%c0"), channel("wait", "%c0"), READ, channel("release", "%c0")) == []
    assert findings(*begin, channel("commit", "%c0"), READ, channel("wait", "%c0")) == ["in-flight-read"]
    assert findings(*begin, channel("commit", "%c0")) == ["not-waited"]


def test_a_channel_whose_stages_are_full_deadlocks(findings):
    def body(depth: int) -> tuple[str, ...]:
        first = (channel("acquire", "%c0"), copy("%X", "%c0", "%t"), channel("commit", "%c0"))
        second = (channel("acquire", "%c1"), channel("commit", "%c1"))
        return (ALLOC, init(depth), *first, *second, channel("wait", "%c0"), READ, channel("release", "%c0"))

    assert findings(*body(2)) == []
    assert findings(*body(1)) == ["deadlock"]


def test_waiting_for_an_iteration_that_is_not_committed_deadlocks(findings):
    begin = (ALLOC, init(2), channel("acquire", "%c0"), copy("%X", "%c0", "%t"))
    assert findings(*begin, channel("wait", "%c0"), channel("commit", "%c0")) == ["deadlock"]


@pytest.mark.parametrize("action", ["acquire", "commit", "wait", "release"])
def test_a_channel_takes_iterations_in_order(action, findings):
    actions = ["acquire", "commit", "wait", "release"]
    right = [channel(name, "%c0") for name in actions] + [channel(name, "%c1") for name in actions]
    assert findings(init(2), *right) == []
    wrong = [line.replace("%c1", "%c2") if action in line else line for line in right]
    assert findings(init(3), *wrong)[0] in ("channel-order", "deadlock")


def test_a_release_before_its_wait(findings):
    lines = [channel(name, "%c0") for name in ("acquire", "commit", "release", "wait")]
    assert findings(init(1), *lines) == ["channel-order"]


@pytest.mark.parametrize(("first", "expected"), [(0, ["source-overwritten"]), (4, []), (3, ["source-overwritten"])])
def test_lanes_that_write_the_source_of_a_copy_in_flight(first, expected, findings):
    store = f"""%z = arith.constant 1.0 : f32
    %first = arith.constant {first} : index
    scf.forall (%i, %j) in (4, 4) {{
      %r = arith.addi %i, %first : index
      memref.store %z, %X[%r, %j] : memref<16x4xf32>
    }}"""
    assert findings(ALLOC, copy("%X", "%c0", "%t"), commit(), store, wait(0)) == expected
