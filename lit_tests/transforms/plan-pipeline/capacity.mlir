// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file 2>/dev/null | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file 2>/dev/null | FileCheck %s --check-prefix=SM80

// Rule 7: fewer stages where the versions do not fit into shared memory.

// A stage is one version of 32768 bytes: 7 fit into the 232448 of sm_90a, 5 into the 166912 of sm_80.
// CHECK-LABEL: gpu.func @as_many_as_fit(
// CHECK: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: }) {group = -1 : i32, order = 1 : i32, stage = 6 : i32}
// CHECK: tile.num_stages = 7 : i32
// SM80-LABEL: gpu.func @as_many_as_fit(
// SM80: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// SM80: }) {group = -1 : i32, order = 1 : i32, stage = 4 : i32}
// SM80: tile.num_stages = 5 : i32
!rows = memref<16x1024xf16, strided<[1024, 1], offset: ?>>
!large = memref<16x1024xf16, #gpu.address_space<workgroup>>
!copy = memref<16x1024xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @as_many_as_fit(%Y: memref<256x1024xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !large
    %F = memref.alloc() : !copy
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %Y[%k, 0] [16, 1024] [1, 1] : memref<256x1024xf16> to !rows
      memref.copy %a, %S : !rows to !large
      memref.copy %S, %F : !large to !copy
    } {tile.num_stages = 8 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Other shared buffers take their part: 196608 bytes leave room for one version.
// CHECK-LABEL: gpu.func @others_count(
// CHECK: tile.num_stages = 1 : i32
// SM80-LABEL: gpu.func @others_count(
// SM80: tile.num_stages = 1 : i32
!rows = memref<16x1024xf16, strided<[1024, 1], offset: ?>>
!large = memref<16x1024xf16, #gpu.address_space<workgroup>>
!copy = memref<16x1024xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @others_count(%Y: memref<256x1024xf16>, %Z: memref<98304xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !large
    %T = memref.alloc() : memref<98304xf16, #gpu.address_space<workgroup>>
    %F = memref.alloc() : !copy
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %Y[%k, 0] [16, 1024] [1, 1] : memref<256x1024xf16> to !rows
      memref.copy %a, %S : !rows to !large
      memref.copy %S, %F : !large to !copy
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    memref.copy %Z, %T : memref<98304xf16> to memref<98304xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}
