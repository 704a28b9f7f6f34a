// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file | FileCheck %s

// Rules 2, 6 and 7 for a sparse product.

// The accumulator is that of the dense instruction; A and B are swizzled by their own rows, the metadata is linear.
// CHECK-LABEL: gpu.func @from_shared(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 32], swizzle = 64 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 4], swizzle = 0 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 64], swizzle = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [2, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 16], threads = 128 : i32}>}
!a = memref<64x32xf16, #gpu.address_space<workgroup>>
!e = memref<64x4xi16, #gpu.address_space<workgroup>>
!b = memref<16x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @from_shared() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) {tile.instruction = "wgmma_sp", transpose_b = true} : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}

// -----

// A from registers has the kept elements where the dense instruction has all.
// CHECK-LABEL: gpu.func @from_registers(
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [2, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 16], threads = 128 : i32}>} : memref<64x16xf16
!a = memref<64x16xf16, #gpu.address_space<private>>
!e = memref<64x2xi16, #gpu.address_space<workgroup>>
!b = memref<32x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @from_registers() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) {tile.instruction = "wgmma_sp"} : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}

// -----

// Metadata in registers is read across threads: it moves to shared memory.
// CHECK-LABEL: gpu.func @metadata_in_registers(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 2], swizzle = 0 : i32}>} : memref<64x2xi16, #gpu.address_space<workgroup>>
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!e = memref<64x2xi16, #gpu.address_space<private>>
!b = memref<32x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @metadata_in_registers() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %E = memref.alloc() : !e
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.gemm_sp"(%A, %E, %B, %D) {tile.instruction = "wgmma_sp"} : (!a, !e, !b, !d) -> ()
    gpu.return
  }
}
