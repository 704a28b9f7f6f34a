// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-inject-software-pipeline --split-input-file --verify-diagnostics

// Loops that injection refuses.

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @unscheduled_statement(%X: !x, %O: !x) kernel
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
      // expected-error@+1 {{'memref.copy' has no place in the schedule of its loop; put it in a tile.statement}}
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @equal_orders(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-error@+1 {{two statements of the loop have the same order: [1, 1]}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 1 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @cannot_be_pipelined(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-error@+1 {{a planned loop cannot be pipelined: the effects of gpu.barrier are not known to it}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %a, %S {tile.instruction = "cp_async"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        gpu.barrier
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
    } {tile.num_stages = 3 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A loop without a single statement is not planned: no error.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @no_statements(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
    }
    gpu.return
  }
}
