// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --tolerance 0
// RUN: tile-run %s --simulate-each --tolerance 0 --target cuda:sm_80

// One operation before the loop uses two tiles that get versions: it is rewritten twice.
module {
  gpu.module @kernels {
    gpu.func @two_tiles(%in_a0: memref<16x192xf16> {tile.name = "in_a0"}, %in_b0: memref<16x192xf16> {tile.name = "in_b0"}) kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
      %c1 = arith.constant 1 : index
      %cst = arith.constant 0.000000e+00 : f16
      %cst_0 = arith.constant 0.000000e+00 : f32
      %c0 = arith.constant 0 : index
      %block_id_x = gpu.block_id x
      %alloc = memref.alloc() : memref<16x16xf16, #gpu.address_space<workgroup>>
      %alloc_1 = memref.alloc() : memref<16x16xf16, #gpu.address_space<workgroup>>
      %alloc_2 = memref.alloc() : memref<16x16xf32, #gpu.address_space<private>>
      %alloc_3 = memref.alloc() : memref<16xf32, #gpu.address_space<private>>
      %alloc_4 = memref.alloc() : memref<16xf32, #gpu.address_space<private>>
      linalg.fill ins(%cst : f16) outs(%alloc : memref<16x16xf16, #gpu.address_space<workgroup>>)
      linalg.fill ins(%cst : f16) outs(%alloc_1 : memref<16x16xf16, #gpu.address_space<workgroup>>)
      linalg.fill ins(%cst_0 : f32) outs(%alloc_2 : memref<16x16xf32, #gpu.address_space<private>>)
      linalg.matmul ins(%alloc, %alloc_1 : memref<16x16xf16, #gpu.address_space<workgroup>>, memref<16x16xf16, #gpu.address_space<workgroup>>) outs(%alloc_2 : memref<16x16xf32, #gpu.address_space<private>>)
      scf.for %arg3 = %c0 to %c0 step %c1 {
        %subview = memref.subview %in_a0[0, 0] [16, 16] [1, 1] : memref<16x192xf16> to memref<16x16xf16, strided<[192, 1]>>
        memref.copy %subview, %alloc : memref<16x16xf16, strided<[192, 1]>> to memref<16x16xf16, #gpu.address_space<workgroup>>
        %subview_5 = memref.subview %in_b0[0, 0] [16, 16] [1, 1] : memref<16x192xf16> to memref<16x16xf16, strided<[192, 1]>>
        memref.copy %subview_5, %alloc_1 : memref<16x16xf16, strided<[192, 1]>> to memref<16x16xf16, #gpu.address_space<workgroup>>
        linalg.reduce ins(%alloc_1 : memref<16x16xf16, #gpu.address_space<workgroup>>) outs(%alloc_4 : memref<16xf32, #gpu.address_space<private>>) dimensions = [1] 
          (%in: f16, %init: f32) {
            %0 = arith.extf %in : f16 to f32
            %1 = arith.maximumf %0, %init : f32
            linalg.yield %1 : f32
          }
        linalg.reduce ins(%alloc : memref<16x16xf16, #gpu.address_space<workgroup>>) outs(%alloc_3 : memref<16xf32, #gpu.address_space<private>>) dimensions = [0] 
          (%in: f16, %init: f32) {
            %0 = arith.extf %in : f16 to f32
            %1 = arith.maximumf %0, %init : f32
            linalg.yield %1 : f32
          }
      } {tile.num_stages = 2 : i32}
      gpu.return
    }
  }
}

