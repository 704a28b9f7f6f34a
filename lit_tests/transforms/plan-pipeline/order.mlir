// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 3: which copies run ahead, where they stand in a step, and when they rotate to the front.

// The copy comes right after its last use, one iteration ahead.
// CHECK-LABEL: gpu.func @one_stage_does_not_rotate(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %{{.*}}, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_0 {
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 1 : i32}
// CHECK-NEXT: } {tile.num_stages = 1 : i32,
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_stage_does_not_rotate(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 1 : i32}
    gpu.return
  }
}

// -----

// With two stages the copy, which would be last, rotates to the front, and its user moves down to stage 1.
// CHECK-LABEL: gpu.func @two_stages_rotate(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %{{.*}}, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_0 {
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: } {tile.num_stages = 2 : i32,
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @two_stages_rotate(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @four_stages_rotate(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %{{.*}}, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_0 {
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 3 : i32}
// CHECK-NEXT: } {tile.num_stages = 4 : i32,
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @four_stages_rotate(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 4 : i32}
    gpu.return
  }
}

// -----

// The copy goes right after its last use, which is not the last statement: nothing rotates, users are at stage 2.
// CHECK-LABEL: gpu.func @statement_after_the_last_use_stops_rotation(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %{{.*}}, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_0 {
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 2 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: linalg.add ins(%alloc_0, %alloc_0
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!frag16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @statement_after_the_last_use_stops_rotation(%X: !x, %G: !frag16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
      linalg.add ins(%F, %F : !frag, !frag) outs(%G : !frag16)
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// As in attention: each copy follows its own last use. Not all copies are last, so nothing rotates.
// CHECK-LABEL: gpu.func @two_copies_two_uses(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_1 {
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 2 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview_3, %alloc_0 {
// CHECK-NEXT: }) {group = 1 : i32, order = 3 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: linalg.add
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @two_copies_two_uses(%X: !x, %Y: !x) kernel
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
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
      memref.copy %b, %T : !win to !tile
      linalg.add ins(%F, %T : !frag, !tile) outs(%G : !frag)
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A copy of global memory to a fragment is no copy to shared memory: it keeps its place and the later stage.
// CHECK-LABEL: gpu.func @copy_to_a_fragment_keeps_its_place(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview_1, %alloc_0 {
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: linalg.add
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @copy_to_a_fragment_keeps_its_place(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      memref.copy %b, %F : !win to !frag
      memref.copy %a, %S : !win to !tile
      linalg.add ins(%F, %S : !frag, !tile) outs(%F : !frag)
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A copy whose tile nothing in the loop reads is not in a hurry, and in no group.
// CHECK-LABEL: gpu.func @unread_copy_does_not_run_ahead(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview_2, %alloc_0 {
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_1 {
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @unread_copy_does_not_run_ahead(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %T : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// The second copy reads what the iteration has just written: it does not run ahead.
// CHECK-LABEL: gpu.func @source_of_its_iteration_holds_a_copy_back(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview, %alloc {
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %subview_2 {
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 2 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %subview_2, %alloc_0 {
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 2 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc_0, %alloc_1 {
// CHECK-NEXT: }) {group = -1 : i32, order = 3 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @source_of_its_iteration_holds_a_copy_back(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %b : !tile to !win
      memref.copy %b, %T : !win to !tile
      memref.copy %T, %F : !tile to !frag
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Copies into parts of a tile that make it whole together run ahead together, as one group.
// CHECK-LABEL: gpu.func @pages(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy {{.*}}instruction = "bulk"
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy {{.*}}instruction = "bulk"
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy %alloc, %alloc_0
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 1 : i32}
!x = memref<256xf16>
!win = memref<8xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!low = memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
!high = memref<8xf16, strided<[1], offset: 8>, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @pages(%X: !x, %T: memref<16xindex>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c8 step %c1 {
      %first = memref.load %T[%k] : memref<16xindex>
      %next = affine.apply affine_map<(i) -> (i + 8)>(%k)
      %second = memref.load %T[%next] : memref<16xindex>
      %a = memref.subview %X[%first] [8] [1] : !x to !win
      %b = memref.subview %X[%second] [8] [1] : !x to !win
      %low = memref.subview %S[0] [8] [1] : !tile to !low
      %high = memref.subview %S[8] [8] [1] : !tile to !high
      memref.copy %a, %low : !win to !low
      memref.copy %b, %high : !win to !high
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
