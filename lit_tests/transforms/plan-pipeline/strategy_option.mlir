// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline=strategy=async --split-input-file | FileCheck %s --check-prefix=ASYNC
// RUN: tile-opt %s --tile-plan-pipeline=strategy=warp_specialize --split-input-file | FileCheck %s --check-prefix=WS
// RUN: tile-opt %s --tile-plan-pipeline=strategy=none --split-input-file | FileCheck %s --check-prefix=NONE
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file | FileCheck %s --check-prefix=SM80

// Rule 6: the option `strategy`, and a machine without bulk copies.

// The option decides where the loop does not.
// ASYNC-LABEL: gpu.func @automatic(
// ASYNC: tile.instruction = "cp_async"
// ASYNC: tile.reason = "asked for", tile.strategy = "async"
// WS-LABEL: gpu.func @automatic(
// WS: tile.instruction = "bulk"
// WS: tile.reason = "asked for", tile.strategy = "warp_specialize"
// NONE-LABEL: gpu.func @automatic(
// NONE: scf.for
// NONE-NEXT: memref.subview
// NONE-NEXT: memref.copy
// NONE-NEXT: memref.copy
// NONE-NEXT: }{{$}}
// SM80-LABEL: gpu.func @automatic(
// SM80: tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
// SM80: tile.reason = "not specialized: cuda:sm_80 has no bulk copies that signal an mbarrier", tile.strategy = "async"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @automatic(%X: !x, %O: !x) kernel
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

// The loop's own attribute comes first.
// ASYNC-LABEL: gpu.func @loop_says_async(
// ASYNC: tile.reason = "asked for", tile.strategy = "async"
// WS-LABEL: gpu.func @loop_says_async(
// WS: tile.reason = "asked for", tile.strategy = "async"
// NONE-LABEL: gpu.func @loop_says_async(
// NONE: tile.reason = "asked for", tile.strategy = "async"
// SM80-LABEL: gpu.func @loop_says_async(
// SM80: tile.reason = "asked for", tile.strategy = "async"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @loop_says_async(%X: !x, %O: !x) kernel
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
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}
