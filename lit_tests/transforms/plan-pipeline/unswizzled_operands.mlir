// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --split-input-file | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --tile-infer-layout --split-input-file | FileCheck %s --check-prefix=LAYOUT
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --tile-infer-layout --tile-infer-layout --split-input-file | FileCheck %s --check-prefix=LAYOUT

// wgmma reads a tile whose rows a swizzle of 32 bytes divides, or whose rows have 16; any other tile is multiplied by mma.
// What layout inference gives each tile, it accepts as an annotation.

// CHECK-LABEL: gpu.func @rows_of_48_bytes(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: the rows of B have 48 bytes, which no swizzle divides"
// LAYOUT-LABEL: gpu.func @rows_of_48_bytes(
// LAYOUT: #tile.shared<{{.*}}shape = [64, 24]
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x24xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @rows_of_48_bytes() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : memref<64x24xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, memref<64x24xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @rows_of_16_bytes(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// LAYOUT-LABEL: gpu.func @rows_of_16_bytes(
// LAYOUT: #tile.shared<{{.*}}shape = [64, 8], swizzle = 0 : i32
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @rows_of_16_bytes() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : memref<64x8xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, memref<64x8xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @rows_of_32_bytes(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// LAYOUT-LABEL: gpu.func @rows_of_32_bytes(
// LAYOUT: #tile.shared<{{.*}}shape = [64, 16], swizzle = 32 : i32
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @rows_of_32_bytes() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : memref<64x16xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, memref<64x16xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @a_part_of_the_columns(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: B is not made of whole rows of its buffer"
// LAYOUT-LABEL: gpu.func @a_part_of_the_columns(
// LAYOUT: #tile.shared<{{.*}}shape = [64, 128]
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_part_of_the_columns() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %whole = memref.alloc() : memref<64x128xf16, #gpu.address_space<workgroup>>
    %B = memref.subview %whole[0, 64] [64, 64] [1, 1] : memref<64x128xf16, #gpu.address_space<workgroup>> to memref<64x64xf16, strided<[128, 1], offset: 64>, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, memref<64x64xf16, strided<[128, 1], offset: 64>, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @every_fourth_row(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: B is not made of whole rows of its buffer"
// LAYOUT-LABEL: gpu.func @every_fourth_row(
// LAYOUT: #tile.shared<{{.*}}shape = [64, 4, 64], swizzle = 128 : i32
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @every_fourth_row() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %whole = memref.alloc() : memref<64x4x64xf16, #gpu.address_space<workgroup>>
    %B = memref.subview %whole[0, 1, 0] [64, 1, 64] [1, 1, 1] : memref<64x4x64xf16, #gpu.address_space<workgroup>> to memref<64x64xf16, strided<[256, 1], offset: 64>, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, memref<64x64xf16, strided<[256, 1], offset: 64>, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @a_stage(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// LAYOUT-LABEL: gpu.func @a_stage(
// LAYOUT: #tile.shared<{{.*}}shape = [4, 64, 64], swizzle = 128 : i32
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_stage() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %whole = memref.alloc() : memref<4x64x64xf16, #gpu.address_space<workgroup>>
    %B = memref.subview %whole[1, 0, 0] [1, 64, 64] [1, 1, 1] : memref<4x64x64xf16, #gpu.address_space<workgroup>> to memref<64x64xf16, strided<[64, 1], offset: 4096>, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, memref<64x64xf16, strided<[64, 1], offset: 4096>, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @seen_as_another_shape(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: the buffer of B is seen as another shape, so it is linear"
// LAYOUT-LABEL: gpu.func @seen_as_another_shape(
// LAYOUT: #tile.shared<{{.*}}shape = [4, 16, 64], swizzle = 0 : i32
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @seen_as_another_shape() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %whole = memref.alloc() : memref<4x16x64xf16, #gpu.address_space<workgroup>>
    %B = memref.collapse_shape %whole [[0, 1], [2]] : memref<4x16x64xf16, #gpu.address_space<workgroup>> into memref<64x64xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, memref<64x64xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

// One product reads the whole tile by descriptors, another a part of it: it is swizzled for the first.
// CHECK-LABEL: gpu.func @whole_and_part(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma"
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: B is not made of whole rows of its buffer"
// LAYOUT-LABEL: gpu.func @whole_and_part(
// LAYOUT: #tile.shared<{{.*}}shape = [64, 128], swizzle = 128 : i32
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x128xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @whole_and_part() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : memref<64x128xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, memref<64x128xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    %part = memref.subview %B[0, 64] [64, 64] [1, 1] : memref<64x128xf16, #gpu.address_space<workgroup>> to memref<64x64xf16, strided<[128, 1], offset: 64>, #gpu.address_space<workgroup>>
    %E = memref.alloc() : memref<64x64xf32, #gpu.address_space<private>>
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %part : !a, memref<64x64xf16, strided<[128, 1], offset: 64>, #gpu.address_space<workgroup>>) outs(%E : memref<64x64xf32, #gpu.address_space<private>>)
    gpu.return
  }
}

// -----

// A part of a fragment moves to shared memory, and what it is a part of is no more swizzled there.
// CHECK-LABEL: gpu.func @a_part_of_a_fragment(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: A is not made of whole rows of its buffer"
// LAYOUT-LABEL: gpu.func @a_part_of_a_fragment(
// LAYOUT: #tile.shared<{{.*}}padding = 8 : i32, shape = [64, 128]
!f = memref<64x128xf16, #gpu.address_space<private>>
!part = memref<64x64xf16, strided<[128, 1]>, #gpu.address_space<private>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_part_of_a_fragment() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    %A = memref.subview %F[0, 0] [64, 64] [1, 1] : !f to !part
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !part, !b) outs(%D : !d)
    gpu.return
  }
}
