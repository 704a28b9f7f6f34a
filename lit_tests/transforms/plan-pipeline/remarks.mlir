// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file --verify-diagnostics

// Every remark of the pass: refused strategies, fewer stages, loops that are left as they are.

// A strategy that was asked for and refused.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @asked_for_in_vain(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{not specialized, but pipelined: tile.disable_warp_specialization is set}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32, tile.strategy = "warp_specialize", tile.disable_warp_specialization}
    gpu.return
  }
}

// -----

// Rule 7: seven versions of 32768 bytes fit, eight do not.
!rows = memref<16x1024xf16, strided<[1024, 1], offset: ?>>
!large = memref<16x1024xf16, #gpu.address_space<workgroup>>
!copy = memref<16x1024xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @stages_reduced(%Y: memref<256x1024xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !large
    %F = memref.alloc() : !copy
    // expected-remark@+1 {{8 stages do not fit into 232448 bytes of shared memory: 7 it is}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %Y[%k, 0] [16, 1024] [1, 1] : memref<256x1024xf16> to !rows
      memref.copy %a, %S : !rows to !large
      memref.copy %S, %F : !large to !copy
    } {tile.num_stages = 8 : i32}
    gpu.return
  }
}

// -----

// A buffer that is handed on may be any of several.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @carries_a_buffer(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    // expected-remark@+2 {{loop not pipelined: it carries values from one iteration to the next}}
    // expected-note@+1 {{because of this 'scf.for'}}
    %last, %other = scf.for %k = %c0 to %c64 step %c16 iter_args(%f = %F, %g = %G) -> (!frag, !frag) {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %f : !tile to !frag
      scf.yield %g, %f : !frag, !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// In an explicit schedule nothing says where a carried value is stored.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @carries_values_in_an_explicit_schedule(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+2 {{loop not pipelined: it carries values from one iteration to the next}}
    // expected-note@+1 {{because of this 'scf.for'}}
    %last = scf.for %k = %c0 to %c64 step %c16 iter_args(%previous = %c0) -> (index) {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      memref.copy %S, %F {tile.stage = 1 : i32, tile.order = 1 : i32} : !tile to !frag
      scf.yield %k : index
    }
    gpu.return
  }
}

// -----

