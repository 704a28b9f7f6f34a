// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 1: what is a statement, what is a bind, what is a guard.

// Pure operations, and a read of a table that the loop does not write, stand outside the statements.
// CHECK-LABEL: gpu.func @binds_take_no_slot(
// CHECK: scf.for
// CHECK-NEXT: %[[ROW:.*]] = memref.load
// CHECK-NEXT: %[[OFFSET:.*]] = affine.apply {{.*}}(%[[ROW]])
// CHECK-NEXT: %[[WINDOW:.*]] = memref.subview %arg0[%[[OFFSET]]]
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.copy %[[WINDOW]], %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_0 {
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: } {tile.num_stages = 2 : i32,
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!table = memref<16xindex>
#times16 = affine_map<(i) -> (i * 16)>
gpu.module @kernels {
  gpu.func @binds_take_no_slot(%X: !x, %table: !table) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c4 step %c1 {
      %row = memref.load %table[%k] : !table
      %offset = affine.apply #times16(%row)
      %a = memref.subview %X[%offset] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A guard is split: each statement gets its own copy of it, with the binds that it needs.
// CHECK-LABEL: gpu.func @guard_is_split(
// CHECK: scf.for
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg1 {
// CHECK-NEXT: %[[WINDOW:.*]] = memref.subview
// CHECK-NEXT: memref.copy %[[WINDOW]], %alloc {
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg1 {
// CHECK-NEXT: memref.copy %alloc, %{{.*}} {
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: } {tile.num_stages = 2 : i32,
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @guard_is_split(%X: !x, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      scf.if %guard {
        %a = memref.subview %X[%k] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
        memref.copy %S, %F : !tile to !frag
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// An `scf.if` with an else is a statement, not a guard.
// CHECK-LABEL: gpu.func @if_with_else_is_one_statement(
// CHECK: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg1 {
// CHECK-NEXT: memref.copy %alloc
// CHECK-NEXT: } else {
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: } {tile.num_stages = 2 : i32,
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @if_with_else_is_one_statement(%X: !x, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.if %guard {
        memref.copy %S, %F : !tile to !frag
      } else {
        linalg.fill ins(%zero : f16) outs(%F : !frag)
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// An allocation of the loop's body stands before the loop.
// CHECK-LABEL: gpu.func @allocation_moves_before_the_loop(
// CHECK: %[[TILE:.*]] = memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT: scf.for
// CHECK-NEXT: memref.subview
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.copy %{{.*}}, %[[TILE]] {
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!x16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @allocation_moves_before_the_loop(%X: !x, %F: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %S = memref.alloc() : !tile
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !x16
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Only a loop that asks for a pipeline gets one; its copies still get an instruction, without a barrier a synchronous one.
// CHECK-LABEL: gpu.func @loop_without_request_stays(
// CHECK: scf.for
// CHECK-NEXT: memref.subview
// CHECK-NEXT: memref.copy {{.*}}tile.instruction = "simt"
// CHECK-NEXT: memref.copy {{.*}}tile.instruction = "simt"
// CHECK-NEXT: }
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!x16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @loop_without_request_stays(%X: !x, %F: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !x16
    }
    gpu.return
  }
}
