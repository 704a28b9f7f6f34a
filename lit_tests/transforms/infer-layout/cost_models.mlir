// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout | FileCheck %s --check-prefix=REGISTERS
// RUN: tile-opt %s --tile-infer-layout=cost=io | FileCheck %s --check-prefix=IO

// Rule 4: the fewest registers give each thread half a row; the fewest segments of memory six threads to a row, at four more registers.
// REGISTERS-LABEL: gpu.func @columns(
// REGISTERS: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[12, 0, 1], [2, 1, 0], [64, 2, 0]], shape = [64, 24], threads = 128 : i32}>
// REGISTERS: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[1, 0, 1], [64, 2, 0]], replicas = {{\[}}[2, 1, 0]], shape = [64, 1], threads = 128 : i32}>
// REGISTERS: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[12, 0, 1], [2, 1, 0], [64, 2, 0]], shape = [64, 24], threads = 128 : i32}>
// REGISTERS: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[1, 0, 1], [64, 2, 0]], replicas = {{\[}}[2, 1, 0]], shape = [64, 1], threads = 128 : i32}>
// REGISTERS: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[12, 0, 1], [2, 1, 0], [64, 2, 0]], shape = [64, 24], threads = 128 : i32}>
// IO-LABEL: gpu.func @columns(
// IO: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [6, 1, 0], [16, 6, 0], [4, 0, 4]], shape = [64, 24], threads = 128 : i32}>
// IO: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[1, 0, 4], [16, 6, 0], [4, 0, 1]], replicas = {{\[}}[6, 1, 0]], shape = [64, 1], threads = 128 : i32}>
// IO: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [6, 1, 0], [16, 6, 0], [4, 0, 4]], shape = [64, 24], threads = 128 : i32}>
// IO: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[1, 0, 4], [16, 6, 0], [4, 0, 1]], replicas = {{\[}}[6, 1, 0]], shape = [64, 1], threads = 128 : i32}>
// IO: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [6, 1, 0], [16, 6, 0], [4, 0, 4]], shape = [64, 24], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @columns(%X: memref<64x24xf32>, %V: memref<64x1xf32>, %Y: memref<64x24xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %F = memref.alloc() : memref<64x24xf32, #gpu.address_space<private>>
    %S = memref.alloc() : memref<64x1xf32, #gpu.address_space<private>>
    memref.copy %X, %F : memref<64x24xf32> to memref<64x24xf32, #gpu.address_space<private>>
    memref.copy %V, %S : memref<64x1xf32> to memref<64x1xf32, #gpu.address_space<private>>
    scf.forall (%i, %j) in (64, 24) {
      %v = memref.load %F[%i, %j] : memref<64x24xf32, #gpu.address_space<private>>
      %s = memref.load %S[%i, %c0] : memref<64x1xf32, #gpu.address_space<private>>
      %t = arith.addf %v, %s : f32
      memref.store %t, %Y[%i, %j] : memref<64x24xf32>
    }
    gpu.return
  }
}
