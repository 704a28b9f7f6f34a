// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each
// RUN: tile-run %s --simulate-each --target cuda:sm_80
// RUN: tile-opt %s --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// Tiles that cross every edge: M, N and K are no multiples of the tile, and rows of 40 elements suit a bulk copy.

// CHECK: tile.bulk_copy
// CHECK: role = "producer"
// CHECK: tile.instruction = "wgmma"
// SM80: tile.pipeline_depth = 2
!a = memref<100x40xf16>
!b = memref<50x40xf16>
!c = memref<100x50xf32>
!as = memref<64x16xf16, #gpu.address_space<workgroup>>
!bs = memref<32x16xf16, #gpu.address_space<workgroup>>
!acc = memref<64x32xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @gemm_edges(%A: !a, %B: !b, %C: !c) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 2, 2, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c40 = arith.constant 40 : index
    %As = memref.alloc() : !as
    %Bs = memref.alloc() : !bs
    %acc = memref.alloc() : !acc
    %zero = arith.constant 0.0 : f32
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %row = affine.apply affine_map<(i) -> (i * 64)>(%by)
    %column = affine.apply affine_map<(i) -> (i * 32)>(%bx)
    linalg.fill ins(%zero : f32) outs(%acc : !acc)
    scf.for %k = %c0 to %c40 step %c16 {
      "tile.copy_in"(%A, %row, %k, %As) : (!a, index, index, !as) -> ()
      "tile.copy_in"(%B, %column, %k, %Bs) : (!b, index, index, !bs) -> ()
      linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
        ins(%As, %Bs : !as, !bs) outs(%acc : !acc)
    } {tile.num_stages = 3 : i32}
    "tile.copy_out"(%acc, %C, %row, %column) : (!acc, !c, index, index) -> ()
    gpu.return
  }
}
