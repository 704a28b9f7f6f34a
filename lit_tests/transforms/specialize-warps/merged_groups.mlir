// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps))' | FileCheck %s

// Copies that are waited for at one place and given back at one place share a ring; others have their own.

// One ring, and one arrival, for both copies: the bytes of each are announced on it.
// CHECK-LABEL: gpu.func @merged(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK-NOT: tile.mbarrier_init
// CHECK: "tile.mbarrier_wait"(%[[EMPTY]], %[[STAGE:.*]], %{{.*}})
// CHECK-NOT: tile.mbarrier_wait
// CHECK: "tile.mbarrier_expect"(%[[FULL]], %[[STAGE]]) {bytes = 32 : i32}
// CHECK-NEXT: "tile.bulk_copy"
// CHECK: "tile.mbarrier_expect"(%[[FULL]], %[[STAGE]]) {bytes = 32 : i32}
// CHECK-NEXT: "tile.bulk_copy"
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL]], %[[STAGE]]) {elect = true}
// CHECK-NEXT: }
// CHECK: role = "producer"
// CHECK: "tile.mbarrier_wait"(%[[FULL]], %[[STAGE2:[0-9]*]],
// CHECK-NEXT: scf.forall
// CHECK-NOT: tile.mbarrier_wait
// CHECK: "tile.mbarrier_arrive"(%[[EMPTY]], %[[STAGE2]]) :
// CHECK-NEXT: }
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @merged(%X: !x, %O: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %O[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %Q : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 3 : i32}
    gpu.return
  }
}

// -----

// The first tile is needed one statement earlier: it is not kept waiting for the other. Both are given back after the last.
// CHECK-LABEL: gpu.func @apart(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK: %[[FULL2:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: %[[EMPTY2:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK: "tile.mbarrier_wait"(%[[EMPTY]], %[[STAGE:.*]], %{{.*}})
// CHECK: "tile.mbarrier_expect"(%[[FULL]], %[[STAGE]])
// CHECK: "tile.mbarrier_arrive"(%[[FULL]], %[[STAGE]]) {elect = true}
// CHECK: "tile.mbarrier_wait"(%[[EMPTY2]], %[[STAGE2:.*]], %{{.*}})
// CHECK: "tile.mbarrier_expect"(%[[FULL2]], %[[STAGE2]])
// CHECK: "tile.mbarrier_arrive"(%[[FULL2]], %[[STAGE2]]) {elect = true}
// CHECK: role = "producer"
// CHECK: "tile.mbarrier_wait"(%[[FULL]],
// CHECK-NEXT: memref.copy
// CHECK: "tile.mbarrier_wait"(%[[FULL2]],
// CHECK-NEXT: scf.forall
// CHECK: "tile.mbarrier_arrive"(%[[EMPTY]],
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[EMPTY2]],
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @apart(%X: !x, %O: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %O[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %Q : !win to !tile
      memref.copy %S, %F : !tile to !frag
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 3 : i32}
    gpu.return
  }
}
