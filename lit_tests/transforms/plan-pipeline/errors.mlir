// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 1: bulk copies that the user signals on an mbarrier run ahead with all that completes its phase, where each iteration
// completes one phase. What waits for the barrier, and what reads the tile, keep their order.

// CHECK-LABEL: gpu.func @runs_ahead(
// CHECK: "tile.mbarrier_expect"
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: "tile.bulk_copy"
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: "tile.mbarrier_arrive"
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 0 : i32}
// CHECK: "tile.mbarrier_wait"
// CHECK-NEXT: }) {group = -1 : i32, order = 3 : i32, stage = 1 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = -1 : i32, order = 4 : i32, stage = 1 : i32}
// CHECK: tile.reason = "not specialized: a copy that runs ahead signals a barrier of the kernel's own", tile.strategy = "async"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @runs_ahead(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A plain copy beside it forms a group as before.
// CHECK-LABEL: gpu.func @beside_a_plain_copy(
// CHECK: "tile.bulk_copy"
// CHECK-NEXT: }) {group = -1 : i32, order = 3 : i32, stage = 0 : i32}
// CHECK: memref.copy
// CHECK-NEXT: }) {group = 0 : i32, order = 6 : i32, stage = 0 : i32}
// CHECK: "tile.mbarrier_wait"
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @beside_a_plain_copy(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// An explicit schedule may give the two sides of the barrier stages of their own.
// CHECK-LABEL: gpu.func @in_an_explicit_schedule(
// CHECK: "tile.bulk_copy"
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.mbarrier_wait"
// CHECK-NEXT: }) {group = -1 : i32, order = 3 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @in_an_explicit_schedule(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32, tile.stage = 0 : i32, tile.order = 0 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) {tile.stage = 0 : i32, tile.order = 1 : i32} : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true, tile.stage = 1 : i32, tile.order = 2 : i32} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) {tile.stage = 2 : i32, tile.order = 3 : i32} : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F {tile.stage = 3 : i32, tile.order = 4 : i32} : !tile to !frag
    }
    gpu.return
  }
}

// -----

// Where nothing is copied there is nothing to run ahead: the barrier's operations stay with the work.
// CHECK-LABEL: gpu.func @without_a_copy(
// CHECK: "tile.mbarrier_arrive"
// CHECK-NEXT: }) {group = -1 : i32, order = {{[0-9]}} : i32, stage = 1 : i32}
// CHECK: "tile.mbarrier_wait"
// CHECK-NEXT: }) {group = -1 : i32, order = {{[0-9]}} : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @without_a_copy(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