// The scalar has changed when it is used; without a place in the schedule it cannot be kept.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @stale_scalar_in_an_explicit_schedule(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: it reads a scalar from memory that it writes before the scalar is used}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      // expected-note@+1 {{because of this 'memref.load'}}
      %first = memref.load %S[%c0] : !tile
      linalg.fill {tile.stage = 1 : i32, tile.order = 1 : i32} ins(%zero : f16) outs(%S : !tile)
      memref.store %first, %F[%c0] {tile.stage = 1 : i32, tile.order = 2 : i32} : !frag
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
  gpu.func @barrier_in_the_loop(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: the effects of gpu.barrier are not known to it}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      // expected-note@+1 {{because of this 'gpu.barrier'}}
      gpu.barrier
      memref.copy %S, %F : !tile to !frag
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
  gpu.func @read_before_overwrite(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %S, %F : !tile to !frag
      memref.copy %a, %S : !win to !tile
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Half of the tile is written, all of it is read.
!x = memref<256xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!half = memref<8xf16, strided<[1], offset: ?>>
!halftile = memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @partial_write(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [8] [1] : !x to !half
      %s = memref.subview %S[0] [8] [1] : !tile to !halftile
      memref.copy %a, %s : !half to !halftile
      memref.copy %S, %F : !tile to !frag
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
  gpu.func @guarded_write_unguarded_read(%X: !x, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      scf.if %guard {
        memref.copy %a, %S : !win to !tile
      }
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Each iteration writes what the next one copies.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @source_is_written_in_the_loop(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %next = affine.apply affine_map<(i) -> (i + 16)>(%k)
      %b = memref.subview %X[%next] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %b : !tile to !win
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @nothing_to_copy(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %F : !win to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// The inner loop is pipelined, the outer one is not.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @only_the_loop_inside_copies(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %block = %c0 to %c4 step %c1 {
      scf.for %k = %c0 to %c64 step %c16 {
        %a = memref.subview %X[%k] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
        memref.copy %S, %F : !tile to !frag
      } {tile.num_stages = 2 : i32}
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!x16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @specialized_by_hand(%X: !x, %Y: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    // expected-remark@+1 {{left alone: the kernel is specialized by hand}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
    } {tile.num_stages = 2 : i32}
    "tile.specialize"() ({
      "tile.warp_group"() ({
        memref.copy %S, %Y : !tile to !x16
      }) {role = "consumer", warps = 4 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}

// -----

// The loop renews the first half; what is read afterwards is the whole.
!x = memref<256xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!half = memref<8xf16, strided<[1], offset: ?>>
!halftile = memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
!halffrag = memref<8xf16, strided<[1]>, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @stale_read_after_the_loop(%X: !x, %Y: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %first = memref.subview %S[0] [8] [1] : !tile to !halftile
    // expected-remark@+1 {{memref.copy after the loop may read what an earlier iteration left in it}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [8] [1] : !x to !half
      memref.copy %a, %first : !half to !halftile
      %f = memref.subview %F[0] [8] [1] : !frag to !halffrag
      memref.copy %first, %f : !halftile to !halffrag
    } {tile.num_stages = 2 : i32}
    memref.copy %S, %Y : !tile to !x16
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @address_is_read(%X: !x, %Y: memref<4x4xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %F = memref.alloc() : !frag
    %S = memref.alloc() : !tile
    %view = memref.reinterpret_cast %S to offset: [0], sizes: [4, 4], strides: [4, 1] : !tile to memref<4x4xf16, strided<[4, 1]>, #gpu.address_space<workgroup>>
    // expected-remark@+1 {{a view reads its address, which a version would change}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    memref.copy %view, %Y : memref<4x4xf16, strided<[4, 1]>, #gpu.address_space<workgroup>> to memref<4x4xf16>
    gpu.return
  }
}

// -----

// A base pointer that is chosen at run time could be that of any buffer: no bulk copy, and nothing runs ahead.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @pointer_from_a_table(%X: !x, %Y: !x, %which: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %chosen = arith.select %which, %X, %Y : !x
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %chosen[%k] [16] [1] : !x to !win
      // expected-note@+1 {{this 'memref.copy' uses a buffer that is neither an allocation nor a kernel argument}}
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Groups that the user commits would be counted among the pipeline's own.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @groups_by_hand(%X: !x, %go: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{loop not pipelined: the effects of tile.commit_group are not known to it}}
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %S) {group = 0 : i32} : (!win, !tile) -> ()
      // expected-note@+1 {{because of this 'tile.commit_group'}}
      "tile.commit_group"() {group = 0 : i32} : () -> ()
      "tile.wait_group"() {pending = 0 : i32} : () -> ()
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Nothing counts the iterations of a while loop.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @while_asks(%X: !x, %go: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{not pipelined: scf.while has no count of iterations; use scf.for}}
    scf.while : () -> () {
      scf.condition(%go)
    } do {
      %a = memref.subview %X[%c0] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
      scf.yield
    } attributes {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @affine_and_parallel_loops(%X: memref<16xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %zero = arith.constant 0.0 : f32
    // expected-remark@+1 {{not pipelined: affine.for is to be lowered to scf.for first}}
    affine.for %k = 0 to 16 {
      memref.store %zero, %X[%k] : memref<16xf32>
    } {tile.num_stages = 2 : i32}
    // expected-remark@+1 {{not pipelined: scf.forall has no order of iterations; use scf.for}}
    scf.forall (%k) in (16) {
      memref.store %zero, %X[%k] : memref<16xf32>
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// The number that fits is found without trying one after another.
!x = memref<64x16xf32>
!win = memref<16xf32, strided<[1], offset: ?>>
!tile = memref<16xf32, #gpu.address_space<workgroup>>
!frag = memref<16xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @very_many_stages(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // expected-remark@+1 {{1000000000 stages do not fit into 232448 bytes of shared memory: 3632 it is}}
    scf.for %k = %c0 to %c64 step %c1 {
      %a = memref.subview %X[%k, 0] [1, 16] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 1000000000 : i32}
    gpu.return
  }
}

// -----

// The copy is a part of a condition with results: it cannot run ahead alone.
!x = memref<256xf32>
!win = memref<16xf32, strided<[1], offset: ?>>
!tile = memref<16xf32, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @copy_in_a_condition_with_results(%X: !x, %R: memref<1xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c96 = arith.constant 96 : index
    %zero = arith.constant 0.0 : f32
    %S = memref.alloc() : !tile
    // expected-remark@+1 {{loop not pipelined: no copy from global to shared memory may run ahead of its iteration}}
    %r = scf.for %k = %c0 to %c96 step %c16 iter_args(%sum = %zero) -> f32 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %go = arith.cmpi ne, %k, %c16 : index
      // expected-note@+1 {{this 'scf.if' is one statement, together with the 'memref.copy' in it}}
      %next = scf.if %go -> f32 {
        memref.copy %a, %S : !win to !tile
        %first = memref.load %S[%c0] : !tile
        %more = arith.addf %sum, %first : f32
        scf.yield %more : f32
      } else {
        scf.yield %sum : f32
      }
      scf.yield %next : f32
    } {tile.num_stages = 2 : i32}
    memref.store %r, %R[%c0] : memref<1xf32>
    gpu.return
  }
}
