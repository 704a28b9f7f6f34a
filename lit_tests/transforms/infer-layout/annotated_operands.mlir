// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-infer-layout --split-input-file --verify-diagnostics

// A product whose instruction the input names, and which cannot read the layout of an operand, or the order of its dimensions.

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @padded_operand() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-note@+1 {{its layout is given here: #tile.shared<}}
    %A = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], padding = 8 : i32, swizzle = 0 : i32}>} : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    // expected-error-re@+1 {{'linalg.matmul' reads memref<64x64xf16, #gpu.address_space<workgroup>> of {{.*}} as its operand A by tile.instruction wgmma, which cannot read its annotated layout: swizzle it by 32, 64 or 128 bytes, or leave its layout to layout inference}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @linear_operand_across() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    // expected-note@+1 {{its layout is given here: #tile.shared<}}
    %B = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 0 : i32}>} : !b
    %D = memref.alloc() : !d
    // expected-error-re@+1 {{'linalg.matmul' reads memref<64x64xf16, #gpu.address_space<workgroup>> of {{.*}} as its operand B by tile.instruction wgmma, which cannot read its annotated layout: swizzle it by 32, 64 or 128 bytes, or leave its layout to layout inference}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @other_xor() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    // expected-note@+1 {{its layout is given here: #tile.shared<}}
    %B = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], digits = [[8, 1], [8, 8], [8, 64], [8, 512]], swizzle = 0 : i32, xors = [[1, 3]]}>} : !b
    %D = memref.alloc() : !d
    // expected-error-re@+1 {{'linalg.matmul' reads memref<64x64xf16, #gpu.address_space<workgroup>> of {{.*}} as its operand B by tile.instruction wgmma, which cannot read its annotated layout: swizzle it by 32, 64 or 128 bytes, or leave its layout to layout inference}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @swizzled_operands() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 32 : i32}>} : !a
    %B = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 128 : i32}>} : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Eight-bit operands have the contraction innermost.
!a = memref<64x64xf8E4M3FN, #gpu.address_space<workgroup>>
!b = memref<64x64xf8E4M3FN, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fp8_across() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    // expected-error@+1 {{'linalg.matmul' cannot be laid out: tile.instruction is wgmma: f8E4M3FN operands must have the contraction innermost}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @mma_reads_any() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], padding = 8 : i32, swizzle = 0 : i32}>} : !a
    %B = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 0 : i32}>} : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "mma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}
