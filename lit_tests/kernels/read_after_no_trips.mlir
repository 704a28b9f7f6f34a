// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --arg n=0
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg n=0
// RUN: tile-run %s --simulate-each --arg n=16
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg n=16
// RUN: tile-run %s --simulate-each --arg n=48
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg n=48
// RUN: tile-opt %s --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// The tile has a value before the loop, which is read after it if the loop does not run.

// CHECK: tile.specialize
// CHECK: role = "producer"
// The consumer gives the stage that it held back when the next one has come.
// CHECK: scf.for
// CHECK: tile.mbarrier_wait
// CHECK: "tile.mbarrier_arrive"
// CHECK-NEXT: scf.forall
// SM80: tile.copy_async
// SM80: tile.wait_group
// SM80: tile.pipeline_depth = 2
!x = memref<256xf32>
!o = memref<16xf32>
!win = memref<16xf32, strided<[1], offset: ?>>
!tile = memref<16xf32, #gpu.address_space<workgroup>>
!frag = memref<16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @read_after_no_trips(%X: !x, %O: !o, %last: !o, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0.0 : f32
    %half = arith.constant 0.5 : f32
    %S = memref.alloc() : !tile
    %acc = memref.alloc() : !frag
    linalg.fill ins(%zero : f32) outs(%acc : !frag)
    linalg.fill ins(%half : f32) outs(%S : !tile)
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
    memref.copy %S, %last : !tile to !o
    memref.copy %acc, %O : !frag to !o
    gpu.return
  }
}
