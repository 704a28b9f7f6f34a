// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file --verify-diagnostics

// The remark and the errors of the pass.

!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @shifted_index(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-remark-re@+1 {{memref<16x64xf16, #gpu.address_space<private>> of {{.*}} moves to shared memory: its indices are not the loop's own}}
    %F = memref.alloc() : !f
    // expected-note@+1 {{'memref.copy' accesses it as #tile.fragment<{modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]], shape = [16, 64], threads = 128 : i32}>}}
    memref.copy %X, %F : !m to !f
    scf.forall (%i, %j) in (16, 15) {
      %n = affine.apply affine_map<(d0) -> (d0 + 1)>(%j)
      // expected-note@+1 {{'memref.load' accesses it as #tile.fragment<}}
      %v = memref.load %F[%n, %n] : !f
      memref.store %v, %X[%i, %j] : !m
    }
    gpu.return
  }
}

// -----

!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @serial_access_of_a_spread_fragment(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    // expected-remark@+1 {{moves to shared memory: every thread accesses an element that only some keep, where linalg.reduce would combine what they keep}}
    %F = memref.alloc() : !f
    // expected-note@+1 {{'memref.copy' accesses it as #tile.fragment<{modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]]}}
    memref.copy %X, %F : !m to !f
    // expected-note@+1 {{'memref.load' accesses it as #tile.fragment<{modes = [[1024, 0, 1]], replicas = [[128, 1, 0]]}}
    %v = memref.load %F[%c0, %c0] : !f
    memref.store %v, %X[%c1, %c0] : !m
    gpu.return
  }
}

// -----

// Writing it is no better.
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @serial_write_of_a_spread_fragment(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %one = arith.constant 1.0 : f16
    // expected-remark@+1 {{moves to shared memory: every thread accesses an element that only some keep}}
    %F = memref.alloc() : !f
    // expected-note@+1 {{'memref.copy' accesses it as}}
    memref.copy %X, %F : !m to !f
    // expected-note@+1 {{'memref.store' accesses it as}}
    memref.store %one, %F[%c0, %c0] : !f
    memref.copy %F, %X : !f to !m
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @wrong_kind(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': must be a SharedLayout for memref<16x64xf16, #gpu.address_space<workgroup>>}}
    %A = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]]}>} : memref<16x64xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @wrong_kind_for_a_fragment(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': must be a FragmentLayout for memref<16x64xf16, #gpu.address_space<private>>}}
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 2 : i32, swizzle = 0 : i32}>} : memref<16x64xf16, #gpu.address_space<private>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<private>>
    gpu.return
  }
}

// -----

// Elements of three bytes do not fill the vectors that a swizzle moves.
gpu.module @kernels {
  gpu.func @not_injective() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': elements of 3 bytes do not fill the swizzle's vectors of 16}}
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 3 : i32, swizzle = 64 : i32}>} : memref<16x64xi24, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @no_such_swizzle(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': swizzle = 48; it is one of (0, 32, 64, 128)}}
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 2 : i32, swizzle = 48 : i32}>} : memref<16x64xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @too_few_modes(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': the modes cover 8 of 1024 elements}}
    %A = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[8, 0, 1]]}>} : memref<16x64xf16, #gpu.address_space<private>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<private>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @no_layout(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': "row_major" is not a layout; it would be #tile.shared or #tile.fragment}}
    %A = memref.alloc() {tile.layout = "row_major"} : memref<16x64xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @wrong_shape(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{tile.layout of 'memref.alloc': has shape [64, 16]; the buffer has [16, 64]}}
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [64, 16], element_bytes = 2 : i32, swizzle = 0 : i32}>} : memref<16x64xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @two_elements_in_one_register(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{must be injective: two elements of}}
    %A = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[8, 0, 0], [8, 1, 0], [16, 8, 0]]}>} : memref<16x64xf16, #gpu.address_space<private>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<private>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @beyond_the_threads(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{reaches thread 127 of 64}}
    %A = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 64], threads = 64 : i32, modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]]}>} : memref<16x64xf16, #gpu.address_space<private>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<private>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @not_modes(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{is not a list of modes [extent, thread stride, register stride]}}
    %A = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = 3 : i32}>} : memref<16x64xf16, #gpu.address_space<private>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<private>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @other_element_size(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{has elements of 4 bytes; those of memref<16x64xf16, #gpu.address_space<workgroup>> have 2}}
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 4 : i32, swizzle = 0 : i32}>} : memref<16x64xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

