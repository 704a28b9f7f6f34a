// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each
// RUN: tile-run %s --simulate-each --target cuda:sm_80
// RUN: tile-opt %s --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// An iteration writes what the next one copies.

// CHECK-NOT: tile.pipeline_depth
// CHECK: gpu.return
// SM80-NOT: tile.pipeline_depth
// SM80: gpu.return
!x = memref<256xf32>
!o = memref<16xf32>
!win = memref<16xf32, strided<[1], offset: ?>>
!tile = memref<16xf32, #gpu.address_space<workgroup>>
!frag = memref<16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @source_written_in_the_loop(%X: !x, %O: !o) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c96 = arith.constant 96 : index
    %zero = arith.constant 0.0 : f32
    %half = arith.constant 0.5 : f32
    %S = memref.alloc() : !tile
    %acc = memref.alloc() : !frag
    linalg.fill ins(%zero : f32) outs(%acc : !frag)
    scf.for %k = %c0 to %c96 step %c16 {
      %next = arith.addi %k, %c16 : index
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %X[%next] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %old = memref.load %acc[%e] : !frag
        %new = memref.load %S[%e] : !tile
        %scaled = arith.mulf %old, %half : f32
        %sum = arith.addf %scaled, %new : f32
        memref.store %sum, %acc[%e] : !frag
      }
      memref.copy %acc, %b : !frag to !win
    } {tile.num_stages = 3 : i32}
    memref.copy %acc, %O : !frag to !o
    gpu.return
  }
}
