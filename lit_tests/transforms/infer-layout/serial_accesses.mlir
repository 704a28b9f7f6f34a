// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout --split-input-file --verify-diagnostics

// Which serial accesses of a fragment that a product spreads over threads are errors, and which are not.

// The accumulator of a product is spread by its instruction: a serial loop over it is made by every thread.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
!v = memref<8xf32, #gpu.address_space<private>>
!r = memref<64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @serial_sum_of_an_accumulator(%X: memref<64xf32>, %Y: memref<64x8xf32>, %Z: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    // expected-note@+1 {{this 'linalg.matmul' spreads it over threads}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    scf.for %k = %c0 to %c8 step %c1 {
      // expected-error@+1 {{a thread-distributed fragment, outside of parallel loops, where every thread makes the access and only some keep the element: combine its elements with linalg.reduce (tl.reduce), or access it in a parallel loop, or copy it to shared memory first}}
      %v = memref.load %D[%c0, %k] : !d
      memref.store %v, %X[%k] : memref<64xf32>
    }
    gpu.return
  }
}

// -----

// So is what is computed from it element by element.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
!v = memref<8xf32, #gpu.address_space<private>>
!r = memref<64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @serial_read_of_what_is_computed_from_it(%X: memref<64xf32>, %Y: memref<64x8xf32>, %Z: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    %E = memref.alloc() : !d
    // expected-note@+1 {{from what this 'linalg.matmul' spreads over threads}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    // expected-note@+1 {{this 'scf.forall' computes it element by element}}
    scf.forall (%i, %j) in (64, 8) {
      %v = memref.load %D[%i, %j] : !d
      %w = math.exp %v : f32
      memref.store %w, %E[%i, %j] : !d
    }
    scf.for %k = %c0 to %c8 step %c1 {
      // expected-error@+1 {{a thread-distributed fragment, outside of parallel loops, where every thread makes the access and only some keep the element: combine its elements with linalg.reduce (tl.reduce), or access it in a parallel loop, or copy it to shared memory first}}
      %v = memref.load %E[%c0, %k] : !d
      memref.store %v, %X[%k] : memref<64xf32>
    }
    gpu.return
  }
}

// -----

// And what that is copied to.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
!v = memref<8xf32, #gpu.address_space<private>>
!r = memref<64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @serial_read_of_a_copy(%X: memref<64xf32>, %Y: memref<64x8xf32>, %Z: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    %E = memref.alloc() : !d
    %G = memref.alloc() : !d
    // expected-note@+1 {{from what this 'linalg.matmul' spreads over threads}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    scf.forall (%i, %j) in (64, 8) {
      %v = memref.load %D[%i, %j] : !d
      %w = math.exp %v : f32
      memref.store %w, %E[%i, %j] : !d
    }
    // expected-note@+1 {{this 'memref.copy' computes it element by element}}
    memref.copy %E, %G : !d to !d
    scf.for %k = %c0 to %c8 step %c1 {
      // expected-error@+1 {{a thread-distributed fragment, outside of parallel loops, where every thread makes the access and only some keep the element: combine its elements with linalg.reduce (tl.reduce), or access it in a parallel loop, or copy it to shared memory first}}
      %v = memref.load %G[%c0, %k] : !d
      memref.store %v, %X[%k] : memref<64xf32>
    }
    gpu.return
  }
}

// -----

// A serial write of it.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
!v = memref<8xf32, #gpu.address_space<private>>
!r = memref<64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @serial_write(%X: memref<64xf32>, %Y: memref<64x8xf32>, %Z: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    // expected-note@+1 {{this 'linalg.matmul' spreads it over threads}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    // expected-error@+1 {{a thread-distributed fragment, outside of parallel loops, where every thread makes the access and only some keep the element: combine its elements with linalg.reduce (tl.reduce), or access it in a parallel loop, or copy it to shared memory first}}
    memref.store %zero, %D[%c0, %c0] : !d
    gpu.return
  }
}

// -----

