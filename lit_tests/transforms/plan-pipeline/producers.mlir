// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 3: what a copy needs runs ahead with it.

// The table that a copy is addressed by is copied at stage 0 too, by the threads: its copy is read in the same step.
// CHECK-LABEL: gpu.func @index_table(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %{{.*}}, %[[TABLE:.*]] {tile.instruction = "simt", tile.reason = "nothing waits for it as a group: it is used in the step in which it is made"}
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: %[[ROW:.*]] = memref.load %[[TABLE]][%c0]
// CHECK-NEXT: %[[WINDOW:.*]] = memref.subview %arg0[%[[ROW]]]
// CHECK-NEXT: memref.copy %[[WINDOW]], %{{.*}} {tile.instruction = "cp_async"
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!rows = memref<4xindex, strided<[1], offset: ?>>
!table = memref<4xindex, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @index_table(%X: !x, %rows: memref<256xindex>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !table
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %r = memref.subview %rows[%k] [4] [1] : memref<256xindex> to !rows
      memref.copy %r, %T : !rows to !table
      %row = memref.load %T[%c0] : !table
      %a = memref.subview %X[%row] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 3 : i32}
    gpu.return
  }
}

// -----

// The fill of a tile runs ahead with the copy of a part of it.
// CHECK-LABEL: gpu.func @fill_before_a_part(
// CHECK: linalg.fill
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: memref.copy %{{.*}} {tile.instruction = "cp_async"
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: memref.copy
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<8xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!part = memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fill_before_a_part(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %half = arith.constant 0.5 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [8] [1] : !x to !win
      linalg.fill ins(%half : f16) outs(%S : !tile)
      %s = memref.subview %S[0] [8] [1] : !tile to !part
      memref.copy %a, %s : !win to !part
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A table that the iteration before has computed from the tile holds the copy back: nothing runs ahead.
// CHECK-LABEL: gpu.func @table_from_the_tile(
// CHECK-NOT: tile.statement
!x = memref<256xi32>
!win = memref<16xi32, strided<[1], offset: ?>>
!tile = memref<16xi32, #gpu.address_space<workgroup>>
!frag = memref<16xi32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @table_from_the_tile(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0 : i32
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : i32) outs(%F : !frag)
    scf.for %k = %c0 to %c64 step %c16 {
      %row = memref.load %F[%c0] : !frag
      %i = arith.index_cast %row : i32 to index
      %a = memref.subview %X[%i] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      linalg.add ins(%S, %F : !tile, !frag) outs(%F : !frag)
      memref.store %row, %O[%k] : !x
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
