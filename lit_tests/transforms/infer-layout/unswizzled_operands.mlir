// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-infer-layout --split-input-file --verify-diagnostics

// A product whose instruction the input names, and an operand that can have no layout which that instruction reads.

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x24xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @rows_of_48_bytes() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : memref<64x24xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    // expected-error@+1 {{'linalg.matmul' cannot be laid out: tile.instruction is wgmma: the rows of B have 48 bytes, which no swizzle divides}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, memref<64x24xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @rows_of_16_bytes() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : memref<64x8xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, memref<64x8xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @rows_of_32_bytes() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : memref<64x16xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, memref<64x16xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_part_of_the_columns() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %whole = memref.alloc() : memref<64x128xf16, #gpu.address_space<workgroup>>
    %B = memref.subview %whole[0, 64] [64, 64] [1, 1] : memref<64x128xf16, #gpu.address_space<workgroup>> to memref<64x64xf16, strided<[128, 1], offset: 64>, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    // expected-error@+1 {{'linalg.matmul' cannot be laid out: tile.instruction is wgmma: B is not made of whole rows of its buffer}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, memref<64x64xf16, strided<[128, 1], offset: 64>, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @every_fourth_row() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %whole = memref.alloc() : memref<64x4x64xf16, #gpu.address_space<workgroup>>
    %B = memref.subview %whole[0, 1, 0] [64, 1, 64] [1, 1, 1] : memref<64x4x64xf16, #gpu.address_space<workgroup>> to memref<64x64xf16, strided<[256, 1], offset: 64>, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    // expected-error@+1 {{'linalg.matmul' cannot be laid out: tile.instruction is wgmma: B is not made of whole rows of its buffer}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, memref<64x64xf16, strided<[256, 1], offset: 64>, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

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
      {tile.instruction = "wgmma"} ins(%A, %B : !a, memref<64x64xf16, strided<[64, 1], offset: 4096>, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @seen_as_another_shape() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %whole = memref.alloc() : memref<4x16x64xf16, #gpu.address_space<workgroup>>
    %B = memref.collapse_shape %whole [[0, 1], [2]] : memref<4x16x64xf16, #gpu.address_space<workgroup>> into memref<64x64xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : !d
    // expected-error@+1 {{'linalg.matmul' cannot be laid out: tile.instruction is wgmma: the buffer of B is seen as another shape, so it is linear}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, memref<64x64xf16, #gpu.address_space<workgroup>>) outs(%D : !d)
    gpu.return
  }
}
