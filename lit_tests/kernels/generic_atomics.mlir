// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each
// RUN: tile-run %s --simulate-each --target cuda:sm_80
// RUN: tile-opt %s --target cuda:sm_90a --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// An atomic update by a region: the loop around it is pipelined and specialized like one with atomic_rmw.

// CHECK: role = "producer"
// CHECK: memref.generic_atomic_rmw
// CHECK: role = "consumer"
// SM80: tile.copy_async
// SM80: memref.generic_atomic_rmw
!x = memref<8x32xf32>
!win = memref<32xf32, strided<[1], offset: ?>>
!tile = memref<32xf32, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @generic_atomics(%X: !x, %H: memref<4xf32>, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %half = arith.constant 0.5 : f32
    %S = memref.alloc() : !tile
    scf.for %k = %c0 to %c8 step %c1 {
      %a = memref.subview %X[%k, 0] [1, 32] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%j) in (32) {
        %x = memref.load %S[%j] : !tile
        %b = arith.remui %j, %c4 : index
        %old = memref.generic_atomic_rmw %H[%b] : memref<4xf32> {
        ^bb0(%current: f32):
          %less = arith.mulf %current, %half : f32
          %new = arith.addf %less, %x : f32
          memref.atomic_yield %new : f32
        }
        memref.store %old, %O[%k, %j] : !x
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
