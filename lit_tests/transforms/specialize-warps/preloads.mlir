// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps))' | FileCheck %s

// What stands before the loop and is left to the producer: one more mbarrier for each copy.

// The copy starts before everything else of the producer; the consumer waits right before the loop that reads it. One phase
// is all that there is: nobody waits for a free stage, and nobody gives one back.
// CHECK-LABEL: gpu.func @before_the_loop(
//
// CHECK: %[[ONCE:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32}
// CHECK-NEXT: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32}
// CHECK-NOT: tile.mbarrier_init
// CHECK: "tile.warp_group"() ({
// CHECK-NEXT: %[[STAGE:.*]] = "tile.stage_index"(%c0) {versions = 1 : i32}
// CHECK-NEXT: "tile.mbarrier_expect"(%[[ONCE]], %[[STAGE]]) {bytes = 32 : i32}
// CHECK-NEXT: "tile.bulk_copy"(%{{.*}}, %[[ONCE]], %[[STAGE]]) {tile.instruction = "bulk"}
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[ONCE]], %[[STAGE]]) {elect = true}
// CHECK-NEXT: scf.for
// CHECK: registers = 24 : i32, role = "producer"
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: %[[STAGE2:.*]] = "tile.stage_index"(%c0) {versions = 1 : i32}
// CHECK-NEXT: %[[PARITY:.*]] = "tile.phase"(%c0) {initial = 0 : i32, stages = 1 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[ONCE]], %[[STAGE2]], %[[PARITY]])
// CHECK-NEXT: scf.for
// CHECK-NOT: %[[ONCE]]
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @before_the_loop(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Repeated, it has a ring of two mbarriers, and both roles carry its count.
// CHECK-LABEL: gpu.func @in_a_persistent_loop(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 1 : i32}
// CHECK: "tile.warp_group"() ({
// CHECK-NEXT: scf.for {{.*}} iter_args(%{{.*}} = %c0, %[[ROUND:.*]] = %c0)
// CHECK: %[[STAGE:.*]] = "tile.stage_index"(%[[ROUND]]) {versions = 1 : i32}
// CHECK-NEXT: %[[PARITY:.*]] = "tile.phase"(%[[ROUND]]) {initial = 1 : i32, stages = 1 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[EMPTY]], %[[STAGE]], %[[PARITY]])
// CHECK-NEXT: "tile.mbarrier_expect"(%[[FULL]], %[[STAGE]]) {bytes = 32 : i32}
// CHECK-NEXT: "tile.bulk_copy"
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL]], %[[STAGE]]) {elect = true}
// CHECK: role = "producer"
// CHECK: iter_args(%{{.*}} = %c0, %[[ROUND2:.*]] = %c0)
// CHECK: %[[PARITY2:.*]] = "tile.phase"(%[[ROUND2]]) {initial = 0 : i32, stages = 1 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[FULL]], %[[STAGE2:.*]], %[[PARITY2]])
// CHECK-NEXT: scf.for
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[EMPTY]], %[[STAGE2]]) :
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @in_a_persistent_loop(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %i = %c0 to %n step %c1 {
      %t = arith.cmpi ne, %i, %c1 : index
      scf.if %t {
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
      }
    }
    gpu.return
  }
}
