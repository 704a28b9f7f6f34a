// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-specialize-warps --split-input-file | FileCheck %s

// Every rule of the pass, on channel form written by hand.

// The whole form: rings in place of the channel, each side in its own loop of the same bounds, the block grown by 128 threads.
// CHECK-LABEL: gpu.func @producer_and_consumer(
//
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK-NOT: tile.channel
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK: "tile.specialize"() ({
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: scf.for %[[K:.*]] = %c0 to %c64 step %c16 {
// CHECK-NEXT: %[[I:.*]] = arith.divsi %[[K]], %c16 : index
// CHECK-NEXT: %[[STAGE:.*]] = "tile.stage_index"(%[[I]]) {versions = 3 : i32}
// CHECK-NEXT: %[[PARITY:.*]] = "tile.phase"(%[[I]]) {initial = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[EMPTY]], %[[STAGE]], %[[PARITY]])
// CHECK: %[[TILE:.*]] = memref.subview %alloc[
// CHECK-NEXT: %[[WINDOW:.*]] = memref.subview %arg0[%[[K]]]
// CHECK-NEXT: "tile.mbarrier_expect"(%[[FULL]], %[[STAGE]]) {bytes = 32 : i32}
// CHECK-NEXT: "tile.bulk_copy"(%[[WINDOW]], %[[TILE]], %[[FULL]], %[[STAGE]]) {tile.instruction = "bulk"}
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL]], %[[STAGE]]) {elect = true}
// CHECK-NEXT: } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
// CHECK-NEXT: }) {registers = 24 : i32, role = "producer", warps = 4 : i32}
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: scf.for %[[K2:.*]] = %c0 to %c64 step %c16 {
// CHECK-NEXT: %[[I2:.*]] = arith.divsi %[[K2]], %c16 : index
// CHECK: %[[PARITY2:.*]] = "tile.phase"(%[[I2]]) {initial = 0 : i32, stages = 3 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[FULL]], %[[STAGE2:[0-9]*]], %[[PARITY2]])
// CHECK-NEXT: memref.copy %{{.*}}, %alloc_0
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[EMPTY]], %[[STAGE2]]) :
// CHECK-NEXT: } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
// CHECK-NEXT: memref.copy %alloc_0, %arg1
// CHECK-NEXT: }) {registers = 240 : i32, role = "consumer", warps = 4 : i32}
// CHECK-NEXT: })
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @producer_and_consumer(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// Each channel has rings and stages of its own depth.
// CHECK-LABEL: gpu.func @two_channels(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK: %[[FULL2:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32}
// CHECK-NEXT: %[[EMPTY2:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32}
// CHECK: "tile.phase"({{.*}}) {initial = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[EMPTY]],
// CHECK-NEXT: "tile.mbarrier_expect"(%[[FULL]],
// CHECK-NEXT: "tile.bulk_copy"({{.*}}%[[FULL]],
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL]], {{.*}} {elect = true}
// CHECK-NEXT: %[[STAGE2:.*]] = "tile.stage_index"({{.*}}) {versions = 2 : i32}
// CHECK-NEXT: "tile.phase"({{.*}}) {initial = 1 : i32, stages = 2 : i32}
// CHECK-NEXT: "tile.mbarrier_wait"(%[[EMPTY2]], %[[STAGE2]],
// CHECK-NEXT: "tile.mbarrier_expect"(%[[FULL2]], %[[STAGE2]]
// CHECK-NEXT: "tile.bulk_copy"({{.*}}%[[FULL2]], %[[STAGE2]]
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL2]], %[[STAGE2]]
// CHECK-NEXT: }
// CHECK-NEXT: }) {registers = 24 : i32, role = "producer"
// CHECK: "tile.mbarrier_wait"(%[[FULL]],
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[EMPTY]],
// CHECK: "tile.mbarrier_wait"(%[[FULL2]],
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[EMPTY2]],
// CHECK-NEXT: }
// CHECK-NEXT: }) {registers = 240 : i32, role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @two_channels(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %T = memref.alloc() : !tiles
    %first = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    %second = "tile.channel_init"() {depth = 2 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %t = memref.subview %T[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.channel_acquire"(%first, %i) : (!tile.channel, index) -> ()
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%first, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%first, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %O : !version to !x16
      "tile.channel_release"(%first, %i) : (!tile.channel, index) -> ()
      "tile.channel_acquire"(%second, %i) : (!tile.channel, index) -> ()
      "tile.copy_async"(%a, %t) {group = 1 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%second, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%second, %i) : (!tile.channel, index) -> ()
      memref.copy %t, %O : !version to !x16
      "tile.channel_release"(%second, %i) : (!tile.channel, index) -> ()
    }
    gpu.return
  }
}

// -----

