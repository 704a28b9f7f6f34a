// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file | FileCheck %s --check-prefix=SM80

// Rule 8: the instruction of a matrix product, and each reason against one.

// f16 tiles may have the contraction on either side.
// CHECK-LABEL: gpu.func @f16_nn(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @f16_nn(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!b = memref<32x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @f16_nn() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @f16_nt(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @f16_nt(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @f16_nt() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @f16_tn(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @f16_tn(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<32x64xf16, #gpu.address_space<workgroup>>
!b = memref<32x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @f16_tn() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @f16_tt(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @f16_tt(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<32x64xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @f16_tt() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @bf16_nn(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @bf16_nn(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<64x32xbf16, #gpu.address_space<workgroup>>
!b = memref<32x16xbf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @bf16_nn() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @bf16_tt(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @bf16_tt(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<32x64xbf16, #gpu.address_space<workgroup>>
!b = memref<16x32xbf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @bf16_tt() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @f16_accumulator(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @f16_accumulator(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @f16_accumulator() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @bf16_accumulator(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: it does not accumulate bf16 in bf16; no mma: it does not accumulate bf16 in bf16"
// SM80-LABEL: gpu.func @bf16_accumulator(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: it does not accumulate bf16 in bf16"
!a = memref<64x32xbf16, #gpu.address_space<workgroup>>
!b = memref<16x32xbf16, #gpu.address_space<workgroup>>
!d = memref<64x16xbf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @bf16_accumulator() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @single_precision(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: it has no f32; no mma: it has no f32"
// SM80-LABEL: gpu.func @single_precision(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: it has no f32"
!a = memref<64x32xf32, #gpu.address_space<workgroup>>
!b = memref<32x16xf32, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @single_precision() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @fp8_innermost(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @fp8_innermost(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: it has no f8E4M3FN"
!a = memref<64x32xf8E4M3FN, #gpu.address_space<workgroup>>
!b = memref<16x32xf8E4M3FN, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fp8_innermost() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @fp8_transposed(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: f8E4M3FN operands must have the contraction innermost; no mma: f8E4M3FN operands must have the contraction innermost"
// SM80-LABEL: gpu.func @fp8_transposed(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: it has no f8E4M3FN"
!a = memref<64x32xf8E4M3FN, #gpu.address_space<workgroup>>
!b = memref<32x16xf8E4M3FN, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fp8_transposed() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @integers(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @integers(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<64x32xi8, #gpu.address_space<workgroup>>
!b = memref<16x32xi8, #gpu.address_space<workgroup>>
!d = memref<64x16xi32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @integers() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @integers_transposed(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: i8 operands must have the contraction innermost; no mma: i8 operands must have the contraction innermost"
// SM80-LABEL: gpu.func @integers_transposed(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: i8 operands must have the contraction innermost"
!a = memref<32x64xi8, #gpu.address_space<workgroup>>
!b = memref<16x32xi8, #gpu.address_space<workgroup>>
!d = memref<64x16xi32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @integers_transposed() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @rows_for_mma(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: 16x16x32 is no multiple of 64x8x16"
// SM80-LABEL: gpu.func @rows_for_mma(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<16x32xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<16x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @rows_for_mma() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @odd_rows(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: 15x16x32 is no multiple of 64x8x16; no mma: 15x16x32 is no multiple of 16x8x16"
// SM80-LABEL: gpu.func @odd_rows(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: 15x16x32 is no multiple of 16x8x16"
!a = memref<15x32xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<15x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @odd_rows() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @odd_columns(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: 64x12x32 is no multiple of 64x8x16; no mma: 64x12x32 is no multiple of 16x8x16"
// SM80-LABEL: gpu.func @odd_columns(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: 64x12x32 is no multiple of 16x8x16"
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!b = memref<12x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x12xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @odd_columns() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @odd_contraction(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: 64x16x24 is no multiple of 64x8x16; no mma: 64x16x24 is no multiple of 16x8x16"
// SM80-LABEL: gpu.func @odd_contraction(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: 64x16x24 is no multiple of 16x8x16"
!a = memref<64x24xf16, #gpu.address_space<workgroup>>
!b = memref<16x24xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @odd_contraction() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @half_a_warp_group(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: 64 threads are no multiple of 128"
// SM80-LABEL: gpu.func @half_a_warp_group(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @half_a_warp_group() kernel
      attributes {known_block_size = array<i32: 64, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @half_a_warp(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: 16 threads are no multiple of 128; no mma: 16 threads are no multiple of 32"
// SM80-LABEL: gpu.func @half_a_warp(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: 16 threads are no multiple of 32"
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @half_a_warp() kernel
      attributes {known_block_size = array<i32: 16, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Operand A may be a fragment, operand B may not.
// CHECK-LABEL: gpu.func @operand_in_registers(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @operand_in_registers(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<64x32xf16, #gpu.address_space<private>>
!b = memref<16x32xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @operand_in_registers() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @operand_b_in_registers(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: its operands are in shared and fragment memory; no mma: its operands are in shared and fragment memory"
// SM80-LABEL: gpu.func @operand_b_in_registers(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: its operands are in shared and fragment memory"
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!b = memref<16x32xf16, #gpu.address_space<private>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @operand_b_in_registers() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// In a kernel that is specialized by hand the threads are those of the warp group: two warps cannot issue a wgmma.
// CHECK-LABEL: gpu.func @threads_of_the_warp_group(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: 64 threads are no multiple of 128"
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma", tile.reason = "the first choice of the machine"
// SM80-LABEL: gpu.func @threads_of_the_warp_group(
// SM80: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "the first choice of the machine"
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!b = memref<32x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @threads_of_the_warp_group() kernel
      attributes {known_block_size = array<i32: 192, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    %E = memref.alloc() : !d
    "tile.specialize"() ({
      "tile.warp_group"() ({
        linalg.matmul ins(%A, %B : !a, !b) outs(%D : !d)
      }) {role = "two warps", warps = 2 : i32} : () -> ()
      "tile.warp_group"() ({
        linalg.matmul ins(%A, %B : !a, !b) outs(%E : !d)
      }) {role = "four warps", warps = 4 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @fp8_rows_for_one_warp(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: 16x16x32 is no multiple of 64x8x32"
// SM80-LABEL: gpu.func @fp8_rows_for_one_warp(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: it has no f8E5M2"
!a = memref<16x32xf8E5M2, #gpu.address_space<workgroup>>
!b = memref<16x32xf8E5M2, #gpu.address_space<workgroup>>
!d = memref<16x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fp8_rows_for_one_warp() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @fp8_in_f16_is_for_wgmma_only(
// CHECK: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no wgmma: 16x16x32 is no multiple of 64x8x32; no mma: it does not accumulate f8E5M2 in f16"
// SM80-LABEL: gpu.func @fp8_in_f16_is_for_wgmma_only(
// SM80: linalg.matmul {{.*}}tile.instruction = "scalar", tile.reason = "no mma: it has no f8E5M2"
!a = memref<16x32xf8E5M2, #gpu.address_space<workgroup>>
!b = memref<16x32xf8E5M2, #gpu.address_space<workgroup>>
!d = memref<16x16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fp8_in_f16_is_for_wgmma_only() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}
