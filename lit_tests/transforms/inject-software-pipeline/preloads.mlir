// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline))' | FileCheck %s

// Rule 10: a copy before the loop that is left to the producer is a channel of depth 1.

// Made once, it is given back never; the first use of its tile, the loop, waits for it.
// CHECK-LABEL: gpu.func @before_the_loop(
//
// CHECK: %[[TILE:.*]] = memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
// CHECK: %[[CHANNEL:.*]] = "tile.channel_init"() {depth = 1 : i32}
// CHECK-NEXT: "tile.channel_acquire"(%[[CHANNEL]], %c0)
// CHECK-NEXT: "tile.copy_async"(%{{.*}}, %[[TILE]]) {group = 0 : i32, tile.instruction = "bulk"}
// CHECK-NEXT: "tile.channel_commit"(%[[CHANNEL]], %c0)
// CHECK-NEXT: "tile.channel_init"() {depth = 2 : i32}
// CHECK-NEXT: "tile.channel_wait"(%[[CHANNEL]], %c0)
// CHECK-NEXT: scf.for
// CHECK-NOT: "tile.channel_release"(%[[CHANNEL]],
// CHECK: gpu.return
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

// A guard around it does not repeat it.
// CHECK-LABEL: gpu.func @under_a_guard(
//
// CHECK: %[[CHANNEL:.*]] = "tile.channel_init"() {depth = 1 : i32}
// CHECK: scf.if
// CHECK: "tile.channel_acquire"(%[[CHANNEL]], %c0)
// CHECK: "tile.channel_wait"(%[[CHANNEL]], %c0)
// CHECK-NOT: "tile.channel_release"(%[[CHANNEL]],
// CHECK: gpu.return
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @under_a_guard(%X: !x, %W: !x, %n: index) kernel
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
    gpu.return
  }
}

// -----

// A loop repeats it: its rounds are counted, and its stage is given back after the last use.
// CHECK-LABEL: gpu.func @in_a_persistent_loop(
//
// CHECK: %[[CHANNEL:.*]] = "tile.channel_init"() {depth = 1 : i32}
// CHECK-NEXT: %[[COUNTS:.*]]:2 = scf.for {{.*}} iter_args(%[[TRIPS:.*]] = %c0, %[[ROUND:.*]] = %c0) -> (index, index) {
// CHECK: %[[INNER:.*]]:2 = scf.if
// CHECK-NEXT: %[[NEXT:.*]] = affine.apply #map(%[[ROUND]])
// CHECK-NEXT: "tile.channel_acquire"(%[[CHANNEL]], %[[ROUND]])
// CHECK-NEXT: tile.copy_async
// CHECK-NEXT: "tile.channel_commit"(%[[CHANNEL]], %[[ROUND]])
// CHECK: "tile.channel_wait"(%[[CHANNEL]], %[[ROUND]])
// CHECK-NEXT: scf.for
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: "tile.channel_release"(%[[CHANNEL]], %[[ROUND]])
// CHECK-NEXT: scf.yield %{{.*}}, %[[NEXT]] : index, index
// CHECK-NEXT: } else {
// CHECK-NEXT: scf.yield %[[TRIPS]], %[[ROUND]] : index, index
// CHECK-NEXT: }
// CHECK-NEXT: scf.yield %[[INNER]]#0, %[[INNER]]#1 : index, index
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

// Copies of one block have one count; each has a channel of its own, and waits where its tile is used.
// CHECK-LABEL: gpu.func @two_copies_of_one_block(
//
// CHECK: %[[FIRST:.*]] = "tile.channel_init"() {depth = 1 : i32}
// CHECK-NEXT: %[[SECOND:.*]] = "tile.channel_init"() {depth = 1 : i32}
// CHECK-NEXT: scf.for {{.*}} iter_args(%{{.*}} = %c0, %[[ROUND:.*]] = %c0) -> (index, index) {
// CHECK: "tile.channel_commit"(%[[FIRST]], %[[ROUND]])
// CHECK-NEXT: "tile.channel_acquire"(%[[SECOND]], %[[ROUND]])
// CHECK-NEXT: tile.copy_async
// CHECK-NEXT: "tile.channel_commit"(%[[SECOND]], %[[ROUND]])
// CHECK: "tile.channel_wait"(%[[FIRST]], %[[ROUND]])
// CHECK-NEXT: scf.for
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: "tile.channel_release"(%[[FIRST]], %[[ROUND]])
// CHECK-NEXT: "tile.channel_wait"(%[[SECOND]], %[[ROUND]])
// CHECK-NEXT: memref.copy
// CHECK-NEXT: "tile.channel_release"(%[[SECOND]], %[[ROUND]])
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @two_copies_of_one_block(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %R = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %i = %c0 to %n step %c1 {
      %t = arith.cmpi ne, %i, %c1 : index
      scf.if %t {
    memref.copy %w, %Q : !win to !tile
    memref.copy %w, %R : !win to !tile
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
    memref.copy %R, %F : !tile to !frag
      }
    }
    gpu.return
  }
}

// -----

// What can be no channel, clean-up having given its tile another user for one, is copied by threads.
// CHECK-LABEL: gpu.func @lost(
//
// CHECK: memref.copy %alloc, %{{.*}} {tile.instruction = "simt"
// CHECK-NEXT: memref.copy %subview, %alloc {tile.instruction = "simt", tile.reason = "not left to the producer: memref.copy uses its tile before it
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @lost(%X: !x, %W: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %w = memref.subview %X[%n] [16] [1] : !x to !win
    %Q = memref.alloc() : !tile
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %Q, %F : !tile to !frag
    memref.copy %w, %Q {tile.instruction = "bulk"} : !win to !tile
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
