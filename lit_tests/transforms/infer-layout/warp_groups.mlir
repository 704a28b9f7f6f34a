// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file --verify-diagnostics | FileCheck %s

// Rule 7: fragments are spread over the threads of the warp group that uses them, in kernels specialized by hand too.

// Two groups of different sizes, each with a fragment of its own.
// CHECK-LABEL: gpu.func @each_group_its_own(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [8, 8, 0], [2, 0, 8]], shape = [16, 64], threads = 64 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [8, 8, 0], [2, 0, 8]], shape = [16, 64], threads = 64 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [8, 8, 0], [2, 0, 8]], shape = [16, 64], threads = 64 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @each_group_its_own(%X: !m, %Y: !m) kernel
      attributes {known_block_size = array<i32: 192, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    %G = memref.alloc() : !f
    "tile.specialize"() ({
      "tile.warp_group"() ({
        memref.copy %X, %F : !m to !f
        memref.copy %F, %Y : !f to !m
      }) {role = "consumer", warps = 2 : i32} : () -> ()
      "tile.warp_group"() ({
        memref.copy %X, %G : !m to !f
        scf.forall (%i, %j) in (16, 64) {
          %v = memref.load %G[%i, %j] : !f
          memref.store %v, %Y[%i, %j] : !m
        }
      }) {role = "consumer", warps = 4 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}

// -----

// Written before the groups start, read in both: every thread of the block keeps it. Its readers need no replicas.
// CHECK-LABEL: gpu.func @read_by_both(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1]], replicas = {{\[}}[192, 1, 0]], shape = [4], threads = 192 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1]], replicas = {{\[}}[192, 1, 0]], shape = [4], threads = 192 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1]], shape = [4], threads = 64 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1]], shape = [4], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @read_by_both(%X: memref<4xf32>, %Y: memref<2x4xf32>) kernel
      attributes {known_block_size = array<i32: 192, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %S = memref.alloc() : memref<4xf32, #gpu.address_space<private>>
    memref.copy %X, %S : memref<4xf32> to memref<4xf32, #gpu.address_space<private>>
    "tile.specialize"() ({
      "tile.warp_group"() ({
        scf.forall (%i) in (4) {
          %v = memref.load %S[%i] : memref<4xf32, #gpu.address_space<private>>
          memref.store %v, %Y[%c0, %i] : memref<2x4xf32>
        }
      }) {role = "consumer", warps = 2 : i32} : () -> ()
      "tile.warp_group"() ({
        scf.forall (%i) in (4) {
          %v = memref.load %S[%i] : memref<4xf32, #gpu.address_space<private>>
          memref.store %v, %Y[%c1, %i] : memref<2x4xf32>
        }
      }) {role = "consumer", warps = 4 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}

// -----

// Two consumers, of 4 and of 8 warps: 64 rows are one warp group's, so the second's eight warps stand side by side.
// CHECK-LABEL: gpu.func @two_consumers(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 128 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [64, 64], swizzle = 128 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [8, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 64], threads = 128 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [4, 0, 4], [2, 128, 0], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 64], threads = 256 : i32}>
gpu.module @kernels {
  gpu.func @two_consumers(%C: memref<128x64xf32>) kernel
      attributes {known_block_size = array<i32: 384, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : memref<64x64xf16, #gpu.address_space<workgroup>>
    %B = memref.alloc() : memref<64x64xf16, #gpu.address_space<workgroup>>
    %D = memref.alloc() : memref<64x64xf32, #gpu.address_space<private>>
    %E = memref.alloc() : memref<64x64xf32, #gpu.address_space<private>>
    %full = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    "tile.specialize"() ({
      "tile.warp_group"() ({
        linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
          {tile.instruction = "wgmma"} ins(%A, %B : memref<64x64xf16, #gpu.address_space<workgroup>>, memref<64x64xf16, #gpu.address_space<workgroup>>) outs(%D : memref<64x64xf32, #gpu.address_space<private>>)
      }) {role = "consumer", warps = 4 : i32} : () -> ()
      "tile.warp_group"() ({
        linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
          {tile.instruction = "wgmma"} ins(%A, %B : memref<64x64xf16, #gpu.address_space<workgroup>>, memref<64x64xf16, #gpu.address_space<workgroup>>) outs(%E : memref<64x64xf32, #gpu.address_space<private>>)
      }) {role = "consumer", warps = 8 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}
