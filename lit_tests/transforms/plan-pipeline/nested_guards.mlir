// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 1: nested guards.

// Both guards go with each statement, the outer one outside.
// CHECK-LABEL: gpu.func @nested_guards_are_split(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg1 {
// CHECK-NEXT: scf.if %arg2 {
// CHECK-NEXT: memref.copy %{{.*}}, %alloc {
// CHECK-NEXT: }
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg1 {
// CHECK-NEXT: scf.if %arg2 {
// CHECK-NEXT: memref.copy %alloc, %{{.*}} {
// CHECK-NEXT: }
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @nested_guards_are_split(%X: !x, %outer: i1, %inner: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      scf.if %outer {
        scf.if %inner {
          memref.copy %a, %S : !win to !tile
          memref.copy %S, %F : !tile to !frag
        }
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// The inner condition is arithmetic of the outer guard: it moves in front, and an explicit schedule reaches through both.
// CHECK-LABEL: gpu.func @condition_computed_in_the_outer_guard(
// CHECK: scf.for
// CHECK: %[[EVEN:.*]] = arith.cmpi slt
// CHECK: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg1 {
// CHECK-NEXT: scf.if %[[EVEN]] {
// CHECK-NEXT: memref.copy
// CHECK: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.if %arg1 {
// CHECK-NEXT: scf.if %[[EVEN]] {
// CHECK-NEXT: memref.copy
// CHECK: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @condition_computed_in_the_outer_guard(%X: !x, %outer: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      scf.if %outer {
        %early = arith.cmpi slt, %k, %c32 : index
        scf.if %early {
          memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
          memref.copy %S, %F {tile.stage = 1 : i32, tile.order = 1 : i32} : !tile to !frag
        }
      }
    }
    gpu.return
  }
}
