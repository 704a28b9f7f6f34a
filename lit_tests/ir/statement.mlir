// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// A statement keeps its body, guards inside it, and its schedule; two equal ones stay two, and guards never merge.
// CHECK-LABEL: func.func @statement
// CHECK: scf.for
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if
// CHECK: memref.copy
// CHECK: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32} : () -> ()
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if
// CHECK: memref.copy
// CHECK: }) {group = -1 : i32, order = 1 : i32, stage = 2 : i32} : () -> ()
// CHECK: tile.num_stages = 3 : i32
func.func @statement(%source: memref<16xf16>, %tile: memref<16xf16, #gpu.address_space<workgroup>>, %guard: i1, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    "tile.statement"() ({
      scf.if %guard {
        memref.copy %source, %tile : memref<16xf16> to memref<16xf16, #gpu.address_space<workgroup>>
      }
    }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
    "tile.statement"() ({
      scf.if %guard {
        memref.copy %source, %tile : memref<16xf16> to memref<16xf16, #gpu.address_space<workgroup>>
      }
    }) {stage = 2 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
  } {tile.num_stages = 3 : i32}
  return
}
