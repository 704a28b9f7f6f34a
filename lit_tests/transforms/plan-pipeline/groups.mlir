// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 4: asynchronous groups.

// Two copies of one last use are one group.
// CHECK-LABEL: gpu.func @one_last_use_one_group(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: linalg.add
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_last_use_one_group(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %T : !win to !tile
      linalg.add ins(%S, %T : !tile, !tile) outs(%F : !frag)
    } {tile.num_stages = 3 : i32}
    gpu.return
  }
}

// -----

// Two last uses are two groups; each copy follows its own, so they do not stand together.
// CHECK-LABEL: gpu.func @two_last_uses_two_groups(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview_3, %alloc_0 {
// CHECK-NEXT: }) {group = 1 : i32, order = 3 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_1 {
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 3 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc_0, %alloc_2 {
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 3 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @two_last_uses_two_groups(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %T : !win to !tile
      memref.copy %S, %F : !tile to !frag
      memref.copy %T, %G : !tile to !frag
    } {tile.num_stages = 3 : i32}
    gpu.return
  }
}

// -----

// One copy of the group is guarded, one is not.
// CHECK-LABEL: gpu.func @guard_does_not_split_a_group(
// CHECK: memref.copy %subview, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: scf.if %arg2 {
// CHECK-NEXT: memref.copy %subview_2, %alloc_0 {
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: scf.if %arg2 {
// CHECK-NEXT: linalg.add
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @guard_does_not_split_a_group(%X: !x, %Y: !x, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.if %guard {
        memref.copy %b, %T : !win to !tile
        linalg.add ins(%S, %T : !tile, !tile) outs(%F : !frag)
      }
    } {tile.num_stages = 3 : i32}
    gpu.return
  }
}

// -----

// A loop that loads global memory into shared memory runs ahead too, element by element: it is in no group.
// CHECK-LABEL: gpu.func @synchronous_copy_has_no_group(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: scf.forall
// CHECK: }) {group = -1 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.copy {{.*}}tile.instruction = "cp_async"
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: linalg.add
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!converted = memref<16xf16, #gpu.address_space<workgroup>>
!source = memref<16xf32, strided<[1], offset: ?>>
gpu.module @kernels {
  gpu.func @synchronous_copy_has_no_group(%X: memref<256xf32>, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !converted
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : memref<256xf32> to !source
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      scf.forall (%i) in (16) {
        %v = memref.load %a[%i] : !source
        %h = arith.truncf %v : f32 to f16
        memref.store %h, %S[%i] : !converted
      }
      memref.copy %b, %T : !win to !tile
      linalg.add ins(%S, %T : !converted, !tile) outs(%F : !frag)
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}
