"""Parallel loops, evaluated as whole arrays: what each lane does is what a loop over its points would do."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator


def test_a_guarded_load_and_store_touch_only_what_the_guard_admits(kernel_text, run_clean):
    x, out = np.arange(10, dtype=np.float32), np.full(10, -1, np.float32)
    body = """%n = arith.constant 10 : index
    %base = arith.constant 6 : index
    scf.forall (%i) in (8) {
      %p = arith.addi %i, %base : index
      %inside = arith.cmpi slt, %p, %n : index
      scf.if %inside {
        %v = memref.load %X[%p] : memref<10xf32>
        %w = arith.addf %v, %v : f32
        memref.store %w, %O[%p] : memref<10xf32>
      }
    }"""
    run_clean(kernel_text("%X: memref<10xf32>, %O: memref<10xf32>", body), [x, out])
    assert out.tolist() == [-1] * 6 + [12, 14, 16, 18]


def test_branches_with_results_choose_by_lane(kernel_text, run_clean):
    out = np.zeros((4, 6), np.int32)
    body = """%k = arith.constant 100 : i32
    scf.forall (%i, %j) in (4, 6) {
      %larger = arith.cmpi sgt, %i, %j : index
      %v = scf.if %larger -> i32 {
        %a = arith.index_cast %i : index to i32
        scf.yield %a : i32
      } else {
        %b = arith.index_cast %j : index to i32
        %c = arith.addi %b, %k : i32
        scf.yield %c : i32
      }
      memref.store %v, %O[%i, %j] : memref<4x6xi32>
    }"""
    run_clean(kernel_text("%O: memref<4x6xi32>", body), [out])
    i, j = np.ogrid[:4, :6]
    np.testing.assert_array_equal(out, np.where(i > j, i, j + 100))


def test_bounds_steps_and_order_of_dimensions(kernel_text, run_clean):
    x, out = np.arange(60, dtype=np.float32).reshape(6, 10), np.zeros((10, 6), np.float32)
    body = """%n = arith.constant 9 : index
    scf.forall (%i, %j) = (%c1, 2) to (%c4, %n) step (1, %c3) {
      %v = memref.load %X[%i, %j] : memref<6x10xf32>
      memref.store %v, %O[%j, %i] : memref<10x6xf32>
    }"""
    run_clean(kernel_text("%X: memref<6x10xf32>, %O: memref<10x6xf32>", body), [x, out])
    expected = np.zeros_like(out)
    expected[2:9:3, 1:4] = x[1:4, 2:9:3].T
    np.testing.assert_array_equal(out, expected)


def test_loops_in_lanes_carry_values_and_end_by_lane(kernel_text, run_clean):
    lengths, out = np.array([3, 0, 5, 1], np.int32), np.zeros(4, np.int32)
    body = """%zero = arith.constant 0 : i32
    scf.forall (%i) in (4) {
      %l = memref.load %L[%i] : memref<4xi32>
      %n = arith.index_cast %l : i32 to index
      %s = scf.for %k = %c0 to %n step %c1 iter_args(%acc = %zero) -> i32 {
        %ki = arith.index_cast %k : index to i32
        %q = arith.muli %ki, %ki : i32
        %r = arith.addi %acc, %q : i32
        scf.yield %r : i32
      }
      memref.store %s, %O[%i] : memref<4xi32>
    }"""
    run_clean(kernel_text("%L: memref<4xi32>, %O: memref<4xi32>", body), [lengths, out])
    assert out.tolist() == [sum(k * k for k in range(n)) for n in lengths]


def test_a_while_loop_ends_by_lane(kernel_text, run_clean):
    x, out = np.array([1, 6, 27, 4], np.int32), np.zeros(4, np.int32)
    body = """%one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %three = arith.constant 3 : i32
    %zero = arith.constant 0 : i32
    scf.forall (%i) in (4) {
      %x = memref.load %X[%i] : memref<4xi32>
      %r:2 = scf.while (%v = %x, %n = %zero) : (i32, i32) -> (i32, i32) {
        %go = arith.cmpi ne, %v, %one : i32
        scf.condition(%go) %v, %n : i32, i32
      } do {
      ^bb0(%v: i32, %n: i32):
        %bit = arith.andi %v, %one : i32
        %odd = arith.cmpi eq, %bit, %one : i32
        %m = arith.muli %v, %three : i32
        %up = arith.addi %m, %one : i32
        %down = arith.divsi %v, %two : i32
        %next = arith.select %odd, %up, %down : i32
        %count = arith.addi %n, %one : i32
        scf.yield %next, %count : i32, i32
      }
      memref.store %r#1, %O[%i] : memref<4xi32>
    }"""
    run_clean(kernel_text("%X: memref<4xi32>, %O: memref<4xi32>", body), [x, out])
    assert out.tolist() == [0, 8, 111, 2]


def test_nested_loops_whose_bounds_differ_between_lanes(kernel_text, run_clean):
    out = np.zeros((4, 4), np.float32)
    body = """%one = arith.constant 1.0 : f32
    scf.forall (%i) in (4) {
      scf.forall (%j) = (0) to (%i) step (1) {
        memref.store %one, %O[%i, %j] : memref<4x4xf32>
      }
    }"""
    run_clean(kernel_text("%O: memref<4x4xf32>", body), [out])
    np.testing.assert_array_equal(out, np.tril(np.ones((4, 4)), -1))


def test_a_gather_through_an_index_table(kernel_text, run_clean):
    table, x, out = (
        np.array([3, 1, 1, 0], np.int32),
        np.arange(20, dtype=np.float32).reshape(4, 5),
        np.zeros((4, 5), np.float32),
    )
    body = """scf.forall (%i, %j) in (4, 5) {
      %t = memref.load %T[%i] : memref<4xi32>
      %r = arith.index_cast %t : i32 to index
      %v = memref.load %X[%r, %j] : memref<4x5xf32>
      memref.store %v, %O[%i, %j] : memref<4x5xf32>
    }"""
    run_clean(kernel_text("%T: memref<4xi32>, %X: memref<4x5xf32>, %O: memref<4x5xf32>", body), [table, x, out])
    np.testing.assert_array_equal(out, x[table])


@pytest.mark.parametrize(("kind", "element"), [("addf", "f32"), ("addi", "i32"), ("maxs", "i32"), ("maxu", "i32")])
def test_atomics_of_lanes_combine_where_they_meet(kind, element, kernel_text, run_clean):
    dtype = {"f32": np.float32, "i32": np.int32}[element]
    bins, values, out = np.array([0, 2, 2, 0, 2], np.int32), np.array([5, -3, 7, 1, 2]).astype(dtype), np.ones(3, dtype)
    body = f"""scf.forall (%i) in (5) {{
      %b = memref.load %B[%i] : memref<5xi32>
      %p = arith.index_cast %b : i32 to index
      %v = memref.load %V[%i] : memref<5x{element}>
      %old = memref.atomic_rmw {kind} %v, %O[%p] : ({element}, memref<3x{element}>) -> {element}
    }}"""
    run_clean(kernel_text(f"%B: memref<5xi32>, %V: memref<5x{element}>, %O: memref<3x{element}>", body), [bins, values, out])
    expected = {"addf": [7, 1, 7], "addi": [7, 1, 7], "maxs": [5, 1, 7], "maxu": [5, 1, -3]}[kind]
    assert out.tolist() == expected


def test_an_atomic_counter_gives_each_lane_its_old_value(kernel_text, run_clean):
    counter, out = np.zeros(1, np.int32), np.zeros(6, np.int32)
    body = """%one = arith.constant 1 : i32
    scf.forall (%i) in (6) {
      %r = arith.remui %i, %c2 : index
      %even = arith.cmpi eq, %r, %c0 : index
      scf.if %even {
        %old = memref.atomic_rmw addi %one, %N[%c0] : (i32, memref<1xi32>) -> i32
        %p = arith.index_cast %old : i32 to index
        %v = arith.index_cast %i : index to i32
        memref.store %v, %O[%p] : memref<6xi32>
      }
    }"""
    run_clean(kernel_text("%N: memref<1xi32>, %O: memref<6xi32>", body), [counter, out])
    assert counter.tolist() == [3]
    assert out.tolist() == [0, 2, 4, 0, 0, 0]


def test_generic_atomics_of_lanes_follow_one_another_where_they_meet(kernel_text, run_clean):
    # The fourth lane is masked off, and its bin does not exist.
    bins, values = np.array([0, 2, 2, 9, 0, 2], np.int32), np.array([3, 5, 7, 100, 2, 1], np.int32)
    out, olds = np.ones(3, np.int32), np.zeros(6, np.int32)
    body = """%n = arith.constant 3 : i32
    scf.forall (%i) in (6) {
      %b = memref.load %B[%i] : memref<6xi32>
      %p = arith.index_cast %b : i32 to index
      %v = memref.load %V[%i] : memref<6xi32>
      %exists = arith.cmpi slt, %b, %n : i32
      scf.if %exists {
        %old = memref.generic_atomic_rmw %O[%p] : memref<3xi32> {
        ^bb0(%current: i32):
          %tripled = arith.muli %current, %n : i32
          %new = arith.addi %tripled, %v : i32
          memref.atomic_yield %new : i32
        }
        memref.store %old, %P[%i] : memref<6xi32>
      }
    }"""
    arguments = "%B: memref<6xi32>, %V: memref<6xi32>, %O: memref<3xi32>, %P: memref<6xi32>"
    run_clean(kernel_text(arguments, body), [bins, values, out, olds])
    expected, expected_olds = [1, 1, 1], [0] * 6
    for lane, (place, value) in enumerate(zip(bins, values, strict=True)):
        if place < 3:
            expected_olds[lane] = expected[place]
            expected[place] = 3 * expected[place] + value
    assert out.tolist() == expected
    assert olds.tolist() == expected_olds


def test_a_loop_over_tiles_runs_point_by_point(kernel_text, run_clean):
    x, out = np.arange(32, dtype=np.float32), np.zeros(32, np.float32)
    tile = "memref<8xf32, #gpu.address_space<private>>"
    view = "memref<8xf32, strided<[1], offset: ?>>"
    body = f"""scf.forall (%i) in (4) {{
      %o = affine.apply affine_map<(d0) -> (d0 * 8)>(%i)
      %t = memref.alloc() : {tile}
      %s = memref.subview %X[%o] [8] [1] : memref<32xf32> to {view}
      %d = memref.subview %O[%o] [8] [1] : memref<32xf32> to {view}
      memref.copy %s, %t : {view} to {tile}
      linalg.add ins(%t, %t : {tile}, {tile}) outs(%d : {view})
    }}"""
    run_clean(kernel_text("%X: memref<32xf32>, %O: memref<32xf32>", body), [x, out])
    np.testing.assert_array_equal(out, 2 * x)


def test_scf_parallel_with_a_reduction(kernel_text, run_clean):
    x, out = np.arange(6, dtype=np.float32), np.zeros(1, np.float32)
    body = """%n = arith.constant 6 : index
    %zero = arith.constant 0.0 : f32
    %s = scf.parallel (%i) = (%c0) to (%n) step (%c1) init (%zero) -> f32 {
      %v = memref.load %X[%i] : memref<6xf32>
      scf.reduce(%v : f32) {
      ^bb0(%a: f32, %b: f32):
        %r = arith.addf %a, %b : f32
        scf.reduce.return %r : f32
      }
    }
    memref.store %s, %O[%c0] : memref<1xf32>
    scf.parallel (%i) = (%c0) to (%n) step (%c2) {
      memref.store %zero, %X[%i] : memref<6xf32>
      scf.reduce
    }"""
    run_clean(kernel_text("%X: memref<6xf32>, %O: memref<1xf32>", body), [x, out])
    assert out.tolist() == [15]
    assert x.tolist() == [0, 1, 0, 3, 0, 5]


def test_affine_loops_and_conditions(kernel_text, run_clean):
    out = np.zeros((6, 6), np.float32)
    body = """%one = arith.constant 1.0 : f32
    %n = arith.constant 6 : index
    affine.for %i = 0 to min affine_map<(d0) -> (d0, 100)>(%n) {
      affine.for %j = affine_map<(d0) -> (d0)>(%i) to 6 step 2 {
        affine.store %one, %O[%i, %j] : memref<6x6xf32>
      }
      affine.if affine_set<(d0)[s0] : (d0 - 2 >= 0, s0 - d0 - 2 >= 0, d0 mod 2 == 0)>(%i)[%n] {
        affine.store %one, %O[5, %i + 1] : memref<6x6xf32>
      }
    }"""
    run_clean(kernel_text("%O: memref<6x6xf32>", body), [out])
    expected = np.zeros((6, 6))
    for i in range(6):
        expected[i, i::2] = 1
    expected[5, [3, 5]] = 1
    np.testing.assert_array_equal(out, expected)


def test_lanes_that_store_different_values_to_one_element_are_a_finding(kernel_text, kinds):
    out = np.zeros(4, np.int32)

    def text(divisor: str, value: str) -> str:
        body = f"""scf.forall (%i) in (4) {{
          %v = arith.index_cast %{value} : index to i32
          %p = arith.divui %i, %{divisor} : index
          memref.store %v, %O[%p] : memref<4xi32>
        }}"""
        return kernel_text("%O: memref<4xi32>", body)

    assert kinds(text("c2", "i"), [out]) == ["parallel-write"]
    assert kinds(text("c1", "i"), [out]) == []
    assert kinds(text("c2", "c3"), [out]) == []
    assert out.tolist() == [3, 3, 2, 3]


def test_a_masked_lane_out_of_bounds_is_no_finding_but_an_active_one_is(kernel_text, kinds):
    x, out = np.arange(4, dtype=np.float32), np.zeros(8, np.float32)

    def text(limit: int) -> str:
        body = f"""%limit = arith.constant {limit} : index
        scf.forall (%i) in (8) {{
          %p = arith.cmpi ult, %i, %limit : index
          scf.if %p {{
            %v = memref.load %X[%i] : memref<4xf32>
            memref.store %v, %O[%i] : memref<8xf32>
          }}
        }}"""
        return kernel_text("%X: memref<4xf32>, %O: memref<8xf32>", body)

    assert kinds(text(4), [x, out]) == []
    assert kinds(text(5), [x, out]) == ["out-of-bounds"]


def test_lanes_that_read_what_nothing_wrote_are_a_finding_at_the_first_element(kernel_text, run):
    out = np.zeros(8, np.float32)
    buffer = "memref<10xf32, #gpu.address_space<private>>"

    def text(written: int) -> str:
        body = f"""%b = memref.alloc() : {buffer}
        %z = arith.constant 2.0 : f32
        scf.forall (%i) in ({written}) {{ memref.store %z, %b[%i] : {buffer} }}
        scf.forall (%i) in (8) {{
          %j = arith.addi %i, %c2 : index
          %v = memref.load %b[%j] : {buffer}
          memref.store %v, %O[%i] : memref<8xf32>
        }}"""
        return kernel_text("%O: memref<8xf32>", body)

    assert run(text(10), [out]).ok
    (finding,) = run(text(7), [out]).findings
    assert finding.kind == "uninitialised-read"
    assert "element [7]" in finding.message
    assert finding.op == "memref.load"
    assert finding.location.line > 0
    assert "allocated here" in finding.notes[0].message
