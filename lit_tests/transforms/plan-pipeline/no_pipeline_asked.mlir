// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file --verify-diagnostics
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file --print-decisions | FileCheck %s

// A loop that asks for no pipeline gets none, and nothing is said about it: it is what was asked for.

// CHECK: no_pipeline_asked.mlir:21:5: loop: none: the input asks for no pipeline
// CHECK: no_pipeline_asked.mlir:43:5: loop: none: the input asks for no pipeline
// CHECK: no_pipeline_asked.mlir:67:5: loop: none: all its statements are at one stage
// CHECK-NOT: tile.statement
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @no_stages(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !tile
    scf.for %k = %c0 to %c256 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %o = memref.subview %O[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %o : !tile to !win
    } {tile.num_stages = 0 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @no_strategy(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !tile
    scf.for %k = %c0 to %c256 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %o = memref.subview %O[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %o : !tile to !win
    } {tile.num_stages = 3 : i32, tile.strategy = "none"}
    gpu.return
  }
}

// -----

// A schedule of one stage is asked for, but is no pipeline.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @one_stage(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !tile
    // expected-remark@+1 {{loop not pipelined: all its statements are at one stage}}
    scf.for %k = %c0 to %c256 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %o = memref.subview %O[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      memref.copy %S, %o {tile.stage = 0 : i32, tile.order = 1 : i32} : !tile to !win
    }
    gpu.return
  }
}
