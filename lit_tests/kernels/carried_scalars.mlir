// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --arg N=zeros
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg N=zeros
// RUN: tile-opt %s --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// Two values that change places from one iteration to the next, the result of an atomic update, and a guard over it: the
// loop is pipelined all the same.

// CHECK: role = "producer"
// CHECK: role = "consumer"
// SM80: tile.copy_async
// SM80: tile.pipeline_depth = 2
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @carried_scalars(%X: !x, %O: !x, %N: memref<2xi32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %i0 = arith.constant 0 : i32
    %i1 = arith.constant 1 : i32
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.store %i0, %N[%c0] : memref<2xi32>
    %a0, %b0 = scf.for %k = %c0 to %c64 step %c16 iter_args(%p = %i0, %q = %i1) -> (i32, i32) {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %O[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      %old = memref.atomic_rmw addi %q, %N[%c0] : (i32, memref<2xi32>) -> i32
      %odd = arith.andi %old, %i1 : i32
      %on = arith.cmpi eq, %odd, %i1 : i32
      memref.copy %S, %F : !tile to !frag
      scf.if %on {
      memref.copy %F, %b : !frag to !win
      }
      %s = arith.addi %p, %q : i32
      scf.yield %q, %s : i32, i32
    } {tile.num_stages = 2 : i32}
    memref.store %b0, %N[%c1] : memref<2xi32>
    gpu.return
  }
}