// Two rows overlap: the last eight elements of one are the first of the next.
gpu.module @kernels {
  gpu.func @shared_rows_overlap(%X: memref<16x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error-re@+1 {{tile.layout of 'memref.alloc': must be injective: two elements of memref<16x64xf16, #gpu.address_space<workgroup>> of {{.*}} share a place}}
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 2 : i32, digits = [[64, 1], [16, 56]]}>} : memref<16x64xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x64xf16> to memref<16x64xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @xor_of_no_power_of_two(%X: memref<16x48xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{16 values cannot be xored into 6: both are powers of two, the second no less}}
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 48], element_bytes = 2 : i32, digits = [[8, 1], [6, 8], [16, 48]], xors = [[1, 2]]}>} : memref<16x48xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x48xf16> to memref<16x48xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @not_digits(%X: memref<16x48xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{is not a list of pairs [extent, stride]}}
    %A = memref.alloc() {tile.layout = #tile.shared<{shape = [16, 48], element_bytes = 2 : i32, digits = [[8, 1, 3]]}>} : memref<16x48xf16, #gpu.address_space<workgroup>>
    memref.copy %X, %A : memref<16x48xf16> to memref<16x48xf16, #gpu.address_space<workgroup>>
    gpu.return
  }
}

// -----

// An instruction that its product does not fit.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @too_few_threads_for_wgmma() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    "tile.specialize"() ({
      "tile.warp_group"() ({
        // expected-error@+1 {{'linalg.matmul' cannot be laid out: tile.instruction is wgmma: it takes 128 threads together, and 64 run the product}}
        linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
          {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
      }) {role = "consumer", warps = 2 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}

// -----

!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @no_such_instruction() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    // expected-error@+1 {{'linalg.matmul' cannot be laid out: cuda:sm_90a has no instruction mfma}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "mfma"} ins(%A, %B : !a, !b) outs(%D : !d)
    gpu.return
  }
}

// -----

// Rule 7: two groups of threads use one fragment, and write it.
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_fragment_in_two_groups(%X: !m, %Y: !m) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-remark@+1 {{moves to shared memory: two groups of threads use it, each with registers of its own}}
    %F = memref.alloc() : !f
    "tile.specialize"() ({
      "tile.warp_group"() ({
        // expected-note@+1 {{'memref.copy' accesses it}}
        memref.copy %X, %F : !m to !f
      }) {role = "producer", warps = 4 : i32} : () -> ()
      "tile.warp_group"() ({
        // expected-note@+1 {{'memref.copy' accesses it}}
        memref.copy %F, %Y : !f to !m
      }) {role = "consumer", warps = 4 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}

// -----

// Two products want one fragment in different ways: both are named, with what they want.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<64x16xf16, #gpu.address_space<workgroup>>
!w = memref<64x64xf16, #gpu.address_space<private>>
!d = memref<64x64xf16, #gpu.address_space<private>>
!c = memref<64x64xf16, #gpu.address_space<workgroup>>
!o = memref<64x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @accumulator_over_other_warps_than_operand() kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %C = memref.alloc() : !c
    // expected-remark@+1 {{moves to shared memory: two operations want it spread differently}}
    %D = memref.alloc() : !d
    %O = memref.alloc() : !o
    // expected-note@+1 {{'linalg.matmul' accesses it as #tile.fragment<{modes = [[2, 0, 1], [4, 1, 0], [4, 0, 4], [2, 128, 0], [8, 4, 0], [2, 0, 2], [4, 32, 0]]}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    // expected-note@+1 {{'linalg.matmul' accesses it as #tile.fragment<{modes = [[2, 0, 1], [4, 1, 0], [8, 0, 4], [8, 4, 0], [2, 0, 2], [4, 32, 0]], replicas = [[2, 128, 0]]}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%D, %C : !d, !c) outs(%O : !o)
    gpu.return
  }
}

