// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --arg table=random:0:16
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg table=random:0:16
// RUN: tile-opt %s --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// Each iteration overwrites the index that it has read: the index is kept, ahead with the copy that it places.

// CHECK: tile.copy_async
// CHECK: tile.pipeline_depth = 2
// SM80: tile.copy_async
// SM80: tile.pipeline_depth = 2
!x = memref<256xf32>
!o = memref<16xf32>
!win = memref<16xf32, strided<[1], offset: ?>>
!tile = memref<16xf32, #gpu.address_space<workgroup>>
!frag = memref<16xf32, #gpu.address_space<private>>
#times16 = affine_map<(i) -> (i * 16)>
gpu.module @kernels {
  gpu.func @gather_shifted(%X: !x, %table: memref<16xindex>, %O: !o) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0.0 : f32
    %half = arith.constant 0.5 : f32
    %S = memref.alloc() : !tile
    %acc = memref.alloc() : !frag
    linalg.fill ins(%zero : f32) outs(%acc : !frag)
    scf.for %k = %c0 to %c16 step %c1 {
      %row = memref.load %table[%k] : memref<16xindex>
      memref.store %k, %table[%k] : memref<16xindex>
      %offset = affine.apply #times16(%row)
      %a = memref.subview %X[%offset] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %old = memref.load %acc[%e] : !frag
        %new = memref.load %S[%e] : !tile
        %scaled = arith.mulf %old, %half : f32
        %sum = arith.addf %scaled, %new : f32
        memref.store %sum, %acc[%e] : !frag
      }
    } {tile.num_stages = 3 : i32}
    memref.copy %acc, %O : !frag to !o
    gpu.return
  }
}
