// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --arg n=0
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg n=0
// RUN: tile-run %s --simulate-each --arg n=16
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg n=16
// RUN: tile-run %s --simulate-each --arg n=80
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg n=80
// RUN: tile-opt %s --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// Two pipelined loops of different stage counts over one tile, which is read after both. They share a channel.

// CHECK-COUNT-2: tile.mbarrier_init
// CHECK-NOT: tile.mbarrier_init
// CHECK: tile.specialize
// CHECK: tile.pipeline_depth = 3
// CHECK: tile.pipeline_depth = 2
// SM80: tile.pipeline_depth = 2
// SM80: tile.pipeline_depth = 1
!x = memref<256xf32>
!o = memref<16xf32>
!win = memref<16xf32, strided<[1], offset: ?>>
!tile = memref<16xf32, #gpu.address_space<workgroup>>
!frag = memref<16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @two_loops(%X: !x, %O: !o, %last: !o, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c96 = arith.constant 96 : index
    %zero = arith.constant 0.0 : f32
    %half = arith.constant 0.5 : f32
    %S = memref.alloc() : !tile
    %acc = memref.alloc() : !frag
    linalg.fill ins(%zero : f32) outs(%acc : !frag)
    scf.for %k = %c0 to %n step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %old = memref.load %acc[%e] : !frag
        %new = memref.load %S[%e] : !tile
        %scaled = arith.mulf %old, %half : f32
        %sum = arith.addf %scaled, %new : f32
        memref.store %sum, %acc[%e] : !frag
      }
    } {tile.num_stages = 3 : i32}
    scf.for %k = %c16 to %c96 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %old = memref.load %acc[%e] : !frag
        %new = memref.load %S[%e] : !tile
        %scaled = arith.mulf %old, %half : f32
        %sum = arith.addf %scaled, %new : f32
        memref.store %sum, %acc[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    memref.copy %S, %last : !tile to !o
    memref.copy %acc, %O : !frag to !o
    gpu.return
  }
}
