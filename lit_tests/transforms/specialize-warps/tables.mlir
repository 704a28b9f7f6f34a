// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps))' | FileCheck %s

// A table in shared memory, which says where copies read: nobody publishes it, each role that needs it has its own.

// Only the producer reads it, and only the producer fills it.
// CHECK-LABEL: gpu.func @table_of_addresses(
//
// CHECK: %[[PRODUCERS:.*]] = memref.alloc() : memref<16xindex, #gpu.address_space<workgroup>>
// CHECK: "tile.warp_group"() ({
// CHECK-NEXT: memref.copy %arg1, %[[PRODUCERS]] {tile.instruction = "simt", tile.reason = "not left to the producer: a copy of the loop needs its tile, so that each role has one of its own"}
// CHECK-NEXT: scf.for
// CHECK: %[[ROW:.*]] = memref.load %[[PRODUCERS]][
// CHECK-NEXT: memref.subview %arg0[%[[ROW]]]
// CHECK: tile.bulk_copy
// CHECK: }) {role = "producer"
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: scf.for
// CHECK-NOT: memref.copy %arg1
// CHECK: }) {role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!rows = memref<16xindex>
!table = memref<16xindex, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @table_of_addresses(%X: !x, %rows: !rows, %Y: !rows) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %table = memref.alloc() : !table
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %rows, %table : !rows to !table
    scf.for %k = %c0 to %c4 step %c1 {
      %row = memref.load %table[%k] : !table
      %a = memref.subview %X[%row] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// In an outer loop each fills its own anew in every round; the producer may be rounds ahead.
// CHECK-LABEL: gpu.func @table_of_each_round(
//
// CHECK: %[[PRODUCERS:.*]] = memref.alloc() : memref<16xindex, #gpu.address_space<workgroup>>
// CHECK-NEXT: %[[CONSUMERS:.*]] = memref.alloc() : memref<16xindex, #gpu.address_space<workgroup>>
// CHECK: "tile.warp_group"() ({
// CHECK-NEXT: scf.for
// CHECK: memref.copy %arg1, %[[PRODUCERS]]
// CHECK: scf.for
// CHECK: memref.load %[[PRODUCERS]][
// CHECK: role = "producer"
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: scf.for
// CHECK: memref.copy %arg1, %[[CONSUMERS]]
// CHECK: scf.for
// CHECK: memref.load %[[CONSUMERS]][%c0]
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!rows = memref<16xindex>
!table = memref<16xindex, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @table_of_each_round(%X: !x, %rows: !rows, %Y: !rows) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %table = memref.alloc() : !table
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %i = %c0 to %c4 step %c1 {
      memref.copy %rows, %table : !rows to !table
      scf.for %k = %c0 to %c4 step %c1 {
        %row = memref.load %table[%k] : !table
        %a = memref.subview %X[%row] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
        memref.copy %S, %F : !tile to !frag
      } {tile.num_stages = 2 : i32}
      %first = memref.load %table[%c0] : !table
      memref.store %first, %Y[%c0] : !rows
    }
    gpu.return
  }
}
