// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --tolerance 0 --seed 5206 --target cuda:sm_90a --arg count=0 --pass-pipeline='builtin.module(tile-plan-pipeline{strategy=auto},tile-inject-software-pipeline,tile-specialize-warps,tile-infer-layout)'

// Two loops of different blocks share a tile and were both specialized: the second counted on from the variable of a loop that had ended.

module {
  gpu.module @kernels {
    gpu.func @random_kernel(%in_bias: memref<192xf16> {tile.name = "in_bias"}, %count: index {tile.name = "count"}) kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
      %c1 = arith.constant 1 : index
      %c0 = arith.constant 0 : index
      %cst = arith.constant 4.000000e+00 : f32
      %cst_0 = arith.constant -4.000000e+00 : f32
      %block_id_x = gpu.block_id x
      %alloc = memref.alloc() : memref<16x16xf32, #gpu.address_space<private>>
      %alloc_1 = memref.alloc() : memref<16xf32, #gpu.address_space<private>>
      %alloc_2 = memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
      scf.for %arg2 = %c0 to %c0 step %c1 {
        scf.for %arg3 = %c0 to %c0 step %c1 {
          %subview = memref.subview %in_bias[0] [16] [1] : memref<192xf16> to memref<16xf16, strided<[1]>>
          memref.copy %subview, %alloc_2 : memref<16xf16, strided<[1]>> to memref<16xf16, #gpu.address_space<workgroup>>
          scf.forall (%arg4, %arg5) in (16, 16) {
            %0 = memref.load %alloc_2[%arg4] : memref<16xf16, #gpu.address_space<workgroup>>
            %1 = arith.extf %0 : f16 to f32
            %2 = arith.minimumf %1, %cst : f32
            %3 = arith.maximumf %2, %cst_0 : f32
            memref.store %3, %alloc[%arg4, %arg5] : memref<16x16xf32, #gpu.address_space<private>>
          }
        } {tile.num_stages = 1 : i32}
      }
      scf.for %arg2 = %c0 to %c0 step %c1 {
        %subview = memref.subview %in_bias[0] [16] [1] : memref<192xf16> to memref<16xf16, strided<[1]>>
        memref.copy %subview, %alloc_2 : memref<16xf16, strided<[1]>> to memref<16xf16, #gpu.address_space<workgroup>>
        scf.forall (%arg3) in (16) {
          %0 = memref.load %alloc_2[%arg3] : memref<16xf16, #gpu.address_space<workgroup>>
          %1 = arith.extf %0 : f16 to f32
          %2 = arith.minimumf %1, %cst : f32
          %3 = arith.maximumf %2, %cst_0 : f32
          memref.store %3, %alloc_1[%arg3] : memref<16xf32, #gpu.address_space<private>>
        }
      } {tile.num_stages = 1 : i32}
      gpu.return
    }
  }
}
