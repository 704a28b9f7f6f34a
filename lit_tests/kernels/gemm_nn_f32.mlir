// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each
// RUN: tile-run %s --simulate-each --target cuda:sm_80
// RUN: tile-opt %s --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// C = A B in f32: no matrix instruction.

// CHECK: tile.bulk_copy
// CHECK: role = "producer"
// CHECK: tile.instruction = "scalar"
// SM80: tile.pipeline_depth = 1
!a = memref<128x96xf32>
!b = memref<96x64xf32>
!c = memref<128x64xf32>
!as = memref<64x16xf32, #gpu.address_space<workgroup>>
!bs = memref<16x32xf32, #gpu.address_space<workgroup>>
!acc = memref<64x32xf32, #gpu.address_space<private>>
!aw = memref<64x16xf32, strided<[96, 1], offset: ?>>
!bw = memref<16x32xf32, strided<[64, 1], offset: ?>>
!cw = memref<64x32xf32, strided<[64, 1], offset: ?>>
gpu.module @kernels {
  gpu.func @gemm_nn_f32(%A: !a, %B: !b, %C: !c) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 2, 2, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c96 = arith.constant 96 : index
    %As = memref.alloc() : !as
    %Bs = memref.alloc() : !bs
    %acc = memref.alloc() : !acc
    %zero = arith.constant 0.0 : f32
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %row = affine.apply affine_map<(i) -> (i * 64)>(%by)
    %column = affine.apply affine_map<(i) -> (i * 32)>(%bx)
    linalg.fill ins(%zero : f32) outs(%acc : !acc)
    scf.for %k = %c0 to %c96 step %c16 {
      %a = memref.subview %A[%row, %k] [64, 16] [1, 1] : !a to !aw
      %b = memref.subview %B[%k, %column] [16, 32] [1, 1] : !b to !bw
      memref.copy %a, %As : !aw to !as
      memref.copy %b, %Bs : !bw to !bs
      linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
        ins(%As, %Bs : !as, !bs) outs(%acc : !acc)
    } {tile.num_stages = 2 : i32}
    %c = memref.subview %C[%row, %column] [64, 32] [1, 1] : !c to !cw
    memref.copy %acc, %c : !acc to !cw
    gpu.return
  }
}
