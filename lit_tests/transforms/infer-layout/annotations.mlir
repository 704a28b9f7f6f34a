// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file | FileCheck %s

// Rule 1: injective layouts of any kind are kept as they are written: xored rows, every second element, an offset.

// CHECK-LABEL: gpu.func @injective(
// CHECK: memref.alloc() {tile.layout = #tile.shared<{digits = {{\[}}[8, 1], [8, 8], [8, 64], [2, 512]], element_bytes = 2 : i32, shape = [16, 64], xors = {{\[}}[1, 2]]}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{digits = {{\[}}[64, 2], [16, 128]], element_bytes = 2 : i32, shape = [16, 64]}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.shared<{digits = {{\[}}[1024, 1]], element_bytes = 2 : i32, offset = 10 : i32, shape = [16, 64]}>}
!m = memref<16x64xf16>
!s = memref<16x64xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @injective(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 2 : i32, digits = [[8, 1], [8, 8], [8, 64], [2, 512]], xors = [[1, 2]]}>} : !s
    %B = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 2 : i32, digits = [[64, 2], [16, 128]]}>} : !s
    %C = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 2 : i32, digits = [[1024, 1]], offset = 10 : i32}>} : !s
    memref.copy %X, %A : !m to !s
    memref.copy %A, %B : !s to !s
    memref.copy %B, %C : !s to !s
    memref.copy %C, %X : !s to !m
    gpu.return
  }
}
