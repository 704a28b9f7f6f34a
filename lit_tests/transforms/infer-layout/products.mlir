// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file | FileCheck %s

// Rules 1, 2 and 8: accumulators, operands, swizzles.

// Two columns, four threads to 8 columns, eight rows, the row eight below, four warps. Rows of 128 bytes.
// CHECK-LABEL: gpu.func @wgmma(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 64], swizzle = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [2, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 16], threads = 128 : i32}>}
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<16x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @wgmma() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Two warp groups, each with 64 rows. Rows of 64 bytes.
// CHECK-LABEL: gpu.func @wgmma_two_warp_groups(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [128, 32], swizzle = 64 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 32], swizzle = 64 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [2, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0], [2, 128, 0]], shape = [128, 16], threads = 256 : i32}>}
!a = memref<128x32xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<128x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @wgmma_two_warp_groups() kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// 64 rows are one warp group's: the second takes the other columns. Rows of 32 bytes.
// CHECK-LABEL: gpu.func @wgmma_side_by_side(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 16], swizzle = 32 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 16], swizzle = 32 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [2, 128, 0], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 16], threads = 256 : i32}>}
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<16x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @wgmma_side_by_side() kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// One warp group takes twice 64 rows, in registers of their own.
// CHECK-LABEL: gpu.func @wgmma_repeats(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [128, 64], swizzle = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [8, 64], swizzle = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [8, 4, 0], [2, 0, 2], [4, 32, 0], [2, 0, 4]], shape = [128, 8], threads = 128 : i32}>}
!a = memref<128x64xf16, #gpu.address_space<workgroup>>
!b = memref<8x64xf16, #gpu.address_space<workgroup>>
!d = memref<128x8xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @wgmma_repeats() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Two warps along the rows, two along the columns.
// CHECK-LABEL: gpu.func @mma(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [32, 16], swizzle = 32 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 16], swizzle = 32 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [2, 64, 0], [8, 4, 0], [2, 0, 2], [2, 32, 0]], shape = [32, 16], threads = 128 : i32}>}
!a = memref<32x16xf16, #gpu.address_space<workgroup>>
!b = memref<16x16xf16, #gpu.address_space<workgroup>>
!d = memref<32x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @mma() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "mma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Rule 8: the rows are those of the buffer, whichever side the contraction is on.
// CHECK-LABEL: gpu.func @transposed_operands(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 64], swizzle = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 32], swizzle = 64 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [4, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 32], threads = 128 : i32}>}
!a = memref<16x64xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x32xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @transposed_operands() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Rows of 16 bytes are not swizzled: eight of them fall on different banks as they are.
// CHECK-LABEL: gpu.func @narrow_rows(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 16], swizzle = 32 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 8], swizzle = 0 : i32}>}
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<16x8xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @narrow_rows() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "mma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Rule 8: no matrix instruction, no swizzle; threads side by side read a column, so the rows are padded. Rows first over the threads, then columns.
// CHECK-LABEL: gpu.func @scalar(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 4 : i32, padding = 1 : i32, shape = [16, 64], swizzle = 0 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 4 : i32, padding = 1 : i32, shape = [64, 64], swizzle = 0 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}
!a = memref<16x64xf32, #gpu.address_space<workgroup>>
!b = memref<64x64xf32, #gpu.address_space<workgroup>>
!d = memref<16x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @scalar() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "scalar"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Rule 2: operand A as the instruction reads it.
// CHECK-LABEL: gpu.func @operand_a_in_registers(
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [4, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 32], threads = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 32], swizzle = 64 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [2, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 16], threads = 128 : i32}>}
!a = memref<64x32xf16, #gpu.address_space<private>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @operand_a_in_registers() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Rule 8: the stage dimension expands the layout of one stage.
// CHECK-LABEL: gpu.func @stages(
//
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, leading = 1 : i32, shape = [3, 64, 64], swizzle = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, leading = 1 : i32, shape = [3, 16, 64], swizzle = 128 : i32}>}
gpu.module @kernels {
  gpu.func @stages() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c1 = arith.constant 1 : index
    %A = memref.alloc() : memref<3x64x64xf16, #gpu.address_space<workgroup>>
    %B = memref.alloc() : memref<3x16x64xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : memref<64x16xf32, #gpu.address_space<private>>
    %a = memref.subview %A[%c1, 0, 0] [1, 64, 64] [1, 1, 1] : memref<3x64x64xf16, #gpu.address_space<workgroup>> to memref<64x64xf16, strided<[64, 1], offset: ?>, #gpu.address_space<workgroup>>
    %b = memref.subview %B[%c1, 0, 0] [1, 16, 64] [1, 1, 1] : memref<3x16x64xf16, #gpu.address_space<workgroup>> to memref<16x64xf16, strided<[64, 1], offset: ?>, #gpu.address_space<workgroup>>
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%a, %b : memref<64x64xf16, strided<[64, 1], offset: ?>, #gpu.address_space<workgroup>>, memref<16x64xf16, strided<[64, 1], offset: ?>, #gpu.address_space<workgroup>>)
      outs(%D : memref<64x16xf32, #gpu.address_space<private>>)
    gpu.return
  }
}

// -----

// Rule 8: other shared buffers are linear.
// CHECK-LABEL: gpu.func @no_product(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 64], swizzle = 0 : i32}>}
gpu.module @kernels {
  gpu.func @no_product(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : memref<16x64xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

// Rule 1: a padded layout stays padded.
// CHECK-LABEL: gpu.func @annotated_shared(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, padding = 8 : i32, shape = [16, 64], swizzle = 0 : i32}>}
gpu.module @kernels {
  gpu.func @annotated_shared(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 2 : i32, swizzle = 0 : i32, padding = 8 : i32}>} : memref<16x64xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}
