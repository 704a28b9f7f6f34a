// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file --verify-diagnostics | FileCheck %s

// Rules 3 to 5: loops whose layouts follow, and that are chosen. No fragment moves to shared memory.

// Rule 5: no vector of two parts 514 over 128 threads as evenly as single elements: five rounds, the last with two threads.
// CHECK-LABEL: gpu.func @ragged_514(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[128, 1, 0], [5, 0, 1]], shape = [514], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[128, 1, 0], [5, 0, 1]], shape = [514], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[128, 1, 0], [5, 0, 1]], shape = [514], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @ragged_514(%X: memref<514xf32>, %Y: memref<514xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : memref<514xf32, #gpu.address_space<private>>
    memref.copy %X, %F : memref<514xf32> to memref<514xf32, #gpu.address_space<private>>
    memref.copy %F, %Y : memref<514xf32, #gpu.address_space<private>> to memref<514xf32>
    gpu.return
  }
}

// -----

// Vectors of 8 bytes part evenly, those of 16 do not: three rounds.
// CHECK-LABEL: gpu.func @ragged_3072(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [128, 1, 0], [3, 0, 8]], shape = [3072], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [128, 1, 0], [3, 0, 8]], shape = [3072], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [128, 1, 0], [3, 0, 8]], shape = [3072], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @ragged_3072(%X: memref<3072xi8>, %Y: memref<3072xi8>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : memref<3072xi8, #gpu.address_space<private>>
    memref.copy %X, %F : memref<3072xi8> to memref<3072xi8, #gpu.address_space<private>>
    memref.copy %F, %Y : memref<3072xi8, #gpu.address_space<private>> to memref<3072xi8>
    gpu.return
  }
}

// -----

// Three rounds over 384 threads, the last of 256 elements.
// CHECK-LABEL: gpu.func @ragged_1024_384(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[384, 1, 0], [3, 0, 1]], shape = [1024], threads = 384 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[384, 1, 0], [3, 0, 1]], shape = [1024], threads = 384 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[384, 1, 0], [3, 0, 1]], shape = [1024], threads = 384 : i32}>
gpu.module @kernels {
  gpu.func @ragged_1024_384(%X: memref<1024xf32>, %Y: memref<1024xf32>) kernel
      attributes {known_block_size = array<i32: 384, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : memref<1024xf32, #gpu.address_space<private>>
    memref.copy %X, %F : memref<1024xf32> to memref<1024xf32, #gpu.address_space<private>>
    memref.copy %F, %Y : memref<1024xf32, #gpu.address_space<private>> to memref<1024xf32>
    gpu.return
  }
}

// -----

// Extents that no thread count divides, reduced: the columns are covered up to 640, beyond 514 no thread has anything. All threads keep all
// sums, so what writes them needs no more than one thread each.
// CHECK-LABEL: gpu.func @ragged_rows(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{cover = [17, 640], modes = {{\[}}[128, 1, 0], [5, 0, 1], [17, 0, 5]], shape = [17, 514], threads = 128 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[17, 0, 1]], replicas = {{\[}}[128, 1, 0]], shape = [17], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{cover = [17, 640], modes = {{\[}}[128, 1, 0], [5, 0, 1], [17, 0, 5]], shape = [17, 514], threads = 128 : i32}>
// CHECK: linalg.fill{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[17, 0, 1]], replicas = {{\[}}[128, 1, 0]], shape = [17], threads = 128 : i32}>
// CHECK: linalg.reduce{{.*}}tile.layout = #tile.fragment<{cover = [17, 640], modes = {{\[}}[128, 1, 0], [5, 0, 1], [17, 0, 5]], shape = [17, 514], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[17, 1, 0]], shape = [17], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @ragged_rows(%X: memref<17x514xf32>, %Y: memref<17xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : memref<17x514xf32, #gpu.address_space<private>>
    %S = memref.alloc() : memref<17xf32, #gpu.address_space<private>>
    %zero = arith.constant 0.0 : f32
    memref.copy %X, %F : memref<17x514xf32> to memref<17x514xf32, #gpu.address_space<private>>
    linalg.fill ins(%zero : f32) outs(%S : memref<17xf32, #gpu.address_space<private>>)
    linalg.reduce ins(%F : memref<17x514xf32, #gpu.address_space<private>>) outs(%S : memref<17xf32, #gpu.address_space<private>>) dimensions = [1] (%a: f32, %b: f32) {
      %c = arith.addf %a, %b : f32
      linalg.yield %c : f32
    }
    memref.copy %S, %Y : memref<17xf32, #gpu.address_space<private>> to memref<17xf32>
    gpu.return
  }
}

// -----

// Casts: the vector is that of the wider element.
// CHECK-LABEL: gpu.func @cast(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 4]], shape = [16, 128], threads = 128 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 4]], shape = [16, 128], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 4]], shape = [16, 128], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 4]], shape = [16, 128], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 4]], shape = [16, 128], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @cast(%X: memref<16x128xf32>, %Y: memref<16x128xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : memref<16x128xf32, #gpu.address_space<private>>
    %G = memref.alloc() : memref<16x128xf16, #gpu.address_space<private>>
    memref.copy %X, %F : memref<16x128xf32> to memref<16x128xf32, #gpu.address_space<private>>
    scf.forall (%i, %j) in (16, 128) {
      %v = memref.load %F[%i, %j] : memref<16x128xf32, #gpu.address_space<private>>
      %h = arith.truncf %v : f32 to f16
      memref.store %h, %G[%i, %j] : memref<16x128xf16, #gpu.address_space<private>>
    }
    memref.copy %G, %Y : memref<16x128xf16, #gpu.address_space<private>> to memref<16x128xf16>
    gpu.return
  }
}

