// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --tolerance 0 --seed 50124 --target cuda:sm_90a --arg count=0 --pass-pipeline='builtin.module(tile-plan-pipeline{strategy=auto},tile-inject-software-pipeline,tile-specialize-warps,tile-infer-layout)'

// A product after the loop reads two tiles with versions: rewriting its use of the first must not hide its use of the second.

module {
  gpu.module @kernels {
    gpu.func @random_kernel(%in_a0: memref<16x195xf16> {tile.name = "in_a0"}, %in_b1: memref<16x192xf16> {tile.name = "in_b1"}, %count: index {tile.name = "count"}) kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
      %c1 = arith.constant 1 : index
      %cst = arith.constant 0.000000e+00 : f32
      %c0 = arith.constant 0 : index
      %block_id_x = gpu.block_id x
      %alloc = memref.alloc() : memref<16x16xf16, #gpu.address_space<workgroup>>
      %alloc_0 = memref.alloc() : memref<16x16xf16, #gpu.address_space<workgroup>>
      %alloc_1 = memref.alloc() : memref<16x16xf32, #gpu.address_space<private>>
      linalg.fill ins(%cst : f32) outs(%alloc_1 : memref<16x16xf32, #gpu.address_space<private>>)
      scf.for %arg3 = %c0 to %c1 step %c1 {
        %subview = memref.subview %in_a0[0, 0] [16, 16] [1, 1] : memref<16x195xf16> to memref<16x16xf16, strided<[195, 1]>>
        memref.copy %subview, %alloc : memref<16x16xf16, strided<[195, 1]>> to memref<16x16xf16, #gpu.address_space<workgroup>>
        %subview_2 = memref.subview %in_b1[0, 0] [16, 16] [1, 1] : memref<16x192xf16> to memref<16x16xf16, strided<[192, 1]>>
        memref.copy %subview_2, %alloc_0 : memref<16x16xf16, strided<[192, 1]>> to memref<16x16xf16, #gpu.address_space<workgroup>>
        linalg.matmul ins(%alloc, %alloc_0 : memref<16x16xf16, #gpu.address_space<workgroup>>, memref<16x16xf16, #gpu.address_space<workgroup>>) outs(%alloc_1 : memref<16x16xf32, #gpu.address_space<private>>)
      } {tile.num_stages = 2 : i32}
      linalg.matmul ins(%alloc, %alloc_0 : memref<16x16xf16, #gpu.address_space<workgroup>>, memref<16x16xf16, #gpu.address_space<workgroup>>) outs(%alloc_1 : memref<16x16xf32, #gpu.address_space<private>>)
      gpu.return
    }
  }
}
