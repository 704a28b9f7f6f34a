// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// Copies before a specialized loop: the producer makes those that it can, the others say why not.

// Only the consumer reads the tile, and nothing else writes it.
// CHECK-LABEL: gpu.func @before_the_loop(
//
// CHECK: memref.copy %subview, %alloc {tile.instruction = "bulk", tile.reason = "the producer makes it before the loop, and the consumer waits for it on an mbarrier of its own"}
// CHECK: scf.for
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @before_the_loop(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Over loops and guards as well: its rounds can be counted.
// CHECK-LABEL: gpu.func @in_a_persistent_loop(
//
// CHECK: scf.for
// CHECK: scf.if
// CHECK: memref.copy %subview, %alloc {tile.instruction = "bulk", tile.reason = "the producer makes it before the loop, and the consumer waits for it on an mbarrier of its own"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @in_a_persistent_loop(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %i = %c0 to %n step %c1 {
      %t = arith.cmpi ne, %i, %c1 : index
      scf.if %t {
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
      }
    }
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @written_twice(
//
// CHECK: memref.copy %subview{{.*}}, %alloc {tile.instruction = "simt", tile.reason = "not left to the producer: its tile is written by another statement as well"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @written_twice(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %w, %Q : !win to !tile
    %h = arith.constant 0.5 : f16
    memref.store %h, %Q[%c0] : !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @used_before(
//
// CHECK: memref.copy %subview{{.*}}, %alloc {tile.instruction = "simt", tile.reason = "not left to the producer: memref.copy uses its tile before it, or outside of its block"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @used_before(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %i = %c0 to %n step %c1 {
    memref.copy %Q, %F : !tile to !frag
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    }
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @used_outside(
//
// CHECK: memref.copy %subview{{.*}}, %alloc {tile.instruction = "simt", tile.reason = "not left to the producer: memref.copy uses its tile before it, or outside of its block"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @used_outside(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %t = arith.cmpi ne, %n, %c1 : index
    scf.if %t {
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    }
    memref.copy %Q, %F : !tile to !frag
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @unused(
//
// CHECK: memref.copy %subview{{.*}}, %alloc {tile.instruction = "simt", tile.reason = "not left to the producer: nothing uses its tile"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @unused(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %S[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @handed_on(
//
// CHECK: memref.copy %subview{{.*}}, %alloc {tile.instruction = "simt", tile.reason = "not left to the producer: arith.select hands its tile on"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @handed_on(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %w, %Q : !win to !tile
    %t = arith.cmpi ne, %n, %c1 : index
    %P = arith.select %t, %Q, %Q : !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    %v = memref.load %P[%c0] : !tile
    memref.store %v, %F[%c0] : !frag
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @source_written(
//
// CHECK: memref.copy %subview{{.*}}, %alloc {tile.instruction = "simt", tile.reason = "not left to the producer: the kernel writes {{.*}}, which a copy reads"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @source_written(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %u = memref.subview %W[%n] [16] [1] : !x to !win
    memref.copy %u, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    memref.copy %F, %u : !frag to !win
    gpu.return
  }
}

// -----

// The rounds of the copy are counted over a while loop, as the iterations of the loop are.
// CHECK-LABEL: gpu.func @in_a_while(
//
// CHECK: scf.while
// CHECK: memref.copy %subview, %alloc {tile.instruction = "bulk", tile.reason = "the producer makes it before the loop, and the consumer waits for it on an mbarrier of its own"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @in_a_while(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.while : () -> () {
      %v = memref.load %X[%c0] : !x
      %t = arith.cmpf oeq, %v, %v : f16
      scf.condition(%t)
    } do {
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
      scf.yield
    }
    gpu.return
  }
}

// -----

// What comes after the loop, or is no bulk copy, is copied as anywhere else.
// CHECK-LABEL: gpu.func @after_the_loop(
//
// CHECK: scf.for
// CHECK: memref.copy %subview, %alloc {tile.instruction = "simt", tile.reason = "no pipeline runs it ahead"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @after_the_loop(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %S[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    memref.copy %w, %Q : !win to !tile
    memref.copy %Q, %F : !tile to !frag
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @no_bulk_copy(
//
// CHECK: memref.copy %subview, %alloc {tile.disable_bulk_copy, tile.instruction = "simt", tile.reason = "no pipeline runs it ahead"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @no_bulk_copy(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %w, %Q {tile.disable_bulk_copy} : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Where no loop is specialized there is no producer.
// CHECK-LABEL: gpu.func @asynchronous_loop(
//
// CHECK: memref.copy %subview, %alloc {tile.instruction = "simt", tile.reason = "no pipeline runs it ahead"}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @asynchronous_loop(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %w, %Q : !win to !tile
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %s = memref.load %S[%e] : !tile
        %q = memref.load %Q[%e] : !tile
        %p = arith.mulf %s, %q : f16
        memref.store %p, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}
