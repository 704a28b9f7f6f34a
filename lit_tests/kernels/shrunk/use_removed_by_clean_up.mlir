// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --tolerance 0 --seed 10024 --target cuda:sm_90a --arg count=0 --pass-pipeline='builtin.module(tile-plan-pipeline{strategy=auto},canonicalize,cse,loop-invariant-code-motion,tile-inject-software-pipeline,canonicalize,cse,loop-invariant-code-motion,tile-specialize-warps,canonicalize,cse,loop-invariant-code-motion,tile-infer-layout,canonicalize,cse,loop-invariant-code-motion)'

// Clean-up removes the only use of a copy (what it computes is not read): the copy of the next iteration found it in flight.

#map = affine_map<(d0) -> (d0 * 8)>
module {
  gpu.module @kernels {
    gpu.func @random_kernel(%in_b0: memref<8x96xbf16> {tile.name = "in_b0"}, %count: index {tile.name = "count"}) kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
      %c1 = arith.constant 1 : index
      %c1_i32 = arith.constant 1 : i32
      %c0 = arith.constant 0 : index
      %c2 = arith.constant 2 : index
      %cst = arith.constant 4.000000e+00 : f32
      %cst_0 = arith.constant -4.000000e+00 : f32
      %block_id_x = gpu.block_id x
      %alloc = memref.alloc() : memref<8x8xbf16, #gpu.address_space<workgroup>>
      %alloc_1 = memref.alloc() : memref<8x8xbf16, #gpu.address_space<workgroup>>
      %alloc_2 = memref.alloc() : memref<8xi32, #gpu.address_space<workgroup>>
      linalg.fill ins(%c1_i32 : i32) outs(%alloc_2 : memref<8xi32, #gpu.address_space<workgroup>>)
      scf.for %arg2 = %c0 to %c2 step %c1 {
        %0 = memref.load %alloc_2[%c0] : memref<8xi32, #gpu.address_space<workgroup>>
        %1 = arith.index_cast %0 : i32 to index
        %2 = affine.apply #map(%1)
        %subview = memref.subview %in_b0[0, %2] [8, 8] [1, 1] : memref<8x96xbf16> to memref<8x8xbf16, strided<[96, 1], offset: ?>>
        memref.copy %subview, %alloc : memref<8x8xbf16, strided<[96, 1], offset: ?>> to memref<8x8xbf16, #gpu.address_space<workgroup>>
        scf.forall (%arg3, %arg4) in (8, 8) {
          %3 = memref.load %alloc[%arg3, %arg4] : memref<8x8xbf16, #gpu.address_space<workgroup>>
          %4 = arith.extf %3 : bf16 to f32
          %5 = arith.minimumf %4, %cst : f32
          %6 = arith.maximumf %5, %cst_0 : f32
          %7 = arith.truncf %6 : f32 to bf16
          memref.store %7, %alloc_1[%arg3, %arg4] : memref<8x8xbf16, #gpu.address_space<workgroup>>
        }
      } {tile.num_stages = 1 : i32}
      gpu.return
    }
  }
}
