// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --tile-inject-software-pipeline | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --tile-inject-software-pipeline | FileCheck %s --check-prefix=ASYNC

// Rule 11: the outer loop is written first, then the inner one in each place that it has got.

// Channels nest: the inner loop's is counted over the iterations of the outer one.
// CHECK-LABEL: gpu.func @both(
// CHECK: %[[OUTER:.*]] = "tile.channel_init"() {depth = 2 : i32}
// CHECK: %[[INNER:.*]] = "tile.channel_init"() {depth = 3 : i32}
// CHECK: scf.for %[[M:.*]] = {{.*}} iter_args(%[[BEFORE:.*]] = %c0) -> (index)
// CHECK: "tile.channel_acquire"(%[[OUTER]], %[[M]])
// CHECK: "tile.channel_commit"(%[[OUTER]], %[[M]])
// CHECK: "tile.channel_wait"(%[[OUTER]], %[[M]])
// CHECK: scf.for %[[N:.*]] =
// CHECK: %[[NUMBER:.*]] = arith.addi %[[N]], %[[BEFORE]]
// CHECK: "tile.channel_acquire"(%[[INNER]], %[[NUMBER]])
// CHECK: "tile.channel_wait"(%[[INNER]], %[[NUMBER]])
// CHECK: "tile.channel_release"(%[[INNER]], %[[NUMBER]])
// CHECK: "tile.channel_release"(%[[OUTER]], %[[M]])
// CHECK: scf.yield

// An asynchronous pipeline in the steady step of the other, and one more in its drain. The waits of the outer loop leave as many
// groups pending as it has committed since; those of the inner one complete what is older, the outer loop's next tile.
// ASYNC-LABEL: gpu.func @both(
// ASYNC: tile.copy_async
// ASYNC-NEXT: tile.commit_group
// ASYNC-NEXT: scf.for %{{.*}} = %c1 to %c5
// ASYNC: tile.copy_async
// ASYNC-NEXT: tile.commit_group
// ASYNC-NEXT: "tile.wait_group"() {pending = 1 : i32}
// ASYNC: tile.copy_async
// ASYNC: tile.copy_async
// ASYNC: scf.for %{{.*}} = %c2 to %c7
// ASYNC: "tile.wait_group"() {pending = 2 : i32}
// ASYNC: linalg.add
// ASYNC: } {tile.pipeline_depth = 2 : i32}
// ASYNC: "tile.wait_group"() {pending = 1 : i32}
// ASYNC: "tile.wait_group"() {pending = 0 : i32}
// ASYNC: } {tile.pipeline_depth = 1 : i32}
// ASYNC-NEXT: "tile.wait_group"() {pending = 0 : i32}
// ASYNC: scf.for %{{.*}} = %c2 to %c7
// ASYNC-NOT: tile.statement
!x = memref<64x64xf16>
!win = memref<16x32xf16, strided<[64, 1], offset: ?>>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!frag = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @both(%A: !x, %B: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %m = %c0 to %c5 step %c1 {
      %a = memref.subview %A[0, %m] [16, 32] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.for %n = %c0 to %c7 step %c1 {
        %b = memref.subview %B[0, %n] [16, 32] [1, 1] : !x to !win
        memref.copy %b, %T : !win to !tile
        linalg.add ins(%S, %T : !tile, !tile) outs(%F : !frag)
      } {tile.num_stages = 3 : i32}
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
