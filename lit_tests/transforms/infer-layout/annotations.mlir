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

// -----

// Rule 1: the layout of a loop is kept, and the fragment that it reads follows it.
// CHECK-LABEL: gpu.func @loop_layout(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]], shape = [16, 64], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]], shape = [16, 64], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]], shape = [16, 64], threads = 128 : i32}>
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @loop_layout(%X: !m, %Y: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    memref.copy %X, %F : !m to !f
    scf.forall (%i, %j) in (16, 64) {
      %v = memref.load %F[%i, %j] : !f
      memref.store %v, %Y[%i, %j] : !m
    } {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]]}>}
    gpu.return
  }
}

// -----

// A loop that every thread runs: its fragment is kept by all, and what reads it again needs one thread an element.
// CHECK-LABEL: gpu.func @replicated_loop_layout(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1]], replicas = {{\[}}[128, 1, 0]], shape = [8], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1]], replicas = {{\[}}[128, 1, 0]], shape = [8], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [2, 1, 0]], shape = [8], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @replicated_loop_layout(%X: memref<8xf32>, %Y: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : memref<8xf32, #gpu.address_space<private>>
    scf.forall (%i) in (8) {
      %v = memref.load %X[%i] : memref<8xf32>
      memref.store %v, %F[%i] : memref<8xf32, #gpu.address_space<private>>
    } {tile.layout = #tile.fragment<{shape = [8], threads = 128 : i32, modes = [[8, 0, 1]], replicas = [[128, 1, 0]]}>}
    memref.copy %F, %Y : memref<8xf32, #gpu.address_space<private>> to memref<8xf32>
    gpu.return
  }
}
