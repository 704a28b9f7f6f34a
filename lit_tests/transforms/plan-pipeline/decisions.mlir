// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --print-decisions | FileCheck %s

// The decisions of the pass as text, one line each.

// CHECK: loop: warp_specialize, stages [0, 0, 2], source order
// CHECK-NEXT: memref.copy: bulk: the first choice of the machine
// CHECK-NEXT: memref.copy: bulk: the first choice of the machine
// CHECK-NEXT: linalg.matmul: mma: no wgmma: 16x16x32 is no multiple of 64x8x16
// CHECK-NEXT: memref.copy: simt: no pipeline runs it ahead
// CHECK-NOT: tile-plan-pipeline
// CHECK: module
!matrix = memref<256x256xf16>
!window = memref<16x32xf16, strided<[256, 1], offset: ?>>
!operand = memref<16x32xf16, #gpu.address_space<workgroup>>
!accumulator = memref<16x16xf32, #gpu.address_space<private>>
!output = memref<16x16xf32>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
gpu.module @kernels {
  gpu.func @gemm(%A: !matrix, %B: !matrix, %C: !output) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %As = memref.alloc() : !operand
    %Bs = memref.alloc() : !operand
    %acc = memref.alloc() : !accumulator
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %A[0, %k] [16, 32] [1, 1] : !matrix to !window
      %b = memref.subview %B[0, %k] [16, 32] [1, 1] : !matrix to !window
      memref.copy %a, %As : !window to !operand
      memref.copy %b, %Bs : !window to !operand
      linalg.matmul indexing_maps = [#a, #b, #c] ins(%As, %Bs : !operand, !operand) outs(%acc : !accumulator)
    } {tile.num_stages = 3 : i32}
    memref.copy %acc, %C : !accumulator to !output
    gpu.return
  }
}
