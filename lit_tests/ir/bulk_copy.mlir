// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// A bulk copy writes its destination, which stands before the mbarrier: loads around it stay two.
// CHECK-LABEL: func.func @bulk_copy
// CHECK: scf.for
// CHECK-NEXT: "tile.bulk_copy"
// CHECK-NEXT: "tile.bulk_copy"
// CHECK-NEXT: }
// CHECK: %[[BEFORE:.*]] = memref.load
// CHECK: "tile.bulk_copy"
// CHECK: %[[AFTER:.*]] = memref.load
// CHECK: return %[[BEFORE]], %[[AFTER]]
func.func @bulk_copy(%source: memref<100xf16>, %tile: memref<16xf16, #gpu.address_space<workgroup>>, %i: index, %n: index) -> (f16, f16) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %full = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
  scf.for %k = %c0 to %n step %c1 {
    "tile.bulk_copy"(%source, %i, %tile, %full, %c0) : (memref<100xf16>, index, memref<16xf16, #gpu.address_space<workgroup>>, !tile.mbarrier, index) -> ()
    "tile.bulk_copy"(%source, %i, %tile, %full, %c0) : (memref<100xf16>, index, memref<16xf16, #gpu.address_space<workgroup>>, !tile.mbarrier, index) -> ()
  }
  %before = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  "tile.bulk_copy"(%source, %i, %tile, %full, %c0) : (memref<100xf16>, index, memref<16xf16, #gpu.address_space<workgroup>>, !tile.mbarrier, index) -> ()
  %after = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  return %before, %after : f16, f16
}
