// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps))' | FileCheck %s

// Where a tile is used outside of its loops while copies may still come, the consumer holds the stage of the last iteration until
// the next one has come. Iteration 0 brings nothing, and is held at first.

// Between two loops: iterations 1 to 4 and 5 to 8. What stands between sees iteration 4, in stage 4 mod 2 = 0.
// CHECK-LABEL: gpu.func @between(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32}
// CHECK: %[[TILES:.*]] = memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK: %[[HELD:.*]] = memref.subview %[[TILES]][0, 0]
// CHECK: "tile.warp_group"() ({
// CHECK-NEXT: %[[FIRST:.*]] = "tile.stage_index"(%c0) {versions = 2 : i32}
// CHECK-NEXT: "tile.phase"(%c0) {initial = 1 : i32, stages = 2 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[EMPTY]], %[[FIRST]],
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL]], %[[FIRST]]) {elect = true}
// CHECK-NEXT: scf.for
// CHECK-NEXT: %[[I:.*]] = arith.divsi
// CHECK-NEXT: %[[NUMBER:.*]] = affine.apply #map(%[[I]])
// CHECK-NEXT: "tile.stage_index"(%[[NUMBER]])
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: scf.for
// CHECK-NEXT: %[[I:.*]] = arith.divsi
// CHECK-NEXT: affine.apply #map1(%[[I]])
// CHECK: role = "producer"
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: %[[FIRST:.*]] = "tile.stage_index"(%c0) {versions = 2 : i32}
// CHECK-NEXT: "tile.phase"(%c0) {initial = 0 : i32, stages = 2 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[FULL]], %[[FIRST]],
// CHECK-NEXT: scf.for
// CHECK: %[[NUMBER:.*]] = affine.apply #map(
// CHECK: "tile.mbarrier_wait"(%[[FULL]],
// CHECK-NEXT: %[[BEFORE:.*]] = affine.apply #map2(%[[NUMBER]])
// CHECK-NEXT: %[[STAGE:.*]] = "tile.stage_index"(%[[BEFORE]]) {versions = 2 : i32}
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[EMPTY]], %[[STAGE]]) :
// CHECK-NEXT: scf.forall
// CHECK-NOT: tile.mbarrier_arrive
// CHECK: memref.copy %[[HELD]],
// CHECK-NEXT: scf.for
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @between(%X: !x, %O: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%F : !frag)
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %old = memref.load %F[%e] : !frag
        %s = memref.load %S[%e] : !tile
        %sum = arith.addf %old, %s : f16
        memref.store %sum, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    memref.copy %S, %F : !tile to !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %old = memref.load %F[%e] : !frag
        %s = memref.load %S[%e] : !tile
        %sum = arith.addf %old, %s : f16
        memref.store %sum, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// After the only loop nothing comes any more: the last stage, of iteration 3, is read where it is, and none is held.
// CHECK-LABEL: gpu.func @after(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32}
// CHECK: %[[TILES:.*]] = memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK: %[[LAST:.*]] = memref.subview %[[TILES]][1, 0]
// CHECK: "tile.warp_group"() ({
// CHECK-NEXT: scf.for
// CHECK: role = "producer"
// CHECK: "tile.mbarrier_wait"(%[[FULL]],
// CHECK-NEXT: scf.forall
// CHECK: "tile.mbarrier_arrive"(%[[EMPTY]],
// CHECK-NEXT: } {tile.pipeline_depth
// CHECK-NEXT: memref.copy %[[LAST]],
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @after(%X: !x, %O: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%F : !frag)
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %old = memref.load %F[%e] : !frag
        %s = memref.load %S[%e] : !tile
        %sum = arith.addf %old, %s : f16
        memref.store %sum, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    memref.copy %S, %F : !tile to !frag
    gpu.return
  }
}

// -----

// In the body of an outer loop: the next round brings more, so the stage of iteration n - 1 is held, n counted over the rounds from 1 on.
// CHECK-LABEL: gpu.func @held_in_a_loop(
//
// CHECK: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32}
// CHECK: "tile.mbarrier_arrive"(%{{.*}}) {elect = true}
// CHECK-NEXT: scf.for {{.*}} iter_args(%[[COUNT:.*]] = %c1) -> (index) {
// CHECK-NEXT: %[[NEXT:.*]] = affine.apply #map(%[[COUNT]])
// CHECK-NEXT: scf.for
// CHECK: scf.yield %[[NEXT]] : index
// CHECK: role = "producer"
// CHECK: "tile.mbarrier_wait"
// CHECK-NEXT: scf.for {{.*}} iter_args(%[[COUNT2:.*]] = %c1) -> (index) {
// CHECK: %[[NUMBER:.*]] = arith.addi %{{.*}}, %[[COUNT2]]
// CHECK: %[[BEFORE:.*]] = affine.apply #map1(%[[NUMBER]])
// CHECK-NEXT: %[[STAGE:.*]] = "tile.stage_index"(%[[BEFORE]])
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[EMPTY]], %[[STAGE]]) :
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: %[[END:.*]] = affine.apply #map(%[[COUNT2]])
// CHECK-NEXT: %[[LAST:.*]] = affine.apply #map1(%[[END]])
// CHECK-NEXT: %[[HELD:.*]] = "tile.stage_index"(%[[LAST]]) {versions = 2 : i32}
// CHECK-NEXT: %[[TILE:.*]] = memref.subview %{{.*}}[%[[HELD]], 0]
// CHECK-NEXT: memref.copy %[[TILE]],
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @held_in_a_loop(%X: !x, %O: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%F : !frag)
    scf.for %i = %c0 to %n step %c1 {
      scf.for %k = %c0 to %c64 step %c16 {
        %a = memref.subview %X[%k] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
        scf.forall (%e) in (16) {
          %old = memref.load %F[%e] : !frag
          %s = memref.load %S[%e] : !tile
          %sum = arith.addf %old, %s : f16
          memref.store %sum, %F[%e] : !frag
        }
      } {tile.num_stages = 2 : i32}
      memref.copy %S, %F : !tile to !frag
    }
    gpu.return
  }
}
