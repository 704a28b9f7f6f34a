// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 9: a fill and the copy of the part that exists are one window, if they provably are.

// What is left of both dimensions is copied into the corner of a tile of zeros.
// CHECK-LABEL: gpu.func @clipped_window(
// CHECK-NOT: linalg.fill
// CHECK: "tile.copy_in"(%arg0, %arg2, %arg3, %alloc) {pad = 0.000000e+00 : f16
// CHECK-NOT: memref.copy %subview
// CHECK: gpu.return
!memory = memref<100x60xf16>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @clipped_window(%X: !memory, %O: memref<16x32xf16>, %row: index, %column: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %pad = arith.constant 0.0 : f16
    %S = memref.alloc() : !shared
    %T = memref.alloc() : !shared
    %rows = affine.min affine_map<(i) -> (16, -i + 100)>(%row)
    %columns = affine.min affine_map<(i) -> (32, -i + 60)>(%column)
    %window = memref.subview %X[%row, %column] [%rows, %columns] [1, 1] : !memory to !part
    %corner = memref.subview %S[0, 0] [%rows, %columns] [1, 1] : !shared to !corner
    linalg.fill ins(%pad : f16) outs(%S : !shared)
    memref.copy %window, %corner : !part to !corner
    memref.copy %S, %O : !shared to memref<16x32xf16>
    gpu.return
  }
}

// -----

// The fill's value is the pad.
// CHECK-LABEL: gpu.func @pad_of_one(
// CHECK-NOT: linalg.fill
// CHECK: "tile.copy_in"(%arg0, %arg2, %arg3, %alloc) {pad = 1.000000e+00 : f16
// CHECK-NOT: memref.copy %subview
// CHECK: gpu.return
!memory = memref<100x60xf16>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @pad_of_one(%X: !memory, %O: memref<16x32xf16>, %row: index, %column: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %pad = arith.constant 1.0 : f16
    %S = memref.alloc() : !shared
    %T = memref.alloc() : !shared
    %rows = affine.min affine_map<(i) -> (16, -i + 100)>(%row)
    %columns = affine.min affine_map<(i) -> (32, -i + 60)>(%column)
    %window = memref.subview %X[%row, %column] [%rows, %columns] [1, 1] : !memory to !part
    %corner = memref.subview %S[0, 0] [%rows, %columns] [1, 1] : !shared to !corner
    linalg.fill ins(%pad : f16) outs(%S : !shared)
    memref.copy %window, %corner : !part to !corner
    memref.copy %S, %O : !shared to memref<16x32xf16>
    gpu.return
  }
}

// -----

// 99 rows are not what the source has: the last one would appear.
// CHECK-LABEL: gpu.func @wrong_extent(
// CHECK-NOT: tile.copy_in
// CHECK: linalg.fill
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK: gpu.return
!memory = memref<100x60xf16>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @wrong_extent(%X: !memory, %O: memref<16x32xf16>, %row: index, %column: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %pad = arith.constant 0.0 : f16
    %S = memref.alloc() : !shared
    %T = memref.alloc() : !shared
    %rows = affine.min affine_map<(i) -> (16, -i + 99)>(%row)
    %columns = affine.min affine_map<(i) -> (32, -i + 60)>(%column)
    %window = memref.subview %X[%row, %column] [%rows, %columns] [1, 1] : !memory to !part
    %corner = memref.subview %S[0, 0] [%rows, %columns] [1, 1] : !shared to !corner
    linalg.fill ins(%pad : f16) outs(%S : !shared)
    memref.copy %window, %corner : !part to !corner
    memref.copy %S, %O : !shared to memref<16x32xf16>
    gpu.return
  }
}

// -----

// One column of the tile is never copied.
// CHECK-LABEL: gpu.func @smaller_than_the_tile(
// CHECK-NOT: tile.copy_in
// CHECK: linalg.fill
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK: gpu.return
!memory = memref<100x60xf16>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @smaller_than_the_tile(%X: !memory, %O: memref<16x32xf16>, %row: index, %column: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %pad = arith.constant 0.0 : f16
    %S = memref.alloc() : !shared
    %T = memref.alloc() : !shared
    %rows = affine.min affine_map<(i) -> (16, -i + 100)>(%row)
    %columns = affine.min affine_map<(i) -> (31, -i + 60)>(%column)
    %window = memref.subview %X[%row, %column] [%rows, %columns] [1, 1] : !memory to !part
    %corner = memref.subview %S[0, 0] [%rows, %columns] [1, 1] : !shared to !corner
    linalg.fill ins(%pad : f16) outs(%S : !shared)
    memref.copy %window, %corner : !part to !corner
    memref.copy %S, %O : !shared to memref<16x32xf16>
    gpu.return
  }
}

