// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file | FileCheck %s

// Rules 1, 2, 4 and 7: prologue, steady loop and epilogue, written by hand as plan-pipeline would leave them.

// Four iterations, depth 2: the copies of iterations 0 and 1, two full steps, the uses of iterations 2 and 3.
// CHECK-LABEL: gpu.func @prologue_steady_epilogue(
//
// CHECK: %[[TILE:.*]] = memref.alloc() : memref<3x16xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT: %[[FRAGMENT:.*]] = memref.alloc() : memref<16xf16, #gpu.address_space<private>>
// CHECK-NEXT: %[[V0:.*]] = memref.subview %[[TILE]][0, 0] [1, 16] [1, 1]
// CHECK-NEXT: %[[A0:.*]] = memref.subview %arg0[%c0] [16] [1]
// CHECK-NEXT: "tile.copy_async"(%[[A0]], %[[V0]]) {group = 0 : i32, tile.instruction = "cp_async"}
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: %[[V1:.*]] = memref.subview %[[TILE]][1, 0] [1, 16] [1, 1]
// CHECK-NEXT: %[[A1:.*]] = memref.subview %arg0[%c16] [16] [1]
// CHECK-NEXT: "tile.copy_async"(%[[A1]], %[[V1]]) {group = 0 : i32, tile.instruction = "cp_async"}
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: scf.for %[[T:.*]] = %c2 to %c4 step %c1 {
// CHECK-NEXT: %[[K:.*]] = affine.apply #map(%[[T]])
// CHECK-NEXT: %[[VERSION:.*]] = "tile.stage_index"(%[[T]]) {versions = 3 : i32}
// CHECK-NEXT: %[[V:.*]] = memref.subview %[[TILE]][%[[VERSION]], 0] [1, 16] [1, 1]
// CHECK-NEXT: %[[A:.*]] = memref.subview %arg0[%[[K]]] [16] [1]
// CHECK-NEXT: "tile.copy_async"(%[[A]], %[[V]]) {group = 0 : i32, tile.instruction = "cp_async"}
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 2 : i32}
// CHECK-NEXT: %[[I:.*]] = affine.apply #map1(%[[T]])
// CHECK: %[[USED:.*]] = "tile.stage_index"(%[[I]]) {versions = 3 : i32}
// CHECK-NEXT: %[[U:.*]] = memref.subview %[[TILE]][%[[USED]], 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %[[U]], %[[FRAGMENT]]
// CHECK-NEXT: } {tile.pipeline_depth = 2 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: %[[V2:.*]] = memref.subview %[[TILE]][2, 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %[[V2]], %[[FRAGMENT]]
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NEXT: %[[V3:.*]] = memref.subview %[[TILE]][0, 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %[[V3]], %[[FRAGMENT]]
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @prologue_steady_epilogue(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
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

// -----

// The copy has the later order: one version less, and the wait leaves what was committed before it in the step.
// CHECK-LABEL: gpu.func @copy_after_its_use(
//
// CHECK: memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK: memref.subview %alloc[0, 0]
// CHECK: "tile.commit_group"()
// CHECK: memref.subview %alloc[1, 0]
// CHECK: "tile.commit_group"()
// CHECK-NEXT: scf.for %[[T:.*]] = %c2 to %c4 step %c1 {
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: affine.apply
// CHECK: "tile.stage_index"({{.*}}) {versions = 2 : i32}
// CHECK: memref.copy
// CHECK: "tile.stage_index"(%[[T]]) {versions = 2 : i32}
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: } {tile.pipeline_depth = 2 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: memref.subview %alloc[0, 0]
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NEXT: memref.subview %alloc[1, 0]
// CHECK-NEXT: memref.copy
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @copy_after_its_use(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Depth 1 with the copy last needs no versions.
// CHECK-LABEL: gpu.func @one_stage_apart_copy_last(
//
// CHECK: memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
// CHECK: "tile.copy_async"(%{{.*}}, %alloc)
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: scf.for %[[T:.*]] = %c1 to %c4 step %c1 {
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK: memref.copy %alloc, %alloc_0
// CHECK: "tile.copy_async"(%{{.*}}, %alloc)
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: } {tile.pipeline_depth = 1 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NEXT: memref.copy %alloc, %alloc_0
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_stage_apart_copy_last(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 1 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// The first stage need not be 0, nor the orders dense: only differences count.
// CHECK-LABEL: gpu.func @stages_from_two(
//
// CHECK: memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK: "tile.commit_group"()
// CHECK-NEXT: scf.for %{{.*}} = %c1 to %c4 step %c1 {
// CHECK: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK: } {tile.pipeline_depth = 1 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @stages_from_two(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 2 : i32, order = 4 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 3 : i32, order = 9 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 1 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A copy without a group stays a copy, runs ahead, and is waited for by nobody.
// CHECK-LABEL: gpu.func @synchronous_copy(
//
// CHECK: memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK: %[[V0:.*]] = memref.subview %alloc[0, 0]
// CHECK: memref.copy %{{.*}}, %[[V0]]
// CHECK-NEXT: scf.for
// CHECK-NOT: tile.wait_group
// CHECK-NOT: tile.commit_group
// CHECK: } {tile.pipeline_depth = 1 : i32}
// CHECK-NEXT: %[[V1:.*]] = memref.subview %alloc[1, 0]
// CHECK-NEXT: memref.copy %[[V1]], %alloc_0
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @synchronous_copy(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 1 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// The induction variable of another integer type is cast back.
// CHECK-LABEL: gpu.func @integer_induction_variable(
//
// CHECK: scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK-NEXT: %[[K:.*]] = affine.apply #map(%[[T]])
// CHECK-NEXT: %[[CAST:.*]] = arith.index_cast %[[K]] : index to i32
// CHECK: arith.index_cast %[[CAST]] : i32 to index
// CHECK: "tile.copy_async"
// CHECK: } {tile.pipeline_depth = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @integer_induction_variable(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %l = arith.constant 0 : i32
    %h = arith.constant 64 : i32
    %s = arith.constant 16 : i32
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %l to %h step %s  : i32 {
      %i = arith.index_cast %k : i32 to index
      %a = memref.subview %X[%i] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}
