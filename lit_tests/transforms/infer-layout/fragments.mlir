// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file | FileCheck %s

// Rules 1, 3, 4 and 5: fragments of parallel operations.

// Rule 4: eight neighbours of f16 to a thread, eight threads to a row, a row to every eight threads. Rule 3: all follow.
// CHECK-LABEL: gpu.func @vectors_of_16_bytes(
//
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}
// CHECK-NEXT: memref.copy {{.*}} {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}
// CHECK-NEXT: scf.forall
// CHECK: } {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}
// CHECK-NEXT: memref.copy {{.*}} {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @vectors_of_16_bytes(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    %G = memref.alloc() : !f
    memref.copy %X, %F : !m to !f
    scf.forall (%i, %j) in (16, 64) {
      %v = memref.load %F[%i, %j] : !f
      memref.store %v, %G[%i, %j] : !f
    }
    memref.copy %G, %X : !f to !m
    gpu.return
  }
}

// -----

// Rule 3: the row sums are projected from the tile; the 8 threads of a row all keep its sum. Rule 4: of the
// spreads, this one takes the fewest registers.
// CHECK-LABEL: gpu.func @reduction(
//
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>} : memref<16x64xf32
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[16, 8, 0]], replicas = {{\[}}[8, 1, 0]], shape = [16], threads = 128 : i32}>} : memref<16xf32
// CHECK: linalg.fill {tile.layout = #tile.fragment<{modes = {{\[}}[16, 8, 0]], replicas = {{\[}}[8, 1, 0]], shape = [16], threads = 128 : i32}>}
// CHECK-NEXT: linalg.reduce {{.*}} {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}
// CHECK: scf.forall
// CHECK: } {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}
!m = memref<16x64xf32>
!f = memref<16x64xf32, #gpu.address_space<private>>
!r = memref<16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @reduction(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    %sum = memref.alloc() : !r
    %zero = arith.constant 0.0 : f32
    memref.copy %X, %F : !m to !f
    linalg.fill ins(%zero : f32) outs(%sum : !r)
    linalg.reduce ins(%F : !f) outs(%sum : !r) dimensions = [1] (%a: f32, %b: f32) {
      %c = arith.addf %a, %b : f32
      linalg.yield %c : f32
    }
    scf.forall (%i, %j) in (16, 64) {
      %v = memref.load %F[%i, %j] : !f
      %s = memref.load %sum[%i] : !r
      %q = arith.divf %v, %s : f32
      memref.store %q, %X[%i, %j] : !m
    }
    gpu.return
  }
}

// -----

// A transposed access permutes the digits: nobody changes threads. Rule 4: of the two roots, the stores of whole lines win.
// CHECK-LABEL: gpu.func @transpose(
//
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[64, 2, 0], [8, 0, 1], [2, 1, 0]], shape = [16, 64], threads = 128 : i32}>} : memref<16x64xf16
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [2, 1, 0], [64, 2, 0]], shape = [64, 16], threads = 128 : i32}>} : memref<64x16xf16
!m = memref<16x64xf16>
!n = memref<64x16xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
!g = memref<64x16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @transpose(%X: !m, %Y: !n) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    %G = memref.alloc() : !g
    memref.copy %X, %F : !m to !f
    scf.forall (%i, %j) in (16, 64) {
      %v = memref.load %F[%i, %j] : !f
      memref.store %v, %G[%j, %i] : !g
    }
    memref.copy %G, %Y : !g to !n
    gpu.return
  }
}

// -----

// Rule 5: kept by every thread.
// CHECK-LABEL: gpu.func @scalar_code(
//
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[1, 0, 1]], replicas = {{\[}}[128, 1, 0]], shape = [1], threads = 128 : i32}>}
gpu.module @kernels {
  gpu.func @scalar_code(%X: memref<1xindex>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %F = memref.alloc() : memref<1xindex, #gpu.address_space<private>>
    %one = arith.constant 1 : index
    memref.store %one, %F[%c0] : memref<1xindex, #gpu.address_space<private>>
    %v = memref.load %F[%c0] : memref<1xindex, #gpu.address_space<private>>
    memref.store %v, %X[%c0] : memref<1xindex>
    gpu.return
  }
}

// -----

// Rule 1: the annotation decides, and the others follow it.
// CHECK-LABEL: gpu.func @annotation_is_kept(
//
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]], shape = [16, 64], threads = 128 : i32}>}
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]], shape = [16, 64], threads = 128 : i32}>}
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @annotation_is_kept(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]]}>} : !f
    %G = memref.alloc() : !f
    memref.copy %X, %F : !m to !f
    scf.forall (%i, %j) in (16, 64) {
      %v = memref.load %F[%i, %j] : !f
      memref.store %v, %G[%i, %j] : !f
    }
    memref.copy %G, %X : !f to !m
    gpu.return
  }
}

// -----

// A fragment is spread over the threads of the warp group that uses it, not of the block.
// CHECK-LABEL: gpu.func @threads_of_the_warp_group(
//
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [8, 8, 0], [2, 0, 8]], shape = [16, 64], threads = 64 : i32}>}
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @threads_of_the_warp_group(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    "tile.specialize"() ({
      "tile.warp_group"() ({
        memref.copy %X, %F : !m to !f
        memref.copy %F, %X : !f to !m
      }) {role = "consumer", warps = 2 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}
