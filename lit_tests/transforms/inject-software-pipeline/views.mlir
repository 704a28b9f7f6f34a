// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file | FileCheck %s

// Rule 1: views of a versioned buffer become views of a version, their layouts included.

// CHECK-LABEL: gpu.func @subview(
//
// CHECK: scf.for
// CHECK: %[[V:.*]] = memref.subview %alloc[%{{.*}}, 0, 0] [1, 4, 8] [1, 1, 1] : memref<2x4x8xf16, #gpu.address_space<workgroup>> to memref<4x8xf16, strided<[8, 1], offset: ?>, #gpu.address_space<workgroup>>
// CHECK: %[[V:.*]] = memref.subview %alloc[%{{.*}}, 0, 0] [1, 4, 8] [1, 1, 1]
// CHECK-NEXT: %[[VIEW:.*]] = memref.subview %[[V]][1, 0] [2, 8] [1, 1] : memref<4x8xf16, strided<[8, 1], offset: ?>, #gpu.address_space<workgroup>> to memref<2x8xf16, strided<[8, 1], offset: ?>, #gpu.address_space<workgroup>>
// CHECK-NEXT: memref.copy %[[VIEW]], %alloc_0
!matrix16 = memref<64x8xf16>
!window8 = memref<4x8xf16, strided<[8, 1], offset: ?>>
!grid = memref<4x8xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @subview(%X: !matrix16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !grid
    %F = memref.alloc() : memref<2x8xf16, #gpu.address_space<private>>
    %view = memref.subview %S[1, 0] [2, 8] [1, 1] : !grid to memref<2x8xf16, strided<[8, 1], offset: 8>, #gpu.address_space<workgroup>>
    scf.for %k = %c0 to %c64 step %c4 {
      %a = memref.subview %X[%k, 0] [4, 8] [1, 1] : !matrix16 to !window8
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !window8 to !grid
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %view, %F : memref<2x8xf16, strided<[8, 1], offset: 8>, #gpu.address_space<workgroup>> to memref<2x8xf16, #gpu.address_space<private>>
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @collapse(
//
// CHECK: scf.for
// CHECK: "tile.wait_group"
// CHECK: %[[V:.*]] = memref.subview %alloc[%{{.*}}, 0, 0] [1, 4, 8] [1, 1, 1]
// CHECK-NEXT: %[[VIEW:.*]] = memref.collapse_shape %[[V]] {{\[}}[0, 1]] : memref<4x8xf16, strided<[8, 1], offset: ?>, #gpu.address_space<workgroup>> into memref<32xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
// CHECK-NEXT: memref.copy %[[VIEW]], %alloc_0
!matrix16 = memref<64x8xf16>
!window8 = memref<4x8xf16, strided<[8, 1], offset: ?>>
!grid = memref<4x8xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @collapse(%X: !matrix16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !grid
    %F = memref.alloc() : memref<32xf16, #gpu.address_space<private>>
    %view = memref.collapse_shape %S [[0, 1]] : !grid into memref<32xf16, #gpu.address_space<workgroup>>
    scf.for %k = %c0 to %c64 step %c4 {
      %a = memref.subview %X[%k, 0] [4, 8] [1, 1] : !matrix16 to !window8
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !window8 to !grid
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %view, %F : memref<32xf16, #gpu.address_space<workgroup>> to memref<32xf16, #gpu.address_space<private>>
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @expand(
//
// CHECK: scf.for
// CHECK: "tile.wait_group"
// CHECK: %[[V:.*]] = memref.subview %alloc[%{{.*}}, 0, 0] [1, 4, 8] [1, 1, 1]
// CHECK-NEXT: %[[VIEW:.*]] = memref.expand_shape %[[V]] {{\[}}[0, 1], [2]] output_shape [2, 2, 8] : memref<4x8xf16, strided<[8, 1], offset: ?>, #gpu.address_space<workgroup>> into memref<2x2x8xf16, strided<[16, 8, 1], offset: ?>, #gpu.address_space<workgroup>>
// CHECK-NEXT: memref.copy %[[VIEW]], %alloc_0
!matrix16 = memref<64x8xf16>
!window8 = memref<4x8xf16, strided<[8, 1], offset: ?>>
!grid = memref<4x8xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @expand(%X: !matrix16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !grid
    %F = memref.alloc() : memref<2x2x8xf16, #gpu.address_space<private>>
    %view = memref.expand_shape %S [[0, 1], [2]] output_shape [2, 2, 8] : !grid into memref<2x2x8xf16, #gpu.address_space<workgroup>>
    scf.for %k = %c0 to %c64 step %c4 {
      %a = memref.subview %X[%k, 0] [4, 8] [1, 1] : !matrix16 to !window8
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !window8 to !grid
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %view, %F : memref<2x2x8xf16, #gpu.address_space<workgroup>> to memref<2x2x8xf16, #gpu.address_space<private>>
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @cast(
//
// CHECK: scf.for
// CHECK: "tile.wait_group"
// CHECK: %[[V:.*]] = memref.subview %alloc[%{{.*}}, 0, 0] [1, 4, 8] [1, 1, 1]
// CHECK: memref.copy %{{.*}}, %alloc_0
// CHECK-NEXT: } {tile.pipeline_depth = 1 : i32}
!matrix16 = memref<64x8xf16>
!window8 = memref<4x8xf16, strided<[8, 1], offset: ?>>
!grid = memref<4x8xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @cast(%X: !matrix16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !grid
    %F = memref.alloc() : memref<4x8xf16, #gpu.address_space<private>>
    %view = memref.cast %S : !grid to memref<4x8xf16, strided<[8, 1], offset: ?>, #gpu.address_space<workgroup>>
    scf.for %k = %c0 to %c64 step %c4 {
      %a = memref.subview %X[%k, 0] [4, 8] [1, 1] : !matrix16 to !window8
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !window8 to !grid
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %view, %F : memref<4x8xf16, strided<[8, 1], offset: ?>, #gpu.address_space<workgroup>> to memref<4x8xf16, #gpu.address_space<private>>
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}
