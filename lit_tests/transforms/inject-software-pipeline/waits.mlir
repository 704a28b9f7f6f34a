// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file | FileCheck %s

// Rule 4: commits and the pending groups of each wait.

// As in attention: each wait leaves pending all groups that were committed after the one that it needs.
// CHECK-LABEL: gpu.func @two_groups(
//
// CHECK: scf.for
// CHECK-NEXT: "tile.wait_group"() {pending = 3 : i32}
// CHECK: memref.copy %{{.*}}, %alloc_1
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 3 : i32}
// CHECK: memref.copy %{{.*}}, %alloc_2
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 1 : i32}
// CHECK-NEXT: } {tile.pipeline_depth = 2 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 3 : i32}
// CHECK-NEXT: memref.subview %alloc[0, 0]
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.wait_group"() {pending = 2 : i32}
// CHECK-NEXT: memref.subview %alloc_0[0, 0]
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK-NEXT: memref.subview %alloc[1, 0]
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NEXT: memref.subview %alloc_0[1, 0]
// CHECK-NEXT: memref.copy
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @two_groups(%X: !x, %Y: !x) kernel
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
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %b, %T {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 3 : i32, group = 1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %T, %G : !tile to !frag
      }) {stage = 2 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// The second group is one iteration nearer to its use: three versions of the first tile, two of the second.
// CHECK-LABEL: gpu.func @groups_of_different_stages(
//
// CHECK: memref.alloc() : memref<3x16xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT: memref.alloc() : memref<2x16xf16, #gpu.address_space<workgroup>>
// CHECK: memref.subview %arg0[%c0]
// CHECK-NEXT: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: "tile.commit_group"() {group = 1 : i32}
// CHECK: memref.subview %arg0[%c16]
// CHECK-NEXT: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK: memref.subview %arg1[%c0]
// CHECK-NEXT: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 1 : i32}
// CHECK: scf.for
// CHECK: "tile.commit_group"() {group = 0 : i32}
// CHECK: "tile.commit_group"() {group = 1 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 5 : i32}
// CHECK: memref.copy %{{.*}}, %alloc_1
// CHECK-NEXT: "tile.wait_group"() {pending = 2 : i32}
// CHECK: memref.copy %{{.*}}, %alloc_2
// CHECK-NEXT: } {tile.pipeline_depth = 2 : i32}
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 1 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 4 : i32}
// CHECK: "tile.wait_group"() {pending = 1 : i32}
// CHECK: "tile.wait_group"() {pending = 2 : i32}
// CHECK: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NOT: tile.wait_group
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @groups_of_different_stages(%X: !x, %Y: !x) kernel
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
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %b, %T {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 1 : i32, order = 1 : i32, group = 1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 2 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %T, %G : !tile to !frag
      }) {stage = 2 : i32, order = 3 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// One group of two copies: the wait before the first reader is enough for the second.
// CHECK-LABEL: gpu.func @one_wait_serves_two_readers(
//
// CHECK: "tile.copy_async"
// CHECK-NOT: tile.commit_group
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.commit_group"() {group = 0 : i32}
// CHECK-NEXT: scf.for
// CHECK: "tile.wait_group"() {pending = 1 : i32}
// CHECK: memref.copy
// CHECK-NOT: tile.wait_group
// CHECK: } {tile.pipeline_depth = 1 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK: memref.copy
// CHECK-NOT: tile.wait_group
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_wait_serves_two_readers(%X: !x, %Y: !x) kernel
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
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %b, %T {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %T, %G : !tile to !frag
      }) {stage = 1 : i32, order = 3 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A reader of stage 1 waits in the prologue already.
// CHECK-LABEL: gpu.func @reader_in_the_prologue(
//
// CHECK: memref.alloc() : memref<2x16xf16, #gpu.address_space<private>>
// CHECK: "tile.commit_group"()
// CHECK: "tile.commit_group"()
// CHECK-NEXT: "tile.wait_group"() {pending = 1 : i32}
// CHECK: memref.copy
// CHECK: scf.for
// CHECK: "tile.wait_group"() {pending = 1 : i32}
// CHECK: } {tile.pipeline_depth = 2 : i32}
// CHECK-NEXT: "tile.wait_group"() {pending = 0 : i32}
// CHECK-NOT: tile.wait_group
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @reader_in_the_prologue(%X: !x, %O: !x) kernel
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

// -----

// A copy that nothing reads is not asynchronous: nothing would wait for it before the next copy to the same place.
// CHECK-LABEL: gpu.func @nobody_reads(
//
// CHECK: "tile.copy_async"(%{{[^,]*}}, %{{[^)]*}}) {group = 0 : i32
// CHECK: memref.copy %{{[^,]*}}, %{{[^,]*}} {tile.instruction = "cp_async"}
// CHECK-NOT: group = 1
// CHECK: } {tile.pipeline_depth = 1 : i32}
// CHECK: "tile.wait_group"() {pending = 0 : i32}
// CHECK: memref.copy
// CHECK-NEXT: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @nobody_reads(%X: !x, %Y: !x) kernel
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
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 2 : i32, group = -1 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %b, %T {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}
