// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps))' | FileCheck %s

// Iterations are counted over the loops and guards around: stage and parity go on where the last round has ended.

// A loop of a trip count that changes, under a guard, in an outer loop: each role counts for itself, and counts alike. Where the
// guard does not hold, or the loop does not run, nothing is added.
// CHECK-LABEL: gpu.func @counted(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32}
// CHECK-NOT: tile.mbarrier_init
// CHECK: %[[OUTER:.*]] = scf.for %[[I:.*]] = %c0 to %arg2 step %c1 iter_args(%[[COUNT:.*]] = %c0) -> (index) {
// CHECK-NEXT: %[[SOME:.*]] = arith.cmpi ne, %[[I]], %c1
// CHECK-NEXT: %[[INNER:.*]] = scf.if %[[SOME]] -> (index) {
// CHECK-NEXT: %[[BOUND:.*]] = arith.muli %[[I]], %c16
// CHECK-NEXT: %[[TRIPS:.*]] = arith.ceildivsi %[[BOUND]], %c16
// CHECK-NEXT: %[[MADE:.*]] = arith.maxsi %[[TRIPS]], %c0
// CHECK-NEXT: %[[SUM:.*]] = arith.addi %[[COUNT]], %[[MADE]]
// CHECK-NEXT: scf.for %[[K:.*]] = %c0 to %[[BOUND]] step %c16 {
// CHECK-NEXT: %[[N:.*]] = arith.divsi %[[K]], %c16
// CHECK-NEXT: %[[NUMBER:.*]] = arith.addi %[[N]], %[[COUNT]]
// CHECK: %[[STAGE:[0-9]*]] = "tile.stage_index"(%[[NUMBER]]) {versions = 2 : i32}
// CHECK-NEXT: %[[PARITY:.*]] = "tile.phase"(%[[NUMBER]]) {initial = 1 : i32, stages = 2 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[EMPTY]], %[[STAGE]], %[[PARITY]])
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: scf.yield %[[SUM]] : index
// CHECK-NEXT: } else {
// CHECK-NEXT: scf.yield %[[COUNT]] : index
// CHECK-NEXT: }
// CHECK-NEXT: scf.yield %[[INNER]] : index
// CHECK-NEXT: }
// CHECK-NEXT: }) {registers = 24 : i32, role = "producer"
// CHECK: %[[OUTER:.*]] = scf.for %[[I:.*]] = %c0 to %arg2 step %c1 iter_args(%[[COUNT:.*]] = %c0) -> (index) {
// CHECK-NEXT: %[[SOME:.*]] = arith.cmpi ne, %[[I]], %c1
// CHECK-NEXT: %[[INNER:.*]] = scf.if %[[SOME]] -> (index) {
// CHECK-NEXT: %[[BOUND:.*]] = arith.muli %[[I]], %c16
// CHECK-NEXT: %[[TRIPS:.*]] = arith.ceildivsi %[[BOUND]], %c16
// CHECK-NEXT: %[[MADE:.*]] = arith.maxsi %[[TRIPS]], %c0
// CHECK-NEXT: %[[SUM:.*]] = arith.addi %[[COUNT]], %[[MADE]]
// CHECK-NEXT: scf.for %[[K:.*]] = %c0 to %[[BOUND]] step %c16 {
// CHECK-NEXT: %[[N:.*]] = arith.divsi %[[K]], %c16
// CHECK-NEXT: %[[NUMBER:.*]] = arith.addi %[[N]], %[[COUNT]]
// CHECK: %[[STAGE:[0-9]*]] = "tile.stage_index"(%[[NUMBER]]) {versions = 2 : i32}
// CHECK: %[[STAGE:[0-9]*]] = "tile.stage_index"(%[[NUMBER]]) {versions = 2 : i32}
// CHECK-NEXT: %[[PARITY:.*]] = "tile.phase"(%[[NUMBER]]) {initial = 0 : i32, stages = 2 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[FULL]], %[[STAGE]], %[[PARITY]])
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: scf.yield %[[SUM]] : index
// CHECK-NEXT: } else {
// CHECK-NEXT: scf.yield %[[COUNT]] : index
// CHECK-NEXT: }
// CHECK-NEXT: scf.yield %[[INNER]] : index
// CHECK-NEXT: }
// CHECK-NEXT: }) {registers = 240 : i32, role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @counted(%X: !x, %O: !x, %n: index) kernel
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
      %some = arith.cmpi ne, %i, %c1 : index
      scf.if %some {
        %end = arith.muli %i, %c16 : index
        scf.for %k = %c0 to %end step %c16 {
          %a = memref.subview %X[%k] [16] [1] : !x to !win
          memref.copy %a, %S : !win to !tile
          scf.forall (%e) in (16) {
            %old = memref.load %F[%e] : !frag
            %s = memref.load %S[%e] : !tile
            %sum = arith.addf %old, %s : f16
            memref.store %sum, %F[%e] : !frag
          }
        } {tile.num_stages = 2 : i32}
      }
    }
    gpu.return
  }
}
