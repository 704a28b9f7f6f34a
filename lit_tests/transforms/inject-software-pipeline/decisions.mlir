// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --print-decisions | FileCheck %s

// CHECK: loop: prologue and epilogue of 2 steps, versions [3]
// CHECK-NEXT: loop: channels, versions [2]
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @decisions(%X: !x, %O: !x) kernel
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
    %T = memref.alloc() : !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %T {tile.instruction = "bulk"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %T, %F : !tile to !frag
      }) {stage = 2 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 2 : i32, tile.strategy = "warp_specialize"}
    gpu.return
  }
}
