// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout | FileCheck %s

// A loop is judged by its digits, not point by point: an injective layout over 524288 points is accepted, and one is found.
// CHECK-LABEL: gpu.func @half_a_million_points(
// CHECK: } {tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [128, 1, 0], [1024, 0, 4]], shape = [524288], threads = 128 : i32}>}
// CHECK: } {tile.layout = #tile.fragment<{modes = {{\[}}[128, 1, 0], [4096, 0, 1]], shape = [524288], threads = 128 : i32}>}
gpu.module @kernels {
  gpu.func @half_a_million_points(%X: memref<524288xf32>, %Y: memref<524288xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    scf.forall (%i) in (524288) {
      %v = memref.load %X[%i] : memref<524288xf32>
      memref.store %v, %Y[%i] : memref<524288xf32>
    }
    scf.forall (%i) in (524288) {
      %v = memref.load %X[%i] : memref<524288xf32>
      memref.store %v, %Y[%i] : memref<524288xf32>
    } {tile.layout = #tile.fragment<{shape = [524288], threads = 128 : i32, modes = [[128, 1, 0], [4096, 0, 1]]}>}
    gpu.return
  }
}
