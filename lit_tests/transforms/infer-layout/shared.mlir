// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file --verify-diagnostics | FileCheck %s

// Rule 8: shared buffers.

// Threads side by side read a column: 4 bytes after each row put 32 of them on 32 banks.
// CHECK-LABEL: gpu.func @by_column_simt(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 4 : i32, padding = 1 : i32, shape = [32, 32], swizzle = 0 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0], [2, 0, 4]], shape = [32, 32], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0], [2, 0, 4]], shape = [32, 32], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @by_column_simt(%X: memref<32x32xf32>, %Y: memref<32x32xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : memref<32x32xf32, #gpu.address_space<workgroup>>
    memref.copy %X, %A {tile.instruction = "simt"} : memref<32x32xf32> to memref<32x32xf32, #gpu.address_space<workgroup>>
    scf.forall (%i, %j) in (32, 32) {
      %v = memref.load %A[%j, %i] : memref<32x32xf32, #gpu.address_space<workgroup>>
      memref.store %v, %Y[%i, %j] : memref<32x32xf32>
    }
    gpu.return
  }
}

// -----

// cp.async writes vectors of 16 bytes, which stay aligned.
// CHECK-LABEL: gpu.func @by_column_cp_async(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 4 : i32, padding = 4 : i32, shape = [32, 32], swizzle = 0 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0], [2, 0, 4]], shape = [32, 32], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0], [2, 0, 4]], shape = [32, 32], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @by_column_cp_async(%X: memref<32x32xf32>, %Y: memref<32x32xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : memref<32x32xf32, #gpu.address_space<workgroup>>
    memref.copy %X, %A {tile.instruction = "cp_async"} : memref<32x32xf32> to memref<32x32xf32, #gpu.address_space<workgroup>>
    scf.forall (%i, %j) in (32, 32) {
      %v = memref.load %A[%j, %i] : memref<32x32xf32, #gpu.address_space<workgroup>>
      memref.store %v, %Y[%i, %j] : memref<32x32xf32>
    }
    gpu.return
  }
}

// -----

// A bulk copy writes rows that follow one another.
// CHECK-LABEL: gpu.func @by_column_bulk(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 4 : i32, shape = [32, 32], swizzle = 0 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0], [2, 0, 4]], shape = [32, 32], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0], [2, 0, 4]], shape = [32, 32], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @by_column_bulk(%X: memref<32x32xf32>, %Y: memref<32x32xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : memref<32x32xf32, #gpu.address_space<workgroup>>
    memref.copy %X, %A {tile.instruction = "bulk"} : memref<32x32xf32> to memref<32x32xf32, #gpu.address_space<workgroup>>
    scf.forall (%i, %j) in (32, 32) {
      %v = memref.load %A[%j, %i] : memref<32x32xf32, #gpu.address_space<workgroup>>
      memref.store %v, %Y[%i, %j] : memref<32x32xf32>
    }
    gpu.return
  }
}

// -----

// A view as another shape counts on the positions of a linear buffer.
// CHECK-LABEL: gpu.func @seen_as_another_shape(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 4 : i32, shape = [1024], swizzle = 0 : i32}>
// CHECK: memref.copy{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0], [2, 0, 4]], shape = [32, 32], threads = 128 : i32}>
// CHECK: }{{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [8, 1, 0], [16, 8, 0], [2, 0, 4]], shape = [32, 32], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @seen_as_another_shape(%X: memref<32x32xf32>, %Y: memref<32x32xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : memref<1024xf32, #gpu.address_space<workgroup>>
    %V = memref.expand_shape %A [[0, 1]] output_shape [32, 32] : memref<1024xf32, #gpu.address_space<workgroup>> into memref<32x32xf32, #gpu.address_space<workgroup>>
    memref.copy %X, %V {tile.instruction = "simt"} : memref<32x32xf32> to memref<32x32xf32, #gpu.address_space<workgroup>>
    scf.forall (%i, %j) in (32, 32) {
      %v = memref.load %V[%j, %i] : memref<32x32xf32, #gpu.address_space<workgroup>>
      memref.store %v, %Y[%i, %j] : memref<32x32xf32>
    }
    gpu.return
  }
}

// -----

// Each stage that a bulk copy writes begins at a multiple of 128 bytes: 64 elements of 2 bytes.
// CHECK-LABEL: gpu.func @stages_of_64_bytes(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 2 : i32, leading = 1 : i32, pitch = 64 : i32, shape = [3, 32], swizzle = 0 : i32}>
gpu.module @kernels {
  gpu.func @stages_of_64_bytes(%X: memref<64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %full = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    %A = memref.alloc() : memref<3x32xf16, #gpu.address_space<workgroup>>
    %a = memref.subview %A[%c0, 0] [1, 32] [1, 1] : memref<3x32xf16, #gpu.address_space<workgroup>> to memref<32xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
    %x = memref.subview %X[0] [32] [1] : memref<64xf16> to memref<32xf16, strided<[1]>>
    "tile.bulk_copy"(%x, %a, %full, %c0) : (memref<32xf16, strided<[1]>>, memref<32xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>, !tile.mbarrier, index) -> ()
    gpu.return
  }
}

// -----

// 8-bit operands; rows of 192 bytes are three blocks of 64.
// CHECK-LABEL: gpu.func @wide_rows(
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 1 : i32, shape = [64, 192], swizzle = 64 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.shared<{element_bytes = 1 : i32, shape = [32, 192], swizzle = 64 : i32}>
// CHECK: memref.alloc(){{.*}}tile.layout = #tile.fragment<{modes = {{\[}}[2, 0, 1], [4, 1, 0], [4, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], shape = [64, 32], threads = 128 : i32}>
gpu.module @kernels {
  gpu.func @wide_rows() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : memref<64x192xi8, #gpu.address_space<workgroup>>
    %B = memref.alloc() : memref<32x192xi8, #gpu.address_space<workgroup>>
    %D = memref.alloc() : memref<64x32xi32, #gpu.address_space<private>>
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : memref<64x192xi8, #gpu.address_space<workgroup>>, memref<32x192xi8, #gpu.address_space<workgroup>>) outs(%D : memref<64x32xi32, #gpu.address_space<private>>)
    gpu.return
  }
}
