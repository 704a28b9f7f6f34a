// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// A load before and after a copy into its memref are two loads: the copy writes.
// CHECK-LABEL: func.func @copy_in_invalidates
// CHECK: %[[BEFORE:.*]] = memref.load
// CHECK: "tile.copy_in"
// CHECK: %[[AFTER:.*]] = memref.load
// CHECK: return %[[BEFORE]], %[[AFTER]]
func.func @copy_in_invalidates(%source: memref<100xf16>, %tile: memref<16xf16, #gpu.address_space<workgroup>>, %i: index) -> (f16, f16) {
  %c0 = arith.constant 0 : index
  %before = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  "tile.copy_in"(%source, %i, %tile) : (memref<100xf16>, index, memref<16xf16, #gpu.address_space<workgroup>>) -> ()
  %after = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  return %before, %after : f16, f16
}
