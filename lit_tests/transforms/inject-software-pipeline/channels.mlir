// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file | FileCheck %s

// Rule 5: the channel form.

// The loop keeps its bounds; channels go by iteration number.
// CHECK: #[[FROM:.*]] = affine_map<(d0) -> (d0 - 16)>
// CHECK-LABEL: gpu.func @one_channel(
//
// CHECK: %[[TILE:.*]] = memref.alloc() : memref<3x16xf16, #gpu.address_space<workgroup>>
// CHECK: %[[CHANNEL:.*]] = "tile.channel_init"() {depth = 3 : i32}
// CHECK-NEXT: scf.for %[[K:.*]] = %c16 to %arg1 step %c16 {
// CHECK-NEXT: %[[OFFSET:.*]] = affine.apply #[[FROM]](%[[K]])
// CHECK-NEXT: %[[I:.*]] = arith.divsi %[[OFFSET]], %c16 : index
// CHECK-NEXT: "tile.channel_acquire"(%[[CHANNEL]], %[[I]])
// CHECK-NEXT: %[[VERSION:.*]] = "tile.stage_index"(%[[I]]) {versions = 3 : i32}
// CHECK-NEXT: %[[V:.*]] = memref.subview %[[TILE]][%[[VERSION]], 0] [1, 16] [1, 1]
// CHECK-NEXT: %[[A:.*]] = memref.subview %arg0[%[[K]]]
// CHECK-NEXT: "tile.copy_async"(%[[A]], %[[V]]) {group = 0 : i32, tile.instruction = "bulk"}
// CHECK-NEXT: "tile.channel_commit"(%[[CHANNEL]], %[[I]])
// CHECK-NEXT: "tile.channel_wait"(%[[CHANNEL]], %[[I]])
// CHECK-NEXT: memref.copy %[[V]], %alloc_0
// CHECK-NEXT: "tile.channel_release"(%[[CHANNEL]], %[[I]])
// CHECK-NEXT: } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_channel(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c16 to %n step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "bulk"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "warp_specialize"}
    gpu.return
  }
}

// -----

// Source order, not the order of the schedule: both sides of the first channel, then of the second.
// CHECK-LABEL: gpu.func @two_channels(
//
// CHECK: memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK: memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK: %[[FIRST:.*]] = "tile.channel_init"() {depth = 2 : i32}
// CHECK-NEXT: %[[SECOND:.*]] = "tile.channel_init"() {depth = 2 : i32}
// CHECK: "tile.channel_acquire"(%[[FIRST]], %[[I:.*]]) :
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.channel_commit"(%[[FIRST]], %[[I]])
// CHECK-NEXT: "tile.channel_wait"(%[[FIRST]], %[[I]])
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.channel_release"(%[[FIRST]], %[[I]])
// CHECK-NEXT: "tile.channel_acquire"(%[[SECOND]], %[[I]])
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.channel_commit"(%[[SECOND]], %[[I]])
// CHECK-NEXT: "tile.channel_wait"(%[[SECOND]], %[[I]])
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.channel_release"(%[[SECOND]], %[[I]])
// CHECK-NEXT: } {tile.pipeline_depth = 2 : i32
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @two_channels(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "bulk"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %b, %T {tile.instruction = "bulk"} : !win to !tile
      }) {stage = 0 : i32, order = 3 : i32, group = 1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %T, %G : !tile to !frag
      }) {stage = 2 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "warp_specialize"}
    gpu.return
  }
}

// -----

// One group of two copies, two readers: one wait before the first, one release after the last.
// CHECK-LABEL: gpu.func @released_after_the_last_reader(
//
// CHECK: "tile.channel_acquire"
// CHECK: "tile.copy_async"
// CHECK-NOT: tile.channel
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.channel_commit"
// CHECK-NEXT: "tile.channel_wait"
// CHECK-NEXT: memref.copy
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.channel_release"
// CHECK-NEXT: } {tile.pipeline_depth = 2
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @released_after_the_last_reader(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "bulk"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %b, %T {tile.instruction = "bulk"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %T, %G : !tile to !frag
      }) {stage = 2 : i32, order = 3 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "warp_specialize"}
    gpu.return
  }
}

// -----

// Every iteration passes every channel, whatever its guard says.
// CHECK-LABEL: gpu.func @guards_inside(
//
// CHECK: "tile.channel_acquire"
// CHECK: scf.if %arg1 {
// CHECK-NEXT: "tile.copy_async"
// CHECK-NEXT: }
// CHECK-NEXT: "tile.channel_commit"
// CHECK-NEXT: "tile.channel_wait"
// CHECK-NEXT: scf.if %arg1 {
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: "tile.channel_release"
// CHECK-NEXT: }
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @guards_inside(%X: !x, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        scf.if %guard {
          memref.copy %a, %S {tile.instruction = "bulk"} : !win to !tile
        }
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        scf.if %guard {
          memref.copy %S, %F : !tile to !frag
        }
      }) {stage = 2 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "warp_specialize"}
    gpu.return
  }
}

// -----

// A channel of one stage needs no versions.
// CHECK-LABEL: gpu.func @one_stage(
//
// CHECK: memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
// CHECK: "tile.channel_init"() {depth = 1 : i32}
// CHECK: "tile.channel_acquire"
// CHECK: "tile.copy_async"(%{{.*}}, %alloc)
// CHECK: } {tile.pipeline_depth = 1 : i32, tile.strategy = "warp_specialize"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_stage(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "bulk"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 1 : i32, tile.strategy = "warp_specialize"}
    gpu.return
  }
}

// -----

// A copy that no instruction makes asynchronously stays a copy, between acquire and commit.
// CHECK-LABEL: gpu.func @synchronous_copy_in_a_channel(
//
// CHECK: "tile.channel_acquire"
// CHECK: "tile.copy_async"
// CHECK: memref.copy %{{.*}} {tile.instruction = "simt"}
// CHECK-NEXT: "tile.channel_commit"
// CHECK: "tile.channel_release"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @synchronous_copy_in_a_channel(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "bulk"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %b, %T {tile.instruction = "simt"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %T, %G : !tile to !frag
      }) {stage = 2 : i32, order = 3 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "warp_specialize"}
    gpu.return
  }
}
