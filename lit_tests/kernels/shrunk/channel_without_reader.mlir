// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --tolerance 0 --seed 10962 --target cuda:sm_90a --arg count=0 --pass-pipeline='builtin.module(tile-plan-pipeline{strategy=auto},canonicalize,cse,loop-invariant-code-motion,tile-inject-software-pipeline,canonicalize,cse,loop-invariant-code-motion,tile-specialize-warps,canonicalize,cse,loop-invariant-code-motion,tile-infer-layout,canonicalize,cse,loop-invariant-code-motion)'

// Clean-up removes the only use of a bulk copy: a channel without a reader has nowhere to be released.

module {
  gpu.module @kernels {
    gpu.func @random_kernel(%in_a0: memref<16x192xf32> {tile.name = "in_a0"}, %count: index {tile.name = "count"}) kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
      %c1 = arith.constant 1 : index
      %c0 = arith.constant 0 : index
      %c2 = arith.constant 2 : index
      %cst = arith.constant 4.000000e+00 : f32
      %cst_0 = arith.constant -4.000000e+00 : f32
      %block_id_x = gpu.block_id x
      %alloc = memref.alloc() : memref<16x16xf32, #gpu.address_space<workgroup>>
      %alloc_1 = memref.alloc() : memref<16x16xf32, #gpu.address_space<workgroup>>
      scf.for %arg2 = %c0 to %c2 step %c1 {
        "tile.copy_in"(%in_a0, %c0, %c0, %alloc) {pad = 0.000000e+00 : f32} : (memref<16x192xf32>, index, index, memref<16x16xf32, #gpu.address_space<workgroup>>) -> ()
        scf.forall (%arg3, %arg4) in (16, 16) {
          %0 = memref.load %alloc[%arg3, %arg4] : memref<16x16xf32, #gpu.address_space<workgroup>>
          %1 = arith.minimumf %0, %cst : f32
          %2 = arith.maximumf %1, %cst_0 : f32
          memref.store %2, %alloc_1[%arg3, %arg4] : memref<16x16xf32, #gpu.address_space<workgroup>>
        }
      } {tile.num_stages = 1 : i32}
      gpu.return
    }
  }
}
