// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --split-input-file | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file | FileCheck %s --check-prefix=ASYNC

// Rule 12: of nested loops both get a pipeline; to the outer one, the inner one is a statement at the stage of the work.

// CHECK-LABEL: gpu.func @both(
// CHECK: scf.for
// CHECK: memref.copy {{.*}} {tile.instruction = "bulk"
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: scf.for
// CHECK: memref.copy {{.*}} {tile.instruction = "bulk"
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: linalg.add
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 2 : i32}
// CHECK-NEXT: } {tile.num_stages = 3 : i32, tile.reason = {{.*}}, tile.strategy = "warp_specialize"}
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: } {tile.num_stages = 2 : i32, tile.reason = {{.*}}, tile.strategy = "warp_specialize"}

// ASYNC-LABEL: gpu.func @both(
// ASYNC: } {tile.num_stages = 3 : i32, tile.reason = {{.*}}, tile.strategy = "async"}
// ASYNC-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// ASYNC-NEXT: } {tile.num_stages = 2 : i32, tile.reason = {{.*}}, tile.strategy = "async"}
!x = memref<64x64xf16>
!win = memref<16x32xf16, strided<[64, 1], offset: ?>>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!frag = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @both(%A: !x, %B: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %m = %c0 to %c5 step %c1 {
      %a = memref.subview %A[0, %m] [16, 32] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.for %n = %c0 to %c7 step %c1 {
        %b = memref.subview %B[0, %n] [16, 32] [1, 1] : !x to !win
        memref.copy %b, %T : !win to !tile
        linalg.add ins(%S, %T : !tile, !tile) outs(%F : !frag)
      } {tile.num_stages = 3 : i32}
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Where the outer loop is asked to be asynchronous the inner one is so as well: it is in several places then.
// CHECK-LABEL: gpu.func @asked_to_be_asynchronous(
// CHECK: } {tile.num_stages = 3 : i32, tile.reason = "not specialized: the loop is nested in an asynchronous pipeline, which comes apart", tile.strategy = "async"}
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "asked for", tile.strategy = "async"}
// ASYNC-LABEL: gpu.func @asked_to_be_asynchronous(
!x = memref<64x64xf16>
!win = memref<16x32xf16, strided<[64, 1], offset: ?>>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!frag = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @asked_to_be_asynchronous(%A: !x, %B: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %m = %c0 to %c5 step %c1 {
      %a = memref.subview %A[0, %m] [16, 32] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.for %n = %c0 to %c7 step %c1 {
        %b = memref.subview %B[0, %n] [16, 32] [1, 1] : !x to !win
        memref.copy %b, %T : !win to !tile
        linalg.add ins(%S, %T : !tile, !tile) outs(%F : !frag)
      } {tile.num_stages = 3 : i32}
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}
