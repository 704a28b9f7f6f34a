// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file | FileCheck %s

// Rule 9: a barrier of two stages whose second one is waited for two steps later becomes three of them. Iteration n uses stage
// (n mod 3) * 2 + 1, with the parity (n div 3) mod 2.

// CHECK-LABEL: gpu.func @replicated(
// CHECK-NOT: stages = 2 : i32
// CHECK: %[[RING:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 6 : i32}
// CHECK: "tile.mbarrier_expect"(%[[RING]], %c1)
// CHECK: "tile.bulk_copy"(%{{.*}}, %{{.*}}, %{{.*}}, %[[RING]], %c1)
// CHECK: "tile.mbarrier_arrive"(%[[RING]], %c1)
// CHECK: "tile.bulk_copy"(%{{.*}}, %{{.*}}, %{{.*}}, %[[RING]], %c3)
// CHECK: scf.for %[[STEP:.*]] = %c2 to %c7
// CHECK: "tile.mbarrier_arrive"(%[[RING]], %
// CHECK: %[[ITERATION:.*]] = affine.apply #map{{[0-9]*}}(%[[STEP]])
// CHECK: %[[REPLICA:.*]] = "tile.stage_index"(%[[ITERATION]]) {versions = 3 : i32}
// CHECK: %[[FIRST:.*]] = affine.apply {{.*}}(%[[REPLICA]])
// CHECK: %[[STAGE:.*]] = affine.apply {{.*}}(%[[FIRST]])
// CHECK: %[[PARITY:.*]] = "tile.phase"(%[[ITERATION]]) {initial = 0 : i32, stages = 3 : i32}
// CHECK: "tile.mbarrier_wait"(%[[RING]], %[[STAGE]], %[[PARITY]])
// The drain: iterations 5 and 6 are the second ones of their replicas.
// CHECK: "tile.mbarrier_wait"(%[[RING]], %c5, %c1)
// CHECK: "tile.mbarrier_wait"(%[[RING]], %c1, %c0)
!x = memref<256xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @replicated(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c7 = arith.constant 7 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32} : () -> !tile.mbarrier
    scf.for %k = %c0 to %c7 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.statement"() ({
        "tile.mbarrier_expect"(%barrier, %c1) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      }) {stage = 0 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        "tile.bulk_copy"(%X, %o, %S, %barrier, %c1) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      }) {stage = 0 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        "tile.mbarrier_arrive"(%barrier, %c1) {elect = true} : (!tile.mbarrier, index) -> ()
      }) {stage = 0 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.statement"() ({
        "tile.mbarrier_wait"(%barrier, %c1, %parity) : (!tile.mbarrier, index, index) -> ()
      }) {stage = 2 : i32, order = 3 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 4 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// In another loop the iterations are counted on: the phases of a barrier do not begin anew.
// CHECK-LABEL: gpu.func @counted_on(
// CHECK: scf.for {{.*}} iter_args(%[[BEFORE:.*]] = %c0) -> (index)
// CHECK: "tile.stage_index"(%[[BEFORE]]) {versions = 3 : i32}
// CHECK: "tile.phase"(%{{.*}}) {initial = 0 : i32, stages = 3 : i32}
// CHECK: scf.yield %{{.*}} : index
!x = memref<256xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @counted_on(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c7 = arith.constant 7 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32} : () -> !tile.mbarrier
    scf.for %t = %c0 to %c2 step %c1 {
      scf.for %k = %c0 to %c7 step %c1 {
        %o = arith.muli %k, %c16 : index
        "tile.statement"() ({
          "tile.mbarrier_expect"(%barrier, %c1) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
        }) {stage = 0 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
        "tile.statement"() ({
          "tile.bulk_copy"(%X, %o, %S, %barrier, %c1) : (!x, index, !tile, !tile.mbarrier, index) -> ()
        }) {stage = 0 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
        "tile.statement"() ({
          "tile.mbarrier_arrive"(%barrier, %c1) {elect = true} : (!tile.mbarrier, index) -> ()
        }) {stage = 0 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
        %parity = arith.remui %k, %c2 : index
        "tile.statement"() ({
          "tile.mbarrier_wait"(%barrier, %c1, %parity) : (!tile.mbarrier, index, index) -> ()
        }) {stage = 2 : i32, order = 3 : i32, group = -1 : i32} : () -> ()
        "tile.statement"() ({
          memref.copy %S, %F : !tile to !frag
        }) {stage = 2 : i32, order = 4 : i32, group = -1 : i32} : () -> ()
      } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    }
    gpu.return
  }
}
