// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline=strategy=async --split-input-file --verify-diagnostics

// Rule 1: where an iteration may not complete one phase of a barrier, all that is done with it stays in one stage.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @arrivals_missing(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 2 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    // expected-remark@+1 {{stays in one stage: an iteration arrives 1 times, and a phase takes 2 arrivals}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      // expected-note@+1 {{because of this 'tile.mbarrier_expect'}}
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @bytes_missing(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    // expected-remark@+1 {{stays in one stage: an iteration copies 32 bytes, and 64 are expected}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      // expected-note@+1 {{because of this 'tile.mbarrier_expect'}}
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 64 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @expected_after_the_arrival(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    // expected-remark@+1 {{stays in one stage: tile.mbarrier_expect follows an arrival that may complete the phase}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      // expected-note@+1 {{because of this 'tile.mbarrier_expect'}}
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @copied_after_the_wait(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    // expected-remark@+1 {{stays in one stage: tile.mbarrier_expect follows a wait of the same iteration}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      // expected-note@+1 {{because of this 'tile.mbarrier_expect'}}
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      memref.copy %S, %F : !tile to !frag
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @a_stage_that_varies(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 2 : i32} : () -> !tile.mbarrier
    // expected-remark@+1 {{stays in one stage: tile.mbarrier_expect uses a stage of it that varies}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      %parity = arith.remui %k, %c2 : index
      // expected-note@+1 {{because of this 'tile.mbarrier_expect'}}
      "tile.mbarrier_expect"(%barrier, %parity) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %parity) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %parity) {elect = true} : (!tile.mbarrier, index) -> ()
      "tile.mbarrier_wait"(%barrier, %parity, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @under_a_guard(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    // expected-remark@+1 {{stays in one stage: tile.mbarrier_expect is under a guard or in a loop of its own}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      %parity = arith.remui %k, %c2 : index
      %odd = arith.cmpi eq, %parity, %c1 : index
      scf.if %odd {
        // expected-note@+1 {{because of this 'tile.mbarrier_expect'}}
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
        "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
        "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
        "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      }
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @used_after_the_loop(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    // expected-remark@+1 {{stays in one stage: tile.mbarrier_wait uses it outside of the loop}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    // expected-note@+1 {{because of this 'tile.mbarrier_wait'}}
    "tile.mbarrier_wait"(%barrier, %c0, %c1) : (!tile.mbarrier, index, index) -> ()
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @initialised_in_a_loop(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    scf.for %t = %c0 to %c4 step %c1 {
    // expected-note@+1 {{because of this 'tile.mbarrier_init'}}
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    // expected-remark@+1 {{stays in one stage: it is initialised in a loop or under a guard}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    }
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @uncounted(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %P = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    // expected-note@+1 {{because of this 'scf.index_switch'}}
    scf.index_switch %n
    case 0 {
    // expected-remark@+1 {{stays in one stage: the loop is nested in scf.index_switch, over which its iterations cannot be counted}}
    scf.for %k = %c0 to %c4 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F : !tile to !frag
      %w = memref.subview %X[%o] [16] [1] : !x to !win
      memref.copy %w, %P : !win to !tile
      memref.copy %P, %G : !tile to !frag
    } {tile.num_stages = 2 : i32}
    scf.yield
    }
    default {
    }
    gpu.return
  }
}
