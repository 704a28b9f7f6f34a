// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// Two rings of mbarriers with the same numbers are two rings, used or not.
// CHECK-LABEL: func.func @mbarrier_init
// CHECK: "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32} : () -> !tile.mbarrier
// CHECK-NEXT: "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32} : () -> !tile.mbarrier
// CHECK-NEXT: scf.for
// CHECK-NEXT: "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32} : () -> !tile.mbarrier
func.func @mbarrier_init(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %first = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32} : () -> !tile.mbarrier
  %second = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32} : () -> !tile.mbarrier
  scf.for %k = %c0 to %n step %c1 {
    %inner = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32} : () -> !tile.mbarrier
  }
  return
}
