// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --print-decisions 2>/dev/null | FileCheck %s

// CHECK: kernel counts: 2 buffers and 3 parallel operations laid out
// CHECK: module
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @counts(%X: !m) kernel
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