// Rule 1: pure operations and reads of constant memory come before both; what touches written memory is the consumer's.
// CHECK-LABEL: gpu.func @shared_prefix(
//
// CHECK: %[[ROW:.*]] = memref.load %arg2[%c0]
// CHECK-NEXT: arith.addi %[[ROW]], %[[ROW]]
// CHECK-NEXT: "tile.specialize"
// CHECK: role = "producer"
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: memref.store
// CHECK-NEXT: %[[READ:.*]] = memref.load %arg3[%c0]
// CHECK-NEXT: memref.store %[[READ]], %arg3[%c1]
// CHECK-NEXT: scf.for
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!table = memref<16xindex>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @shared_prefix(%X: !x, %O: !x16, %table: !table, %written: !table) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    %row = memref.load %table[%c0] : !table
    %twice = arith.addi %row, %row : index
    memref.store %twice, %written[%c0] : !table
    %read = memref.load %written[%c0] : !table
    memref.store %read, %written[%c1] : !table
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// Rule 2.
// CHECK-LABEL: gpu.func @other_loops_are_the_consumers(
//
// CHECK: "tile.bulk_copy"
// CHECK-NEXT: "tile.mbarrier_arrive"
// CHECK-NEXT: }
// CHECK-NEXT: }) {registers = 24 : i32, role = "producer"
// CHECK: "tile.mbarrier_arrive"
// CHECK-NEXT: } {tile.pipeline_depth
// CHECK-NEXT: scf.for %{{.*}} = %c0 to %c16 step %c1 {
// CHECK-NEXT: memref.load
// CHECK-NEXT: memref.store
// CHECK-NEXT: }
// CHECK-NEXT: }) {registers = 240 : i32, role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @other_loops_are_the_consumers(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    scf.for %j = %c0 to %c16 step %c1 {
      %e = memref.load %F[%j] : !frag
      memref.store %e, %O[%j] : !x16
    }
    gpu.return
  }
}

// -----

// Rule 4: the bytes are announced under the guard, the arrival is not.
// CHECK-LABEL: gpu.func @guarded_copy(
//
// CHECK: "tile.mbarrier_wait"
// CHECK: scf.if %arg2 {
// CHECK-NEXT: "tile.mbarrier_expect"(%0, %{{.*}}) {bytes = 32 : i32}
// CHECK-NEXT: "tile.bulk_copy"
// CHECK-NEXT: }
// CHECK-NEXT: "tile.mbarrier_arrive"(%0, %{{.*}}) {elect = true}
// CHECK: "tile.mbarrier_wait"
// CHECK-NEXT: scf.if %arg2 {
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: "tile.mbarrier_arrive"(%1, %{{.*}}) :
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @guarded_copy(%X: !x, %O: !x16, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      scf.if %guard {
        "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      }
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      scf.if %guard {
        memref.copy %s, %F : !version to !frag
      }
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// Rules 4 and 6: threads that copy arrive themselves, and need their registers.
// CHECK-LABEL: gpu.func @copy_of_threads(
//
// CHECK: "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK-NEXT: "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK: memref.copy %{{.*}} {tile.instruction = "simt"}
// CHECK-NEXT: "tile.mbarrier_arrive"(%0, %{{[0-9]*}}) :
// CHECK: }) {role = "producer", warps = 4 : i32}
// CHECK: }) {role = "consumer", warps = 4 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @copy_of_threads(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %s {tile.instruction = "simt"} : !win to !version
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// One copy of the channel is made by threads: all of them arrive, after the bytes of the other are announced.
// CHECK-LABEL: gpu.func @mixed_copies(
//
// CHECK: "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK: "tile.mbarrier_expect"(%0, %{{.*}}) {bytes = 32 : i32}
// CHECK-NEXT: "tile.bulk_copy"
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.mbarrier_arrive"(%0, %{{[0-9]*}}) :
// CHECK: }) {role = "producer", warps = 4 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @mixed_copies(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      memref.copy %a, %s {tile.instruction = "simt"} : !win to !version
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// Rule 6: registers for one, two and three consumer warp groups; none for four, or for a part of one.
// CHECK-LABEL: gpu.func @one_warp_group(
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK: }) {registers = 24 : i32, role = "producer", warps = 4 : i32}
// CHECK: }) {registers = 240 : i32, role = "consumer", warps = 4 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @one_warp_group(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @two_warp_groups(
// CHECK-SAME: known_block_size = array<i32: 384, 1, 1>
// CHECK: }) {registers = 24 : i32, role = "producer", warps = 4 : i32}
// CHECK: }) {registers = 240 : i32, role = "consumer", warps = 8 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @two_warp_groups(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @three_warp_groups(
// CHECK-SAME: known_block_size = array<i32: 512, 1, 1>
// CHECK: }) {registers = 24 : i32, role = "producer", warps = 4 : i32}
// CHECK: }) {registers = 160 : i32, role = "consumer", warps = 12 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @three_warp_groups(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 384, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @four_warp_groups(
// CHECK-SAME: known_block_size = array<i32: 640, 1, 1>
// CHECK: }) {role = "producer", warps = 4 : i32}
// CHECK: }) {role = "consumer", warps = 16 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @four_warp_groups(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 512, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @half_a_warp_group(
// CHECK-SAME: known_block_size = array<i32: 192, 1, 1>
// CHECK: }) {role = "producer", warps = 4 : i32}
// CHECK: }) {role = "consumer", warps = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @half_a_warp_group(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// Rule 4: the empty ring takes one arrival of each of the 256 consumer threads.
// CHECK-LABEL: gpu.func @consumer_arrivals(
//
// CHECK: "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: "tile.mbarrier_init"() {arrivals = 256 : i32, stages = 3 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @consumer_arrivals(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

// A kernel without channels stays as it is.
// CHECK-LABEL: gpu.func @no_channels(
// CHECK-SAME: known_block_size = array<i32: 128, 1, 1>
// CHECK-NEXT: memref.copy
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
gpu.module @kernels {
  gpu.func @no_channels(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    memref.copy %X, %Y : !x to !x
    gpu.return
  }
}
