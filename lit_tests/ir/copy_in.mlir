// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// A copy declares its effects: two equal ones stay two, and one that nothing reads stays in its loop.
// CHECK-LABEL: func.func @copy_in
// CHECK: scf.for
// CHECK-NEXT: "tile.copy_in"(%{{.*}}) {pad = 1.000000e+00 : f16}
// CHECK-NEXT: "tile.copy_in"(%{{.*}}) {pad = 1.000000e+00 : f16}
// CHECK-NEXT: }
func.func @copy_in(%source: memref<100x100xf16>, %tile: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    "tile.copy_in"(%source, %i, %i, %tile) {pad = 1.0 : f16} : (memref<100x100xf16>, index, index, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
    "tile.copy_in"(%source, %i, %i, %tile) {pad = 1.0 : f16} : (memref<100x100xf16>, index, index, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
  }
  return
}