// -----

// Two columns of the loop read one of the packed fragment: its layout is the loop's without the lowest digit.
// CHECK-LABEL: gpu.func @packed(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 32], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 32], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @packed(%X: memref<16x32xi8>, %Y: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c2 = arith.constant 2 : index
    %F = memref.alloc() : memref<16x32xi8, #gpu.address_space<private>>
    memref.copy %X, %F : memref<16x32xi8> to memref<16x32xi8, #gpu.address_space<private>>
    scf.forall (%i, %j) in (16, 64) {
      %h = arith.floordivsi %j, %c2 : index
      %v = memref.load %F[%i, %h] : memref<16x32xi8, #gpu.address_space<private>>
      %f = arith.sitofp %v : i8 to f16
      memref.store %f, %Y[%i, %j] : memref<16x64xf16>
    }
    gpu.return
  }
}

// -----

// An index that is no dimension of the loop: each thread keeps its rows whole.
// CHECK-LABEL: gpu.func @row_by_row(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[16, 0, 1], [128, 1, 0]], shape = [128, 16], threads = 128 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[128, 1, 0]], shape = [128], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[16, 0, 1], [128, 1, 0]], shape = [128, 16], threads = 128 : i32}>
// CHECK: linalg.fill{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[128, 1, 0]], shape = [128], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[128, 1, 0]], shape = [128], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[128, 1, 0]], shape = [128], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @row_by_row(%X: memref<128x16xf32>, %Y: memref<128xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %F = memref.alloc() : memref<128x16xf32, #gpu.address_space<private>>
    %S = memref.alloc() : memref<128xf32, #gpu.address_space<private>>
    %zero = arith.constant 0.0 : f32
    memref.copy %X, %F : memref<128x16xf32> to memref<128x16xf32, #gpu.address_space<private>>
    linalg.fill ins(%zero : f32) outs(%S : memref<128xf32, #gpu.address_space<private>>)
    scf.forall (%i) in (128) {
      scf.for %k = %c0 to %c16 step %c1 {
        %v = memref.load %F[%i, %k] : memref<128x16xf32, #gpu.address_space<private>>
        %s = memref.load %S[%i] : memref<128xf32, #gpu.address_space<private>>
        %t = arith.addf %v, %s : f32
        memref.store %t, %S[%i] : memref<128xf32, #gpu.address_space<private>>
      }
    }
    memref.copy %S, %Y : memref<128xf32, #gpu.address_space<private>> to memref<128xf32>
    gpu.return
  }
}

// -----

// A column is broadcast over the threads of its row.
// CHECK-LABEL: gpu.func @columns(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[12, 0, 1], [2, 1, 0], [64, 2, 0]], shape = [64, 24], threads = 128 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[1, 0, 1], [64, 2, 0]], replicas = {{\[}}[2, 1, 0]], shape = [64, 1], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[12, 0, 1], [2, 1, 0], [64, 2, 0]], shape = [64, 24], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[1, 0, 1], [64, 2, 0]], replicas = {{\[}}[2, 1, 0]], shape = [64, 1], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[12, 0, 1], [2, 1, 0], [64, 2, 0]], shape = [64, 24], threads = 128 : i32}>
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

// -----

// Each operation is tried as root: the reduction's space suits the fill as well, the fill's would not suit the reduction.
// CHECK-LABEL: gpu.func @reduce_shared(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 32], swizzle = 0 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[16, 4, 0]], replicas = {{\[}}[4, 1, 0]], shape = [16], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 32], threads = 128 : i32}>
// CHECK: linalg.fill{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[16, 4, 0]], replicas = {{\[}}[4, 1, 0]], shape = [16], threads = 128 : i32}>
// CHECK: linalg.reduce{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[8, 0, 1], [4, 1, 0], [16, 4, 0]], shape = [16, 32], threads = 128 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[16, 4, 0]], replicas = {{\[}}[4, 1, 0]], shape = [16], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @reduce_shared(%X: memref<16x32xf16>, %Y: memref<16xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : memref<16x32xf16, #gpu.address_space<workgroup>>
    %S = memref.alloc() : memref<16xf16, #gpu.address_space<private>>
    %zero = arith.constant 0.0 : f16
    memref.copy %X, %A : memref<16x32xf16> to memref<16x32xf16, #gpu.address_space<workgroup>>
    linalg.fill ins(%zero : f16) outs(%S : memref<16xf16, #gpu.address_space<private>>)
    linalg.reduce ins(%A : memref<16x32xf16, #gpu.address_space<workgroup>>) outs(%S : memref<16xf16, #gpu.address_space<private>>) dimensions = [1] (%a: f16, %b: f16) {
      %c = arith.addf %a, %b : f16
      linalg.yield %c : f16
    }
    memref.copy %S, %Y : memref<16xf16, #gpu.address_space<private>> to memref<16xf16>
    gpu.return
  }
}
