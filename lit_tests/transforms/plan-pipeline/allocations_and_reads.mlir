// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 1: allocations move before the loop, the outermost one that gets a pipeline.

// CHECK-LABEL: gpu.func @a_tile_of_the_inner_loop(
// CHECK: memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
// CHECK: memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
// CHECK: memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT: scf.for
// CHECK-NOT: memref.alloc
// CHECK: tile.num_stages = 3
// CHECK: tile.num_stages = 2
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_tile_of_the_inner_loop(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %F = memref.alloc() : !frag
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    scf.for %m = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%m] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.for %k = %c0 to %c64 step %c16 {
        %U = memref.alloc() : !tile
        %b = memref.subview %Y[%k] [16] [1] : !x to !win
        memref.copy %b, %T : !win to !tile
        linalg.add ins(%S, %T : !tile, !tile) outs(%U : !tile)
        memref.copy %U, %F : !tile to !frag
      } {tile.num_stages = 3 : i32}
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A read of what the loop writes stands in each statement that uses it, under the guard that it stood in, and nowhere else.
// CHECK-LABEL: gpu.func @a_read_in_a_guard(
// CHECK: scf.for
// CHECK: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg2 {
// CHECK-NEXT: %[[FIRST:.*]] = memref.load
// CHECK-NEXT: memref.store %[[FIRST]], %arg1[%c0]
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg2 {
// CHECK-NEXT: %[[AGAIN:.*]] = memref.load
// CHECK-NEXT: memref.store %[[AGAIN]], %arg1[%c16]
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 1 : i32}
// CHECK-NEXT: } {tile.num_stages = 2
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @a_read_in_a_guard(%X: !x, %Y: !x, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.if %guard {
        %first = memref.load %S[%c0] : !tile
        memref.store %first, %Y[%c0] : !x
        memref.store %first, %Y[%c16] : !x
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
