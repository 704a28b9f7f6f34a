// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file | FileCheck %s

// Rules 3 and 4: guards, and binds that are replayed for the iteration of each statement.

// The guard goes with its statement; commit and wait stand outside it.
// CHECK-LABEL: gpu.func @guarded(
//
// CHECK: scf.if %arg1 {
// CHECK: "tile.copy_async"
// CHECK-NEXT: }
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: scf.for
// CHECK: scf.if %arg1 {
// CHECK: "tile.copy_async"
// CHECK-NEXT: }
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK: scf.if %arg1 {
// CHECK: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: } {tile.pipeline_depth = 1 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK: scf.if %arg1 {
// CHECK: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @guarded(%X: !x, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        scf.if %guard {
          memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
        }
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        scf.if %guard {
          memref.copy %S, %F : !tile to !frag
        }
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A guard that is read from a table is read again for each statement's own iteration.
// CHECK-LABEL: gpu.func @guard_of_the_iteration(
//
// CHECK: scf.for %[[T:.*]] = %c1 to %c4 step %c1 {
// CHECK: %[[K:.*]] = affine.apply #map(%[[T]])
// CHECK: %[[FLAG:.*]] = memref.load %arg1[%[[K]]]
// CHECK: %[[GUARD:.*]] = arith.cmpi ne, %[[FLAG]]
// CHECK: scf.if %[[GUARD]] {
// CHECK: "tile.copy_async"
// CHECK: "tile.commit_group"()
// CHECK: %[[I:.*]] = affine.apply #map1(%[[T]])
// CHECK: %[[KI:.*]] = affine.apply #map(%[[I]])
// CHECK: %[[FLAG1:.*]] = memref.load %arg1[%[[KI]]]
// CHECK: %[[GUARD1:.*]] = arith.cmpi ne, %[[FLAG1]]
// CHECK: scf.if %[[GUARD1]] {
// CHECK: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: } {tile.pipeline_depth = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @guard_of_the_iteration(%X: !x, %flags: memref<256xi32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %flag = memref.load %flags[%k] : memref<256xi32>
      %zero = arith.constant 0 : i32
      %guard = arith.cmpi ne, %flag, %zero : i32
      "tile.statement"() ({
        scf.if %guard {
          memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
        }
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        scf.if %guard {
          memref.copy %S, %F : !tile to !frag
        }
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Rule 3: the bind that reads the index table is replayed where the copy is, and only there.
// CHECK-LABEL: gpu.func @gather(
//
// CHECK: %[[ROW0:.*]] = memref.load %arg1[%c0]
// CHECK-NEXT: %[[OFFSET0:.*]] = affine.apply #map(%[[ROW0]])
// CHECK-NEXT: %[[A0:.*]] = memref.subview %arg0[%[[OFFSET0]]]
// CHECK-NEXT: "tile.copy_async"(%[[A0]]
// CHECK: scf.for %[[T:.*]] = %c1 to %c4 step %c1 {
// CHECK: %[[ROW:.*]] = memref.load %arg1[%[[T]]]
// CHECK-NEXT: %[[OFFSET:.*]] = affine.apply #map(%[[ROW]])
// CHECK-NEXT: %[[A:.*]] = memref.subview %arg0[%[[OFFSET]]]
// CHECK-NEXT: "tile.copy_async"(%[[A]]
// CHECK: "tile.wait_group"
// CHECK-NOT: memref.load
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!table = memref<16xindex>
#times16 = affine_map<(i) -> (i * 16)>
gpu.module @kernels {
  gpu.func @gather(%X: !x, %table: !table) kernel
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
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}