// -----

// The columns are clipped by another offset.
// CHECK-LABEL: gpu.func @wrong_offset(
// CHECK-NOT: tile.copy_in
// CHECK: linalg.fill
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK: gpu.return
!memory = memref<100x60xf16>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @wrong_offset(%X: !memory, %O: memref<16x32xf16>, %row: index, %column: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %pad = arith.constant 0.0 : f16
    %S = memref.alloc() : !shared
    %T = memref.alloc() : !shared
    %rows = affine.min affine_map<(i) -> (16, -i + 100)>(%row)
    %columns = affine.min affine_map<(i) -> (32, -i + 60)>(%row)
    %window = memref.subview %X[%row, %column] [%rows, %columns] [1, 1] : !memory to !part
    %corner = memref.subview %S[0, 0] [%rows, %columns] [1, 1] : !shared to !corner
    linalg.fill ins(%pad : f16) outs(%S : !shared)
    memref.copy %window, %corner : !part to !corner
    memref.copy %S, %O : !shared to memref<16x32xf16>
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @not_the_corner(
// CHECK-NOT: tile.copy_in
// CHECK: linalg.fill
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK: gpu.return
!memory = memref<100x60xf16>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @not_the_corner(%X: !memory, %O: memref<16x32xf16>, %row: index, %column: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %pad = arith.constant 0.0 : f16
    %S = memref.alloc() : !shared
    %T = memref.alloc() : !shared
    %rows = affine.min affine_map<(i) -> (16, -i + 100)>(%row)
    %columns = affine.min affine_map<(i) -> (32, -i + 60)>(%column)
    %window = memref.subview %X[%row, %column] [%rows, %columns] [1, 1] : !memory to !part
    %corner = memref.subview %S[1, 0] [%rows, %columns] [1, 1] : !shared to memref<?x?xf16, strided<[32, 1], offset: 32>, #gpu.address_space<workgroup>>
    linalg.fill ins(%pad : f16) outs(%S : !shared)
    memref.copy %window, %corner : !part to memref<?x?xf16, strided<[32, 1], offset: 32>, #gpu.address_space<workgroup>>
    memref.copy %S, %O : !shared to memref<16x32xf16>
    gpu.return
  }
}

// -----

// The zeros are read before the copy.
// CHECK-LABEL: gpu.func @used_in_between(
// CHECK-NOT: tile.copy_in
// CHECK: linalg.fill
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK: gpu.return
!memory = memref<100x60xf16>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @used_in_between(%X: !memory, %O: memref<16x32xf16>, %row: index, %column: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %pad = arith.constant 0.0 : f16
    %S = memref.alloc() : !shared
    %T = memref.alloc() : !shared
    %rows = affine.min affine_map<(i) -> (16, -i + 100)>(%row)
    %columns = affine.min affine_map<(i) -> (32, -i + 60)>(%column)
    %window = memref.subview %X[%row, %column] [%rows, %columns] [1, 1] : !memory to !part
    %corner = memref.subview %S[0, 0] [%rows, %columns] [1, 1] : !shared to !corner
    linalg.fill ins(%pad : f16) outs(%S : !shared)
    memref.copy %S, %O : !shared to memref<16x32xf16>
    memref.copy %window, %corner : !part to !corner
    memref.copy %S, %O : !shared to memref<16x32xf16>
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @another_tile(
// CHECK-NOT: tile.copy_in
// CHECK: linalg.fill
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK: gpu.return
!memory = memref<100x60xf16>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!part = memref<?x?xf16, strided<[60, 1], offset: ?>>
!corner = memref<?x?xf16, strided<[32, 1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @another_tile(%X: !memory, %O: memref<16x32xf16>, %row: index, %column: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %pad = arith.constant 0.0 : f16
    %S = memref.alloc() : !shared
    %T = memref.alloc() : !shared
    %rows = affine.min affine_map<(i) -> (16, -i + 100)>(%row)
    %columns = affine.min affine_map<(i) -> (32, -i + 60)>(%column)
    %window = memref.subview %X[%row, %column] [%rows, %columns] [1, 1] : !memory to !part
    %corner = memref.subview %S[0, 0] [%rows, %columns] [1, 1] : !shared to !corner
    linalg.fill ins(%pad : f16) outs(%T : !shared)
    memref.copy %window, %corner : !part to !corner
    memref.copy %S, %O : !shared to memref<16x32xf16>
    gpu.return
  }
}
