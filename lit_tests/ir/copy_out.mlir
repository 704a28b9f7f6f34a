// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// A write to global memory is never dead, never merged and never hoisted.
// CHECK-LABEL: func.func @copy_out
// CHECK: scf.for
// CHECK-NEXT: "tile.copy_out"
// CHECK-NEXT: "tile.copy_out"
// CHECK-NEXT: }
// CHECK: %[[BEFORE:.*]] = memref.load
// CHECK: "tile.copy_out"
// CHECK: %[[AFTER:.*]] = memref.load
// CHECK: return %[[BEFORE]], %[[AFTER]]
func.func @copy_out(%tile: memref<16xf16, #gpu.address_space<workgroup>>, %destination: memref<100xf16>, %i: index, %n: index) -> (f16, f16) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    "tile.copy_out"(%tile, %destination, %i) : (memref<16xf16, #gpu.address_space<workgroup>>, memref<100xf16>, index) -> ()
    "tile.copy_out"(%tile, %destination, %i) : (memref<16xf16, #gpu.address_space<workgroup>>, memref<100xf16>, index) -> ()
  }
  %before = memref.load %destination[%c0] : memref<100xf16>
  "tile.copy_out"(%tile, %destination, %i) : (memref<16xf16, #gpu.address_space<workgroup>>, memref<100xf16>, index) -> ()
  %after = memref.load %destination[%c0] : memref<100xf16>
  return %before, %after : f16, f16
}
