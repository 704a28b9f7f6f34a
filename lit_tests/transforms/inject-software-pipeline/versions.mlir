// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file | FileCheck %s

// Rules 1 and 6: how many versions a buffer gets, and which one is used where.

// Before the loop stands iteration -1, after it the last of four: versions 2 and 0.
// CHECK-LABEL: gpu.func @before_and_after(
//
// CHECK: %[[TILE:.*]] = memref.alloc() : memref<3x16xf16, #gpu.address_space<workgroup>>
// CHECK: %[[BEFORE:.*]] = memref.subview %[[TILE]][2, 0] [1, 16] [1, 1]
// CHECK-NEXT: linalg.fill ins(%{{.*}}) outs(%[[BEFORE]]
// CHECK: } {tile.pipeline_depth = 2 : i32}
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK-NEXT: %[[AFTER:.*]] = memref.subview %[[TILE]][0, 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %[[AFTER]], %arg1
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @before_and_after(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%S : !tile)
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    memref.copy %S, %O : !tile to !x16
    gpu.return
  }
}

// -----

// After a loop that may not run: iteration max(trips, 0) - 1, so that no trips leave version 2.
// CHECK: #[[LAST:.*]] = affine_map<(d0) -> (d0 - 1)>
// CHECK-LABEL: gpu.func @after_unknown_trips(
//
// CHECK: %[[BEFORE:.*]] = memref.subview %alloc[2, 0] [1, 16] [1, 1]
// CHECK-NEXT: linalg.fill ins(%{{.*}}) outs(%[[BEFORE]]
// CHECK: %[[TRIPS:.*]] = arith.ceildivsi %arg2, %c16 : index
// CHECK: } {tile.pipeline_depth = 2 : i32}
// CHECK: %[[COUNT:.*]] = arith.maxsi %[[TRIPS]], %c0 : index
// CHECK-NEXT: %[[I:.*]] = affine.apply #[[LAST]](%[[COUNT]])
// CHECK-NEXT: %[[VERSION:.*]] = "tile.stage_index"(%[[I]]) {versions = 3 : i32}
// CHECK-NEXT: %[[AFTER:.*]] = memref.subview %alloc[%[[VERSION]], 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %[[AFTER]], %arg1
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @after_unknown_trips(%X: !x, %O: !x16, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%S : !tile)
    scf.for %k = %c0 to %n step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    memref.copy %S, %O : !tile to !x16
    gpu.return
  }
}

// -----

// The loop that needs most decides the versions; iterations are counted on over both loops. After four: version 0; the second loop
// starts at iteration 4, version 1; after eight: version 1.
// CHECK: #[[AFTER4:.*]] = affine_map<(d0) -> (d0 + 4)>
// CHECK-LABEL: gpu.func @two_loops_one_buffer(
//
// CHECK: memref.alloc() : memref<3x16xf16, #gpu.address_space<workgroup>>
// CHECK: } {tile.pipeline_depth = 2 : i32}
// CHECK: memref.copy %{{.*}}, %alloc_0
// CHECK: memref.copy %{{.*}}, %alloc_0
// CHECK-NEXT: %[[BETWEEN:.*]] = memref.subview %alloc[0, 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %[[BETWEEN]], %arg1
// CHECK-NEXT: memref.subview %alloc[1, 0] [1, 16] [1, 1]
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"
// CHECK-NEXT: scf.for %[[T:.*]] = %c1 to %c4 step %c1 {
// CHECK: %[[I:.*]] = affine.apply #[[AFTER4]](%[[T]])
// CHECK-NEXT: "tile.stage_index"(%[[I]]) {versions = 3 : i32}
// CHECK: } {tile.pipeline_depth = 1 : i32}
// CHECK: memref.subview %alloc[1, 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %{{.*}}, %alloc_0
// CHECK-NEXT: %[[AFTER:.*]] = memref.subview %alloc[1, 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %[[AFTER]], %arg1
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @two_loops_one_buffer(%X: !x, %O: !x16) kernel
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
    memref.copy %S, %O : !tile to !x16
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    memref.copy %S, %O : !tile to !x16
    gpu.return
  }
}

// -----

// A persistent loop around: each time the inner loop starts anew, from version 0.
// CHECK-LABEL: gpu.func @nested_in_a_loop(
//
// CHECK: memref.alloc() : memref<3x16xf16, #gpu.address_space<workgroup>>
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK-NEXT: memref.subview %alloc[0, 0] [1, 16] [1, 1]
// CHECK: "tile.copy_async"
// CHECK: scf.for %{{.*}} = %c2 to %c4 step %c1 {
// CHECK: } {tile.pipeline_depth = 2 : i32}
// CHECK: memref.copy %{{.*}}, %alloc_0
// CHECK: memref.copy %{{.*}}, %alloc_0
// CHECK-NEXT: %[[AFTER:.*]] = memref.subview %alloc[0, 0] [1, 16] [1, 1]
// CHECK-NEXT: memref.copy %[[AFTER]], %arg1
// CHECK-NEXT: }
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @nested_in_a_loop(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %block = %c0 to %c4 step %c1 {
      scf.for %k = %c0 to %c64 step %c16 {
        %a = memref.subview %X[%k] [16] [1] : !x to !win
        "tile.statement"() ({
          memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
        }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
        "tile.statement"() ({
          memref.copy %S, %F : !tile to !frag
        }) {stage = 2 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
      } {tile.num_stages = 3 : i32, tile.strategy = "async"}
      memref.copy %S, %O : !tile to !x16
    }
    gpu.return
  }
}

// -----

// The whole buffer is freed, not a version of it.
// CHECK-LABEL: gpu.func @freed(
// CHECK: memref.dealloc %alloc : memref<3x16xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @freed(%X: !x, %O: !x) kernel
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
    memref.dealloc %S : !tile
    gpu.return
  }
}

// -----

// An accumulator keeps its one version.
// CHECK-LABEL: gpu.func @not_renewed(
//
// CHECK: memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT: memref.alloc() : memref<16xf16, #gpu.address_space<private>>
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @not_renewed(%X: !x, %O: !x) kernel
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
        linalg.add ins(%S, %F : !tile, !frag) outs(%F : !frag)
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Rule 6: the annotation is expanded by the three versions.
// CHECK-LABEL: gpu.func @annotated_layouts(
//
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, leading = 1 : i32, shape = [3, 16], swizzle = 32 : i32}>} : memref<3x16xf16, #gpu.address_space<workgroup>>
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @annotated_layouts(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() {tile.layout = #tile.shared<{shape = [16], element_bytes = 2 : i32, swizzle = 32 : i32}>} : !tile
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

// A fragment gets registers of its own for each version.
// CHECK-LABEL: gpu.func @annotated_fragment(
//
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{modes = {{\[}}[4, 0, 1], [4, 1, 0], [2, 0, 4]], replicas = {{\[}}[32, 4, 0]], shape = [2, 16], threads = 128 : i32}>} : memref<2x16xf16, #gpu.address_space<private>>
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @annotated_fragment(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() {tile.layout = #tile.fragment<{shape = [16], threads = 128 : i32, modes = [[4, 0, 1], [4, 1, 0]], replicas = [[32, 4, 0]]}>} : !frag
    %G = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %F, %G : !frag to !frag
      }) {stage = 2 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}
