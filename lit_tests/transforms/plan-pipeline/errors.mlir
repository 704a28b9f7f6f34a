// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file --verify-diagnostics

// Explicit schedules that break a dependence or are incomplete, and bad requests.

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @order_breaks_a_dependence(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      // expected-note@+1 {{the 'memref.copy' that must come first}}
      memref.copy %a, %S {tile.stage = 1 : i32, tile.order = 1 : i32} : !win to !tile
      // expected-error-re@+1 {{'memref.copy' at stage 1, order 0 would run before 'memref.copy' at stage 1, order 1 of its iteration, which it depends on (RAW on memref<16xf16, #gpu.address_space<workgroup>> of {{.*}}); give it a later stage or order}}
      memref.copy %S, %F {tile.stage = 1 : i32, tile.order = 0 : i32} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @stage_breaks_a_dependence(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      // expected-note@+1 {{the 'memref.copy' that must come first}}
      memref.copy %a, %S {tile.stage = 1 : i32, tile.order = 0 : i32} : !win to !tile
      // expected-error@+1 {{'memref.copy' at stage 0, order 1 would run before 'memref.copy' at stage 1, order 0 of its iteration, which it depends on (RAW on}}
      memref.copy %S, %F {tile.stage = 0 : i32, tile.order = 1 : i32} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @stage_missing(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      // expected-error@+1 {{'memref.copy' has no tile.stage, but other statements of its loop do; give all of them both}}
      memref.copy %S, %F {tile.order = 1 : i32} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @order_missing(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      // expected-error@+1 {{'memref.copy' has no tile.order, but other statements of its loop do; give all of them both}}
      memref.copy %a, %S {tile.stage = 0 : i32} : !win to !tile
      memref.copy %S, %F {tile.stage = 1 : i32, tile.order = 1 : i32} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @statement_missing(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      // expected-error@+1 {{'memref.copy' has no tile.stage, but other statements of its loop do; give all of them both}}
      memref.copy %S, %F {unrelated} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @dynamic_tile(%n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{'memref.alloc' has the dynamic shape memref<?xf16, #gpu.address_space<workgroup>>; a tile buffer is static}}
    %S = memref.alloc(%n) : memref<?xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @thread_id() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{'gpu.thread_id' stands in a tile kernel; threads appear when it is distributed}}
    %t = gpu.thread_id x
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @negative_stage_count(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-error@+1 {{tile.num_stages = -1 on 'scf.for'; it must be 0 (no pipeline) or more}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = -1 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @unknown_strategy(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-error@+1 {{tile.strategy = "asynch"}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32, tile.strategy = "asynch"}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @duplicate_order(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-error@+1 {{order}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      memref.copy %S, %F {tile.stage = 1 : i32, tile.order = 0 : i32} : !tile to !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

// The next iteration copies what this one writes.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @carried_dependence(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %next = affine.apply affine_map<(i) -> (i + 16)>(%k)
      %b = memref.subview %X[%next] [16] [1] : !x to !win
      // expected-error-re@+1 {{'memref.copy' at stage 0, order 0 would run before 'memref.copy' at stage 2, order 1 of the iteration before, which it depends on (RAW on memref<256xf16> of {{.*}}); give it a later stage or order}}
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      // expected-note@+1 {{the 'memref.copy' that must come first}}
      memref.copy %S, %b {tile.stage = 2 : i32, tile.order = 1 : i32} : !tile to !win
    } {tile.strategy = "async"}
    gpu.return
  }
}

// -----

// Orders that go round: the copy after its use, and the use after the copy.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @cyclic_orders(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %O[%k] [16] [1] : !x to !win
      // expected-note@+1 {{the 'memref.copy' that must come first}}
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 2 : i32} : !win to !tile
      // expected-error@+1 {{'memref.copy' at stage 0, order 1 would run before 'memref.copy' at stage 0, order 2 of its iteration, which it depends on}}
      memref.copy %S, %F {tile.stage = 0 : i32, tile.order = 1 : i32} : !tile to !frag
      memref.copy %F, %b {tile.stage = 0 : i32, tile.order = 0 : i32} : !frag to !win
    }
    gpu.return
  }
}

// -----

// One array is shorter than the other.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @arrays_of_different_lengths(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      // expected-error@+1 {{'memref.copy' has no tile.order, but other statements of its loop do; give all of them both}}
      memref.copy %S, %F {tile.stage = 1 : i32} : !tile to !frag
    }
    gpu.return
  }
}
