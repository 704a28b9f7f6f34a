// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file | FileCheck %s

// Rule 2: trip counts of 0, 1, less than, equal to and above the depth, and unknown ones.

// Nothing is left of the loop.
// CHECK-LABEL: gpu.func @no_trips(
// CHECK-NOT: tile.copy_async
// CHECK-NOT: tile.commit_group
// CHECK-NOT: scf.for
// CHECK-NOT: memref.copy
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @no_trips(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c16 to %c16 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 3 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @negative_range(
// CHECK-NOT: tile.copy_async
// CHECK-NOT: tile.commit_group
// CHECK-NOT: scf.for
// CHECK-NOT: memref.copy
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @negative_range(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c32 to %c16 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 3 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Fewer iterations than stages: no steady loop; empty groups are committed all the same, so that the wait counts right.
// CHECK-LABEL: gpu.func @one_trip(
//
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 2 : i32}
// CHECK-NEXT: memref.subview %alloc[0, 0]
// CHECK-NEXT: memref.copy
// CHECK-NOT: memref.copy
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_trip(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c16 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 3 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @fewer_trips_than_stages(
//
// CHECK: memref.subview %arg0[%c0]
// CHECK-NEXT: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK: memref.subview %arg0[%c16]
// CHECK-NEXT: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 2 : i32}
// CHECK-NEXT: memref.subview %alloc[0, 0]
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: memref.subview %alloc[1, 0]
// CHECK-NEXT: memref.copy
// CHECK-NOT: memref.copy
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fewer_trips_than_stages(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c32 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 3 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @as_many_trips_as_the_depth(
//
// CHECK-NOT: scf.for
// CHECK: "tile.wait_group"() {pending = 2 : i32}
// CHECK: "tile.wait_group"() {pending = 1 : i32}
// CHECK: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NEXT: memref.subview %alloc[2, 0]
// CHECK-NEXT: memref.copy
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @as_many_trips_as_the_depth(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c48 = arith.constant 48 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c48 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 3 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// 49 is rounded up to four steps of 16; the steady loop runs once.
// CHECK-LABEL: gpu.func @one_more(
//
// CHECK: scf.for %{{.*}} = %c3 to %c4 step %c1 {
// CHECK: "tile.wait_group"() {pending = 3 : i32}
// CHECK: } {tile.pipeline_depth = 3 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 2 : i32}
// CHECK-NEXT: memref.subview %alloc[1, 0]
// CHECK: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: memref.subview %alloc[2, 0]
// CHECK: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NEXT: memref.subview %alloc[3, 0]
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_more(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c49 = arith.constant 49 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c49 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 3 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Bounds and step that are not known: the trip count is computed, prologue and epilogue ask, commits do not.
// CHECK: #[[BACK:.*]] = affine_map<(d0) -> (d0 - 2)>
// CHECK: #[[NEXT:.*]] = affine_map<(d0) -> (d0 + 1)>
// CHECK-LABEL: gpu.func @unknown_trips(
//
// CHECK: %[[RANGE:.*]] = arith.subi %arg2, %arg1 : index
// CHECK-NEXT: %[[TRIPS:.*]] = arith.ceildivsi %[[RANGE]], %arg3 : index
// CHECK-NEXT: %[[ANY:.*]] = arith.cmpi slt, %c0, %[[TRIPS]] : index
// CHECK-NEXT: scf.if %[[ANY]] {
// CHECK: "tile.copy_async"
// CHECK-NEXT: }
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK: %[[TWO:.*]] = arith.cmpi slt, %c1, %[[TRIPS]] : index
// CHECK-NEXT: scf.if %[[TWO]] {
// CHECK: "tile.copy_async"
// CHECK-NEXT: }
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: scf.for %[[T:.*]] = %c2 to %[[TRIPS]] step %c1 {
// CHECK-NEXT: %[[SCALED:.*]] = arith.muli %[[T]], %arg3 : index
// CHECK-NEXT: %[[K:.*]] = arith.addi %[[SCALED]], %arg1 : index
// CHECK: memref.subview %arg0[%[[K]]]
// CHECK: } {tile.pipeline_depth = 2 : i32}
// CHECK-NEXT: %[[END:.*]] = arith.maxsi %[[TRIPS]], %c2 : index
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: %[[I:.*]] = affine.apply #[[BACK]](%[[END]])
// CHECK-NEXT: %[[LIVE:.*]] = arith.cmpi slt, %[[I]], %[[TRIPS]] : index
// CHECK-NEXT: scf.if %[[LIVE]] {
// CHECK: "tile.stage_index"(%[[I]]) {versions = 3 : i32}
// CHECK: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: %[[LAST:.*]] = affine.apply #[[NEXT]](%[[END]])
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NEXT: %[[J:.*]] = affine.apply #[[BACK]](%[[LAST]])
// CHECK-NEXT: %[[LIVE2:.*]] = arith.cmpi slt, %[[J]], %[[TRIPS]] : index
// CHECK-NEXT: scf.if %[[LIVE2]] {
// CHECK: "tile.stage_index"(%[[J]]) {versions = 3 : i32}
// CHECK: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @unknown_trips(%X: !x, %low: index, %n: index, %step: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %low to %n step %step {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}
