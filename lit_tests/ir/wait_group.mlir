// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// A wait declares no effects: it is never removed, merged or hoisted, and no read moves over it.
// CHECK-LABEL: func.func @wait_group
// CHECK: scf.for
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: }
// CHECK: %[[BEFORE:.*]] = memref.load
// CHECK-NEXT: "tile.wait_group"
// CHECK-NEXT: %[[AFTER:.*]] = memref.load
// CHECK-NEXT: return %[[BEFORE]], %[[AFTER]]
func.func @wait_group(%tile: memref<16xf16, #gpu.address_space<workgroup>>, %n: index) -> (f16, f16) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    "tile.wait_group"() {pending = 1 : i32} : () -> ()
    "tile.wait_group"() {pending = 1 : i32} : () -> ()
  }
  %before = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  "tile.wait_group"() {pending = 0 : i32} : () -> ()
  %after = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  return %before, %after : f16, f16
}