// -----

// Rule 1: an annotation for other threads than use the fragment.
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @annotated_for_other_threads(%X: !m) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error-re@+1 {{tile.layout of memref<16x64xf16, #gpu.address_space<private>> of {{.*}} is over 128 threads; 256 use it}}
    %F = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]]}>} : !f
    memref.copy %X, %F : !m to !f
    gpu.return
  }
}

// -----

// Rule 1: an annotated fragment stays: a loop that it does not serve is the error.
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @annotations_that_differ(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-note@+2 {{'memref.alloc' accesses it as #tile.fragment<{modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]]}}
    // expected-error@+1 {{does not serve all: the loop's threads do not keep the elements that they access}}
    %F = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]]}>} : !f
    memref.copy %X, %F : !m to !f
    scf.forall (%i, %j) in (16, 64) {
      // expected-note@+1 {{'memref.load' accesses it as #tile.fragment<{modes = [[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]]}}
      %v = memref.load %F[%i, %j] : !f
      memref.store %v, %X[%i, %j] : !m
    } {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[2, 0, 1], [32, 1, 0], [4, 32, 0], [4, 0, 2]]}>}
    gpu.return
  }
}

// -----

!m = memref<16x64xf16>
gpu.module @kernels {
  gpu.func @loop_layout_of_another_shape(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %zero = arith.constant 0.0 : f16
    // expected-error@+1 {{tile.layout of 'scf.forall': has shape [64, 16]; the loop has [16, 64]}}
    scf.forall (%i, %j) in (16, 64) {
      memref.store %zero, %X[%i, %j] : !m
    } {tile.layout = #tile.fragment<{shape = [64, 16], threads = 128 : i32, modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]]}>}
    gpu.return
  }
}

// -----

!m = memref<16x64xf16>
gpu.module @kernels {
  gpu.func @loop_layout_for_other_threads(%X: !m) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %zero = arith.constant 0.0 : f16
    // expected-error@+1 {{tile.layout of 'scf.forall': is over 128 threads; 256 run the loop}}
    scf.forall (%i, %j) in (16, 64) {
      memref.store %zero, %X[%i, %j] : !m
    } {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[8, 0, 1], [8, 1, 0], [16, 8, 0]]}>}
    gpu.return
  }
}

// -----

!m = memref<16x64xf16>
gpu.module @kernels {
  gpu.func @loop_layout_that_runs_two_iterations_at_once(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %zero = arith.constant 0.0 : f16
    // expected-error@+1 {{tile.layout of 'scf.forall': must be injective: two iterations share a register}}
    scf.forall (%i, %j) in (16, 64) {
      memref.store %zero, %X[%i, %j] : !m
    } {tile.layout = #tile.fragment<{shape = [16, 64], threads = 128 : i32, modes = [[8, 0, 0], [8, 1, 0], [16, 8, 0]]}>}
    gpu.return
  }
}

// -----

!m = memref<16x64xf16>
gpu.module @kernels {
  gpu.func @loop_layout_of_the_wrong_kind(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %zero = arith.constant 0.0 : f16
    // expected-error@+1 {{tile.layout of 'scf.forall': must be a FragmentLayout: it says which thread runs which iteration}}
    scf.forall (%i, %j) in (16, 64) {
      memref.store %zero, %X[%i, %j] : !m
    } {tile.layout = #tile.shared<{shape = [16, 64], element_bytes = 2 : i32}>}
    gpu.return
  }
}
