// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file --verify-diagnostics

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @layout_without_elements(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': shape (-1,) with padding 0 has no elements}}
    %S = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [-1], swizzle = 0 : i32}>} : !tile
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @loop_that_stands_still(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+2 {{loop not pipelined: its step is 0; it must be 1 or more}}
    // expected-note@+1 {{because of this 'scf.for'}}
    scf.for %k = %c0 to %c64 step %c0 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<16xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @instruction_that_is_no_string(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %S = memref.alloc() : !tile
    // expected-error@+1 {{tile.instruction = 3 : i32 on 'memref.copy'; it is a string}}
    memref.copy %X, %S {tile.instruction = 3 : i32} : !x to !tile
    gpu.return
  }
}

// -----

// An instruction that the input gives needs no reason.
!x = memref<16xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @instruction_by_hand(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %S = memref.alloc() : !tile
    memref.copy %X, %S {tile.instruction = "simt"} : !x to !tile
    gpu.return
  }
}

// -----

!x = memref<16xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @instruction_of_no_machine(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %S = memref.alloc() : !tile
    // expected-error@+1 {{tile.instruction = "cp_asinc" on 'memref.copy': cuda:sm_80 has no such instruction; did you mean 'cp_async'? (known: cp_async, mma, mma_sp, scalar, simt)}}
    memref.copy %X, %S {tile.instruction = "cp_asinc"} : !x to !tile
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{kernel 'more_threads_than_a_block_has' has known_block_size with 2048 threads; a block has from 1 to 1024}}
  gpu.func @more_threads_than_a_block_has() kernel
      attributes {known_block_size = array<i32: 1024, 2, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    gpu.return
  }
}

// -----

!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @misspelt_field_of_a_layout() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': has no 'replica'; did you mean 'replicas'? (known: shape, threads, modes, replicas, cover)}}
    %F = memref.alloc() {tile.layout = #tile.fragment<{modes = [[16, 1, 0]], replica = [[8, 16, 0]], shape = [16], threads = 128 : i32}>} : !frag
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{tile.block_swizzle = 0 on 'gpu.func'; it is a positive number of rows of blocks}}
  gpu.func @panels_without_rows() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 4, 4, 1>, tile.block_swizzle = 0 : i32} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{tile.block_swizzle = "rows" on 'gpu.func'; it is an integer}}
  gpu.func @panels_of_no_number() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 4, 4, 1>, tile.block_swizzle = "rows"} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @misspelt_attribute(%X: memref<256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    // expected-error@+1 {{'scf.for' has an attribute tile.numstages, which no pass knows; did you mean 'tile.num_stages'?}}
    scf.for %k = %c0 to %c1 step %c1 {
    } {tile.numstages = 2 : i32}
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{'gpu.func' has an attribute tile.register_hints, which no pass knows}}
  gpu.func @misspelt_attribute_of_a_kernel(%X: memref<256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.register_hints = array<i32: 24, 240>} {
    gpu.return
  }
}
