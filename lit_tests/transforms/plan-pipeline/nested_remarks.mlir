// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --split-input-file --verify-diagnostics

// Rule 12: where nested loops cannot both have what they could have alone, the inner one goes first.

// The rows of A are no multiples of 16 bytes: its copy is no bulk copy.
!x = memref<64x64xf16>
!win = memref<16x32xf16, strided<[64, 1], offset: ?>>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!odd = memref<64x63xf16>
!oddwin = memref<16x32xf16, strided<[63, 1], offset: ?>>
!frag = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @only_the_inner_loop_is_specialized(%A: !odd, %B: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: a loop in it is specialized, and this one cannot be}}
    scf.for %m = %c0 to %c5 step %c1 {
      %a = memref.subview %A[0, %m] [16, 32] [1, 1] : !odd to !oddwin
      memref.copy %a, %S : !oddwin to !tile
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

// What the inner loop has left in its tile is read after it: not where that is one of several in a pipeline.
!x = memref<64x64xf16>
!win = memref<16x32xf16, strided<[64, 1], offset: ?>>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!frag = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_tile_is_read_after_the_inner_loop(%A: !x, %B: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: a loop in it is pipelined, and could not be in a pipeline}}
    scf.for %m = %c0 to %c5 step %c1 {
      %a = memref.subview %A[0, %m] [16, 32] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.for %n = %c0 to %c7 step %c1 {
        %b = memref.subview %B[0, %n] [16, 32] [1, 1] : !x to !win
        memref.copy %b, %T : !win to !tile
        linalg.add ins(%S, %T : !tile, !tile) outs(%F : !frag)
      } {tile.num_stages = 3 : i32}
      memref.copy %T, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// The same with a schedule of the input's, which needs the versions.
!x = memref<64x64xf16>
!win = memref<16x32xf16, strided<[64, 1], offset: ?>>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!frag = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_schedule_that_is_right_alone(%A: !x, %B: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: a loop in it is pipelined, and could not be in a pipeline}}
    scf.for %m = %c0 to %c5 step %c1 {
      %a = memref.subview %A[0, %m] [16, 32] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.for %n = %c0 to %c7 step %c1 {
        %b = memref.subview %B[0, %n] [16, 32] [1, 1] : !x to !win
        memref.copy %b, %T {tile.stage = 0 : i32, tile.order = 1 : i32} : !win to !tile
        linalg.add {tile.stage = 2 : i32, tile.order = 0 : i32} ins(%S, %T : !tile, !tile) outs(%F : !frag)
      } {tile.num_stages = 3 : i32}
      memref.copy %T, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A loop around it that gets no pipeline of its own is in nobody's way.
!x = memref<64x64xf16>
!win = memref<16x32xf16, strided<[64, 1], offset: ?>>
!tile = memref<16x32xf16, #gpu.address_space<workgroup>>
!frag = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_schedule_in_a_loop_without_copies(%A: !x, %B: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %m = %c0 to %c5 step %c1 {
      scf.for %n = %c0 to %c7 step %c1 {
        %b = memref.subview %B[0, %n] [16, 32] [1, 1] : !x to !win
        memref.copy %b, %T {tile.stage = 0 : i32, tile.order = 1 : i32} : !win to !tile
        linalg.add {tile.stage = 2 : i32, tile.order = 0 : i32} ins(%S, %T : !tile, !tile) outs(%F : !frag)
      } {tile.num_stages = 3 : i32}
      memref.copy %T, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// The versions of the outer loop count as well: there is room for two of A, and then for five of B instead of six.
!x = memref<64x2048xf16>
!win = memref<16x1024xf16, strided<[2048, 1], offset: ?>>
!tile = memref<16x1024xf16, #gpu.address_space<workgroup>>
!frag = memref<16x1024xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @versions_of_both_loops_count(%A: !x, %B: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c7 = arith.constant 7 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %m = %c0 to %c5 step %c1 {
      %a = memref.subview %A[0, %m] [16, 1024] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      // expected-remark@+1 {{6 stages do not fit into 232448 bytes of shared memory: 5 it is}}
      scf.for %n = %c0 to %c7 step %c1 {
        %b = memref.subview %B[0, %n] [16, 1024] [1, 1] : !x to !win
        memref.copy %b, %T : !win to !tile
        linalg.add ins(%S, %T : !tile, !tile) outs(%F : !frag)
      } {tile.num_stages = 6 : i32}
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
