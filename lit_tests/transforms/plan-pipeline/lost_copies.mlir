// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file --verify-diagnostics

// Two writes of one place of a copy's tile in an iteration, and nothing that reads it between them: the first is lost.

// A copy over a copy.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @copied_twice(%X: !x, %Y: !x, %flag: i1) kernel
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
      // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      memref.copy %a, %S : !win to !tile
      // expected-note@+1 {{the 'memref.copy' that writes over it}}
      memref.copy %b, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// With an explicit schedule.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @explicit(%X: !x, %Y: !x, %flag: i1) kernel
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
      // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      // expected-note@+1 {{the 'memref.copy' that writes over it}}
      memref.copy %b, %S {tile.stage = 0 : i32, tile.order = 1 : i32} : !win to !tile
      memref.copy %S, %F {tile.stage = 1 : i32, tile.order = 2 : i32} : !tile to !frag
    }
    gpu.return
  }
}

// -----

// A copy of a part over a copy of the whole.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @part_over_whole(%X: !x, %Y: !x, %flag: i1) kernel
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
      // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost in part: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      memref.copy %a, %S : !win to !tile
      // expected-note@+1 {{the 'memref.copy' that writes over it}}
      memref.copy %h, %low : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A copy of the whole over a copy of a part.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @whole_over_part(%X: !x, %Y: !x, %flag: i1) kernel
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
      // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      memref.copy %h, %low : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
      // expected-note@+1 {{the 'memref.copy' that writes over it}}
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A fill after the copy.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @filled_after(%X: !x, %Y: !x, %flag: i1) kernel
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
      // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost: 'linalg.fill' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      memref.copy %a, %S : !win to !tile
      // expected-note@+1 {{the 'linalg.fill' that writes over it}}
      linalg.fill ins(%zero : f16) outs(%S : !tile)
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A copy over what threads computed.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @copied_over_computed(%X: !x, %Y: !x, %flag: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%F : !frag)
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %Y[%k] [16] [1] : !x to !win
      // expected-error-re@+1 {{what 'scf.forall' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      scf.forall (%i) in (16) {
        %v = memref.load %F[%i] : !frag
        memref.store %v, %S[%i] : !tile
      }
      // expected-note@+1 {{the 'memref.copy' that writes over it}}
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Threads that bring global memory, and write over it, are copies too.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @gathered_twice(%X: !x, %Y: !x, %flag: i1) kernel
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
      // expected-error-re@+1 {{what 'scf.forall' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost: 'scf.forall' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      scf.forall (%i) in (16) {
        %p = arith.addi %k, %i : index
        %v = memref.load %X[%p] : !x
        memref.store %v, %S[%i] : !tile
      }
      // expected-note@+1 {{the 'scf.forall' that writes over it}}
      scf.forall (%i) in (16) {
        %p = arith.addi %k, %i : index
        %v = memref.load %Y[%p] : !x
        memref.store %v, %S[%i] : !tile
      }
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A fragment is a destination as well.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @fragment(%X: !x, %Y: !x, %flag: i1) kernel
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
      // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<private>> of {{.*}} is lost: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      memref.copy %a, %F : !win to !frag
      // expected-note@+1 {{the 'memref.copy' that writes over it}}
      memref.copy %b, %F : !win to !frag
      memref.copy %F, %S : !frag to !tile
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Both under one guard.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @guarded(%X: !x, %Y: !x, %flag: i1) kernel
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
      scf.if %flag {
        // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
        memref.copy %a, %S : !win to !tile
        // expected-note@+1 {{the 'memref.copy' that writes over it}}
        memref.copy %b, %S : !win to !tile
      }
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A window that may cross an edge is written whole.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @windows(%X: !x, %Y: !x, %flag: i1) kernel
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
      // expected-error-re@+1 {{what 'tile.copy_in' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost: 'tile.copy_in' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      "tile.copy_in"(%X, %k, %S) {pad = 0.0 : f16} : (!x, index, !tile) -> ()
      // expected-note@+1 {{the 'tile.copy_in' that writes over it}}
      "tile.copy_in"(%Y, %k, %S) {pad = 0.0 : f16} : (!x, index, !tile) -> ()
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// The second begins in the first.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_ends_in_the_other(%X: !x, %Y: !x, %flag: i1) kernel
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
      %one = memref.subview %S[0] [8] [1] : !tile to memref<8xf16, strided<[1], offset: 0>, #gpu.address_space<workgroup>>
      %two = memref.subview %S[7] [8] [1] : !tile to memref<8xf16, strided<[1], offset: 7>, #gpu.address_space<workgroup>>
      // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost in part: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      memref.copy %h, %one : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1], offset: 0>, #gpu.address_space<workgroup>>
      // expected-note@+1 {{the 'memref.copy' that writes over it}}
      memref.copy %h, %two : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1], offset: 7>, #gpu.address_space<workgroup>>
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// The second ends in the first.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_begins_in_the_other(%X: !x, %Y: !x, %flag: i1) kernel
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
      %one = memref.subview %S[8] [8] [1] : !tile to memref<8xf16, strided<[1], offset: 8>, #gpu.address_space<workgroup>>
      %two = memref.subview %S[1] [8] [1] : !tile to memref<8xf16, strided<[1], offset: 1>, #gpu.address_space<workgroup>>
      // expected-error-re@+1 {{what 'memref.copy' writes to memref<16xf16, #gpu.address_space<workgroup>> of {{.*}} is lost in part: 'memref.copy' writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between the two, or fill it before the copy}}
      memref.copy %h, %one : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1], offset: 8>, #gpu.address_space<workgroup>>
      // expected-note@+1 {{the 'memref.copy' that writes over it}}
      memref.copy %h, %two : memref<8xf16, strided<[1], offset: ?>> to memref<8xf16, strided<[1], offset: 1>, #gpu.address_space<workgroup>>
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Bulk copies by hand, both waited for together.
!x = memref<256xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @by_hand(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 64 : i32} : (!tile.mbarrier, index) -> ()
      // expected-error@+1 {{what 'tile.bulk_copy' writes to memref<16xf16, #gpu.address_space<workgroup>>}}
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      // expected-note@+1 {{the 'tile.bulk_copy' that writes over it}}
      "tile.bulk_copy"(%Y, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
