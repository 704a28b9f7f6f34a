// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// Synchronisation declares no effects: equal ones stay, in their loop, and no read is merged across them.
// CHECK-LABEL: func.func @mbarrier_arrive
// CHECK: %[[BARRIER:.*]] = "tile.mbarrier_init"
// CHECK: scf.for
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[BARRIER]], {{.*}}) {elect = true}
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[BARRIER]], {{.*}}) {elect = true}
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[BARRIER]], {{.*}}) {after_copies = true}
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[BARRIER]], {{.*}}) {after_copies = false, elect = true}
// CHECK-NEXT: }
// CHECK: %[[BEFORE:.*]] = memref.load
// CHECK-NEXT: "tile.mbarrier_arrive"
// CHECK-NEXT: %[[AFTER:.*]] = memref.load
// CHECK-NEXT: return %[[BEFORE]], %[[AFTER]]
func.func @mbarrier_arrive(%tile: memref<16xf16, #gpu.address_space<workgroup>>, %i: index, %n: index) -> (f16, f16) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32} : () -> !tile.mbarrier
  scf.for %k = %c0 to %n step %c1 {
    "tile.mbarrier_arrive"(%barrier, %i) {elect = true} : (!tile.mbarrier, index) -> ()
    "tile.mbarrier_arrive"(%barrier, %i) {elect = true} : (!tile.mbarrier, index) -> ()
    "tile.mbarrier_arrive"(%barrier, %i) {after_copies = true} : (!tile.mbarrier, index) -> ()
    "tile.mbarrier_arrive"(%barrier, %i) {after_copies = false, elect = true} : (!tile.mbarrier, index) -> ()
  }
  %before = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  "tile.mbarrier_arrive"(%barrier, %i) {elect = true} : (!tile.mbarrier, index) -> ()
  %after = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  return %before, %after : f16, f16
}