// A sum along the rows by a serial loop in a parallel one.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
!v = memref<8xf32, #gpu.address_space<private>>
!r = memref<64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @serial_sum_in_a_parallel_loop(%X: memref<64xf32>, %Y: memref<64x8xf32>, %Z: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    %R = memref.alloc() : !r
    linalg.fill ins(%zero : f32) outs(%R : !r)
    // expected-note@+1 {{this 'linalg.matmul' spreads it over threads}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    scf.forall (%i) in (64) {
      scf.for %k = %c0 to %c8 step %c1 {
        %s = memref.load %R[%i] : !r
        // expected-error@+1 {{a thread-distributed fragment, one element after another in a serial loop, and no thread keeps all of them: combine its elements with linalg.reduce (tl.reduce), or copy it to shared memory first}}
        %v = memref.load %D[%i, %k] : !d
        %t = arith.addf %s, %v : f32
        memref.store %t, %R[%i] : !r
      }
    }
    memref.copy %R, %X : !r to memref<64xf32>
    gpu.return
  }
}

// -----

// The same, with the serial loop outside.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
!v = memref<8xf32, #gpu.address_space<private>>
!r = memref<64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @parallel_loop_in_a_serial_sum(%X: memref<64xf32>, %Y: memref<64x8xf32>, %Z: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    %R = memref.alloc() : !r
    linalg.fill ins(%zero : f32) outs(%R : !r)
    // expected-note@+1 {{this 'linalg.matmul' spreads it over threads}}
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    scf.for %k = %c0 to %c8 step %c1 {
      scf.forall (%i) in (64) {
        %s = memref.load %R[%i] : !r
        // expected-error@+1 {{one element after another in a serial loop}}
        %v = memref.load %D[%i, %k] : !d
        %t = arith.addf %s, %v : f32
        memref.store %t, %R[%i] : !r
      }
    }
    memref.copy %R, %X : !r to memref<64xf32>
    gpu.return
  }
}

// -----

// What is only read beside it is no part of it: every thread keeps the scale.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
!v = memref<8xf32, #gpu.address_space<private>>
!r = memref<64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @scale_beside_a_product(%X: memref<64xf32>, %Y: memref<64x8xf32>, %Z: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    %S = memref.alloc() : !v
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    scf.for %k = %c0 to %c8 step %c1 {
      %x = memref.load %Z[%k] : memref<8xf32>
      memref.store %x, %S[%k] : !v
    }
    scf.forall (%i, %j) in (64, 8) {
      %v = memref.load %D[%i, %j] : !d
      %s = memref.load %S[%j] : !v
      %w = arith.mulf %v, %s : f32
      memref.store %w, %Y[%i, %j] : memref<64x8xf32>
    }
    gpu.return
  }
}

// -----

// What a reduction makes of it may be read serially, from shared memory.
!a = memref<64x16xf16, #gpu.address_space<workgroup>>
!b = memref<8x16xf16, #gpu.address_space<workgroup>>
!d = memref<64x8xf32, #gpu.address_space<private>>
!v = memref<8xf32, #gpu.address_space<private>>
!r = memref<64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @reduction_of_a_product(%X: memref<64xf32>, %Y: memref<64x8xf32>, %Z: memref<8xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %A = memref.alloc() : !a
    %B = memref.alloc() : !b
    %D = memref.alloc() : !d
    // expected-remark@+1 {{moves to shared memory}}
    %R = memref.alloc() : !r
    // expected-note@+1 {{'linalg.fill' accesses it}}
    linalg.fill ins(%zero : f32) outs(%R : !r)
    linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {tile.instruction = "wgmma"} ins(%A, %B : !a, !b) outs(%D : !d)
    // expected-note@+1 {{'linalg.reduce' accesses it}}
    linalg.reduce { arith.addf } ins(%D : !d) outs(%R : !r) dimensions = [1]
    %v = memref.load %R[%c0] : !r
    memref.store %v, %X[%c0] : memref<64xf32>
    gpu.return
  }
}
