// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --split-input-file | FileCheck %s

// wgmma reads tiles by descriptors, which say swizzles and no other layouts; mma takes what threads read.

// CHECK-LABEL: gpu.func @padded(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: it cannot read the annotated layout of A"
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @padded() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], padding = 8 : i32, swizzle = 0 : i32}>} : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @linear_b(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: it cannot read the annotated layout of B"
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @linear_b() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 0 : i32}>} : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @both(
// CHECK: linalg.matmul {{.*}}tile.instruction = "mma", tile.reason = "no wgmma: it cannot read the annotated layout of A and B"
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @both() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], padding = 8 : i32, swizzle = 0 : i32}>} : !a
    %B = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], digits = [[8, 1], [8, 8], [8, 64], [8, 512]], swizzle = 0 : i32, xors = [[1, 3]]}>} : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @swizzled_either_way(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma"
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @swizzled_either_way() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 32 : i32}>} : !a
    %B = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 64 : i32}>} : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @as_the_hardware_swizzles(
// CHECK: linalg.matmul {{.*}}tile.instruction = "wgmma"
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!b = memref<64x64xf16, #gpu.address_space<workgroup>>
!d = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @as_the_hardware_swizzles() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], digits = [[8, 1], [8, 8], [8, 64], [8, 512]], swizzle = 0 : i32, xors = [[1, 2]]}>} : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}
