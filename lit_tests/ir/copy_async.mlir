// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// An asynchronous copy, of a window or of a whole memref, stays where it is issued, before its commit.
// CHECK-LABEL: func.func @copy_async
// CHECK: scf.for
// CHECK-NEXT: "tile.copy_async"(%{{.*}}, %{{.*}}, %{{.*}}) {group = 0 : i32} : (memref<100xf16>, index
// CHECK-NEXT: "tile.copy_async"(%{{.*}}, %{{.*}}, %{{.*}}) {group = 0 : i32} : (memref<100xf16>, index
// CHECK-NEXT: "tile.copy_async"(%{{.*}}, %{{.*}}) {group = 0 : i32} : (memref<16xf16>, memref<16xf16
// CHECK-NEXT: "tile.commit_group"
// CHECK-NEXT: }
func.func @copy_async(%source: memref<100xf16>, %same: memref<16xf16>, %tile: memref<16xf16, #gpu.address_space<workgroup>>, %i: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    "tile.copy_async"(%source, %i, %tile) {group = 0 : i32} : (memref<100xf16>, index, memref<16xf16, #gpu.address_space<workgroup>>) -> ()
    "tile.copy_async"(%source, %i, %tile) {group = 0 : i32} : (memref<100xf16>, index, memref<16xf16, #gpu.address_space<workgroup>>) -> ()
    "tile.copy_async"(%same, %tile) {group = 0 : i32} : (memref<16xf16>, memref<16xf16, #gpu.address_space<workgroup>>) -> ()
    "tile.commit_group"() {group = 0 : i32} : () -> ()
  }
  return
}
