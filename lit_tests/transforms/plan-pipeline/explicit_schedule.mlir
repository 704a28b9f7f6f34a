// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 5: an explicit schedule is taken as it is.

// Stages and orders stand; the copies get a group; the attributes go.
// CHECK-LABEL: gpu.func @taken_as_it_is(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview, %alloc {tile.instruction = "cp_async", tile.reason = {{.*}}}
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_0 {tile.instruction = "simt", tile.reason = {{.*}}}
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @taken_as_it_is(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 1 : i32} : !win to !tile
      memref.copy %S, %F {tile.stage = 2 : i32, tile.order = 0 : i32} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Stages need not start at 0, nor orders follow one another.
// CHECK-LABEL: gpu.func @gaps_and_offsets(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = 0 : i32, order = 7 : i32, stage = 3 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = -1 : i32, order = 9 : i32, stage = 4 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @gaps_and_offsets(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 3 : i32, tile.order = 7 : i32} : !win to !tile
      memref.copy %S, %F {tile.stage = 4 : i32, tile.order = 9 : i32} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Within a step the user may stand before the copy of the next iteration.
// CHECK-LABEL: gpu.func @user_first_in_the_step(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @user_first_in_the_step(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 1 : i32} : !win to !tile
      memref.copy %S, %F {tile.stage = 1 : i32, tile.order = 0 : i32} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Two copies into one tile under guards that exclude each other are one copy, of the one or the other.
// CHECK-LABEL: gpu.func @one_of_two_copies(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: scf.if
// CHECK: }) {group = -1 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: scf.if
// CHECK: }) {group = -1 : i32, order = 1 : i32, stage = 0 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_of_two_copies(%X: !x, %Y: !x, %first: i1, %second: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %half = arith.constant 0.5 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      scf.if %first {
        memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      }
      scf.if %second {
        memref.copy %b, %S {tile.stage = 0 : i32, tile.order = 1 : i32} : !win to !tile
      }
      linalg.fill {tile.stage = 1 : i32, tile.order = 2 : i32} ins(%half : f16) outs(%F : !frag)
    } {tile.strategy = "async"}
    gpu.return
  }
}
