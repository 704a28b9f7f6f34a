// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --arg X=random:-1:1 --arg O=zeros --arg n=5
// RUN: tile-run %s --simulate-each --arg X=random:-1:1 --arg O=zeros --arg n=0
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg X=random:-1:1 --arg O=zeros --arg n=5
// RUN: tile-opt %s --tile-plan-pipeline --tile-inject-software-pipeline | FileCheck %s
// RUN: tile-opt %s --tile-plan-pipeline --tile-inject-software-pipeline --tile-specialize-warps | FileCheck %s --check-prefix=ROLES

// A while loop with values of its own, and with a pipelined loop in each of its regions. The counter of the one in the first region
// reaches the second region by the condition, that of the other one goes back with what is yielded.
// CHECK: %[[INIT:.*]]:3 = scf.while (%{{.*}} = %c0, %[[ONE:.*]] = %c0, %[[TWO:.*]] = %c0) : (index, index, index) -> (index, index, index)
// CHECK: %[[AFTER_ONE:.*]] = affine.apply {{.*}}(%[[ONE]])
// CHECK: scf.for
// CHECK: "tile.channel_acquire"
// CHECK: scf.condition(%{{.*}}) %{{.*}}, %[[AFTER_ONE]], %[[TWO]] : index, index, index
// CHECK: ^bb0(%{{.*}}: index, %[[PASSED:.*]]: index, %[[SECOND:.*]]: index):
// CHECK: %[[AFTER_TWO:.*]] = affine.apply {{.*}}(%[[SECOND]])
// CHECK: scf.for
// CHECK: "tile.channel_acquire"
// CHECK: scf.yield %{{.*}}, %[[PASSED]], %[[AFTER_TWO]] : index, index, index

// Both roles have the whole of it.
// ROLES: "tile.warp_group"
// ROLES: scf.while
// ROLES: tile.bulk_copy
// ROLES: scf.condition
// ROLES: tile.bulk_copy
// ROLES: scf.yield {{.*}} : index, index, index
// ROLES: "tile.warp_group"
// ROLES: scf.while
// ROLES: scf.condition
// ROLES: scf.yield {{.*}} : index, index, index
!x = memref<16x256xf16>
!o = memref<16x16xf16>
!win = memref<16x16xf16, strided<[256, 1], offset: ?>>
!tile = memref<16x16xf16, #gpu.address_space<workgroup>>
!frag = memref<16x16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @while_that_carries(%X: !x, %O: !o, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %sum = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%sum : !frag)
    %last = scf.while (%i = %c0) : (index) -> index {
      scf.for %k = %c0 to %c2 step %c1 {
        %m = arith.addi %i, %k : index
        %o = arith.muli %m, %c16 : index
        %w = memref.subview %X[0, %o] [16, 16] [1, 1] : !x to !win
        memref.copy %w, %S : !win to !tile
        linalg.add ins(%S, %sum : !tile, !frag) outs(%sum : !frag)
      } {tile.num_stages = 2 : i32}
      %more = arith.cmpi slt, %i, %n : index
      scf.condition(%more) %i : index
    } do {
    ^bb0(%j: index):
      scf.for %k = %c0 to %c3 step %c1 {
        %m = arith.addi %j, %k : index
        %o = arith.muli %m, %c16 : index
        %w = memref.subview %X[0, %o] [16, 16] [1, 1] : !x to !win
        memref.copy %w, %T : !win to !tile
        linalg.sub ins(%sum, %T : !frag, !tile) outs(%sum : !frag)
      } {tile.num_stages = 3 : i32}
      %next = arith.addi %j, %c1 : index
      scf.yield %next : index
    }
    memref.copy %sum, %O : !frag to !o
    gpu.return
  }
}
