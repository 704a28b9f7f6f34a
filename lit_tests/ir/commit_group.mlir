// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// An empty commit counts as a group: equal ones are never merged, removed or hoisted.
// CHECK-LABEL: func.func @commit_group
// CHECK: scf.for
// CHECK-NEXT: "tile.commit_group"() {group = 1 : i32}
// CHECK-NEXT: "tile.commit_group"() {group = 1 : i32}
// CHECK-NEXT: }
// CHECK: %[[BEFORE:.*]] = memref.load
// CHECK-NEXT: "tile.commit_group"
// CHECK-NEXT: %[[AFTER:.*]] = memref.load
// CHECK-NEXT: return %[[BEFORE]], %[[AFTER]]
func.func @commit_group(%tile: memref<16xf16, #gpu.address_space<workgroup>>, %n: index) -> (f16, f16) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    "tile.commit_group"() {group = 1 : i32} : () -> ()
    "tile.commit_group"() {group = 1 : i32} : () -> ()
  }
  %before = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  "tile.commit_group"() {group = 0 : i32} : () -> ()
  %after = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  return %before, %after : f16, f16
}
