// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file --verify-diagnostics

// Two writes of a copy's tile in an iteration of which none is lost, or only at times: no error.

// A buffer that is used in turn.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @in_turn(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      // expected-note@+1 {{the 'memref.copy' that is overwritten}}
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
      // expected-note@+1 {{this 'memref.copy' writes over what a copy of the same iteration brought}}
      memref.copy %b, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A fill before the copy of a smaller window, whatever its size.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fill_before_window(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      %h = memref.subview %Y[%k] [8] [1] : !x to memref<8xf16, strided<[1], offset: ?>>
      %low = memref.subview %S[0] [8] [1] : !tile to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
      linalg.fill ins(%zero : f16) outs(%S : !tile)
      memref.copy %h, %low : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Threads that write a constant fill as well.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @threads_fill(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      %h = memref.subview %Y[%k] [8] [1] : !x to memref<8xf16, strided<[1], offset: ?>>
      %low = memref.subview %S[0] [8] [1] : !tile to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
      scf.forall (%i) in (16) {
        memref.store %zero, %S[%i] : !tile
      }
      memref.copy %h, %low : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A tile that is updated in place.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @in_place(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%i) in (16) {
        %v = memref.load %S[%i] : !tile
        %w = arith.addf %v, %v : f16
        memref.store %w, %S[%i] : !tile
      }
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Writes side by side.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @side_by_side(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      %h = memref.subview %Y[%k] [8] [1] : !x to memref<8xf16, strided<[1], offset: ?>>
      %low = memref.subview %S[0] [8] [1] : !tile to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
      %high = memref.subview %S[8] [8] [1] : !tile to memref<8xf16, strided<[1], offset: 8>, #gpu.address_space<workgroup>>
      memref.copy %h, %low : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
      memref.copy %h, %high : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1], offset: 8>, #gpu.address_space<workgroup>>
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Branches of one condition: one of the two copies runs.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @branches(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      // expected-note@+1 {{this 'scf.if' is one statement, together with the 'memref.copy' in it}}
      scf.if %flag {
        memref.copy %a, %S : !win to !tile
      } else {
        memref.copy %b, %S : !win to !tile
      }
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A copy under a condition replaces the one before it only at times.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @replaced_at_times(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      // expected-note@+1 {{the 'memref.copy' that is overwritten}}
      memref.copy %a, %S : !win to !tile
      scf.if %flag {
        // expected-note@+1 {{this 'memref.copy' writes over what a copy of the same iteration brought}}
        memref.copy %b, %S : !win to !tile
      }
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Where the loop asks for no pipeline, it is no concern.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @no_pipeline(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 0 : i32}
    gpu.return
  }
}

// -----

// Places that are known at run time only may be different ones.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @anywhere(%X: !x, %Y: !x, %p: index, %q: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      %h = memref.subview %Y[%k] [8] [1] : !x to memref<8xf16, strided<[1], offset: ?>>
      %one = memref.subview %S[%p] [8] [1] : !tile to memref<8xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
      %two = memref.subview %S[%q] [8] [1] : !tile to memref<8xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
      // expected-note@+1 {{the 'memref.copy' that is overwritten}}
      memref.copy %h, %one : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
      // expected-note@+1 {{this 'memref.copy' writes over what a copy of the same iteration brought}}
      memref.copy %h, %two : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
