// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file | FileCheck %s --check-prefix=SM80

// Rule 8: the instruction of a sparse product. Its K counts the neighbours, kept or not.

// CHECK-LABEL: gpu.func @f16(
// CHECK: "tile.gemm_sp"{{.*}}tile.instruction = "wgmma_sp", tile.reason = "the first choice of the machine
// SM80-LABEL: gpu.func @f16(
// SM80: "tile.gemm_sp"{{.*}}tile.instruction = "mma_sp", tile.reason = "the first choice of the machine
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!e = memref<64x2xi16, #gpu.address_space<workgroup>>
!b = memref<32x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @f16() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @rows_for_one_warp(
// CHECK: "tile.gemm_sp"{{.*}}tile.instruction = "mma_sp", tile.reason = "no wgmma_sp: 16x16x32 is no multiple of 64x8x32
// SM80-LABEL: gpu.func @rows_for_one_warp(
// SM80: "tile.gemm_sp"{{.*}}tile.instruction = "mma_sp", tile.reason = "the first choice of the machine
!a = memref<16x16xf16, #gpu.address_space<workgroup>>
!e = memref<16x2xi16, #gpu.address_space<workgroup>>
!b = memref<32x16xf16, #gpu.address_space<workgroup>>
!d = memref<16x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @rows_for_one_warp() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @depth_of_half_an_instruction(
// CHECK: "tile.gemm_sp"{{.*}}tile.instruction = "scalar", tile.reason = "no wgmma_sp: 64x16x16 is no multiple of 64x8x32; no mma_sp: 64x16x16 is no multiple of 16x8x32
// SM80-LABEL: gpu.func @depth_of_half_an_instruction(
// SM80: "tile.gemm_sp"{{.*}}tile.instruction = "scalar", tile.reason = "no mma_sp: 64x16x16 is no multiple of 16x8x32
!a = memref<64x8xf16, #gpu.address_space<workgroup>>
!e = memref<64x1xi16, #gpu.address_space<workgroup>>
!b = memref<16x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @depth_of_half_an_instruction() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @i8_transposed(
// CHECK: "tile.gemm_sp"{{.*}}tile.instruction = "wgmma_sp", tile.reason = "the first choice of the machine
// SM80-LABEL: gpu.func @i8_transposed(
// SM80: "tile.gemm_sp"{{.*}}tile.instruction = "mma_sp", tile.reason = "the first choice of the machine
!a = memref<64x32xi8, #gpu.address_space<workgroup>>
!e = memref<64x2xi32, #gpu.address_space<workgroup>>
!b = memref<16x64xi8, #gpu.address_space<workgroup>>
!d = memref<64x16xi32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @i8_transposed() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) {transpose_b = true} : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @i8_not_transposed(
// CHECK: "tile.gemm_sp"{{.*}}tile.instruction = "scalar", tile.reason = "no wgmma_sp: i8 operands must have the contraction innermost
// SM80-LABEL: gpu.func @i8_not_transposed(
// SM80: "tile.gemm_sp"{{.*}}tile.instruction = "scalar", tile.reason = "no mma_sp: i8 operands must have the contraction innermost
!a = memref<64x32xi8, #gpu.address_space<workgroup>>
!e = memref<64x2xi32, #gpu.address_space<workgroup>>
!b = memref<64x16xi8, #gpu.address_space<workgroup>>
!d = memref<64x16xi32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @i8_not_transposed() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @fp8(
// CHECK: "tile.gemm_sp"{{.*}}tile.instruction = "wgmma_sp", tile.reason = "the first choice of the machine
// SM80-LABEL: gpu.func @fp8(
// SM80: "tile.gemm_sp"{{.*}}tile.instruction = "scalar", tile.reason = "no mma_sp: it has no f8E4M3FN
!a = memref<64x32xf8E4M3FN, #gpu.address_space<workgroup>>
!e = memref<64x4xi16, #gpu.address_space<workgroup>>
!b = memref<16x64xf8E4M3FN, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fp8() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) {transpose_b = true} : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @fp8_rows_for_one_warp(
// CHECK: "tile.gemm_sp"{{.*}}tile.instruction = "mma_sp", tile.reason = "no wgmma_sp: 16x16x64 is no multiple of 64x8x64
// SM80-LABEL: gpu.func @fp8_rows_for_one_warp(
// SM80: "tile.gemm_sp"{{.*}}tile.instruction = "scalar", tile.reason = "no mma_sp: it has no f8E4M3FN
!a = memref<16x32xf8E4M3FN, #gpu.address_space<workgroup>>
!e = memref<16x4xi16, #gpu.address_space<workgroup>>
!b = memref<16x64xf8E4M3FN, #gpu.address_space<workgroup>>
!d = memref<16x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fp8_rows_for_one_warp() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) {transpose_b = true} : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}
