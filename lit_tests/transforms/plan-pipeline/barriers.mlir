// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --tile-inject-software-pipeline | FileCheck %s --check-prefix=INJECTED

// Copy, arrive, wait, copy: the barrier's operations are statements in the stage of the work, in their order.
// CHECK-LABEL: gpu.func @copy_arrive_wait_copy(
// CHECK: memref.copy
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: "tile.mbarrier_arrive"
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: "tile.mbarrier_wait"
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 1 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = -1 : i32, order = 3 : i32, stage = 1 : i32}

// The parity is that of the iteration that waits: t - 1 in step t.
// INJECTED-LABEL: gpu.func @copy_arrive_wait_copy(
// INJECTED: tile.copy_async
// INJECTED-NOT: tile.mbarrier_arrive
// INJECTED: scf.for %[[T:.*]] = %c1 to %c4
// INJECTED: tile.copy_async
// INJECTED: %[[ITERATION:.*]] = affine.apply {{.*}}(%[[T]])
// INJECTED: "tile.mbarrier_arrive"
// INJECTED: %[[PARITY:.*]] = arith.remui %[[ITERATION]], %c2
// INJECTED: "tile.mbarrier_wait"(%{{.*}}, %c0, %[[PARITY]])
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
#times16 = affine_map<(i) -> (i * 16)>
gpu.module @kernels {
  gpu.func @copy_arrive_wait_copy(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    scf.for %k = %c0 to %c4 step %c1 {
      %o = affine.apply #times16(%k)
      %a = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      "tile.mbarrier_arrive"(%barrier, %c0) : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
