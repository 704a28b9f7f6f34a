// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// Warp groups keep their order, roles, warps and registers; nothing crosses from one into another.
// CHECK-LABEL: func.func @specialize
// CHECK: "tile.specialize"() ({
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK: memref.store
// CHECK: }) {registers = 40 : i32, role = "producer", warps = 4 : i32} : () -> ()
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK: memref.store
// CHECK: }) {role = "consumer", warps = 8 : i32} : () -> ()
// CHECK-NEXT: }) : () -> ()
func.func @specialize(%tile: memref<16xf16, #gpu.address_space<workgroup>>, %value: f16) {
  %c0 = arith.constant 0 : index
  "tile.specialize"() ({
    "tile.warp_group"() ({
      memref.store %value, %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
    }) {role = "producer", warps = 4 : i32, registers = 40 : i32} : () -> ()
    "tile.warp_group"() ({
      memref.store %value, %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
    }) {role = "consumer", warps = 8 : i32} : () -> ()
  }) : () -> ()
  return
}
