// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps))' | FileCheck %s

// A channel that is filled by copies of several kinds: which arrivals its full ring takes.

// A bulk copy and a cp.async: the bytes are announced, and each producer thread arrives once, when its own copies have landed.
// One ring serves both copies; the consumer has neither.
// CHECK-LABEL: gpu.func @bulk_and_cp_async(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK-NEXT: %[[EMPTY:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK-NOT: tile.mbarrier_init
// CHECK: "tile.mbarrier_wait"(%[[EMPTY]], %[[STAGE:[0-9]*]],
// CHECK: "tile.mbarrier_expect"(%[[FULL]], %[[STAGE]]) {bytes = 32 : i32}
// CHECK-NEXT: "tile.bulk_copy"({{.*}}, %[[FULL]], %[[STAGE]]) {tile.instruction = "bulk"}
// CHECK: "tile.copy_async"({{.*}} {group = 0 : i32, tile.instruction = "cp_async"}
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL]], %[[STAGE]]) {after_copies = true}
// CHECK-NEXT: }
// CHECK-NEXT: }) {role = "producer"
// CHECK-NOT: tile.copy_async
// CHECK: "tile.mbarrier_wait"(%[[FULL]],
// CHECK-NEXT: scf.forall
// CHECK: "tile.mbarrier_arrive"(%[[EMPTY]], %{{[0-9]*}}) :
// CHECK-NEXT: }
// CHECK-NEXT: }) {role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!short = memref<6xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!few = memref<6xf16, #gpu.address_space<workgroup>>
!part = memref<6xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @bulk_and_cp_async(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !few
    %G = memref.alloc() : !part
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %X[%k] [6] [1] : !x to !short
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %T : !short to !few
      scf.forall (%e) in (6) {
        %s = memref.load %S[%e] : !tile
        %t = memref.load %T[%e] : !few
        %p = arith.mulf %s, %t : f16
        memref.store %p, %G[%e] : !part
      }
    } {tile.num_stages = 3 : i32}
    gpu.return
  }
}

// -----

// Copies that are waited for at different places are two channels, each with the arrivals of its own copies.
// CHECK-LABEL: gpu.func @two_channels(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 3 : i32}
// CHECK-NEXT: "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK: %[[FULL2:.*]] = "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK-NEXT: "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 3 : i32}
// CHECK: "tile.bulk_copy"
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL]], %{{[0-9]*}}) {elect = true}
// CHECK: "tile.copy_async"
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL2]], %{{[0-9]*}}) {after_copies = true}
// CHECK: role = "producer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!short = memref<6xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!few = memref<6xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!part = memref<6xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @two_channels(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !few
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !part
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %X[%k] [6] [1] : !x to !short
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %T : !short to !few
      linalg.copy ins(%S : !tile) outs(%F : !frag)
      linalg.copy ins(%T : !few) outs(%G : !part)
    } {tile.num_stages = 3 : i32}
    gpu.return
  }
}

// -----

// What the threads write themselves is there when they arrive: an arrival of its own, beside the one after the copies.
// CHECK-LABEL: gpu.func @bulk_cp_async_and_threads(
//
// CHECK: %[[FULL:.*]] = "tile.mbarrier_init"() {arrivals = 256 : i32, stages = 2 : i32}
// CHECK-NEXT: "tile.mbarrier_init"() {arrivals = 128 : i32, stages = 2 : i32}
// CHECK: "tile.bulk_copy"
// CHECK: "tile.copy_async"
// CHECK: scf.forall
// CHECK: "tile.mbarrier_arrive"(%[[FULL]], %[[STAGE:[0-9]*]]) :
// CHECK-NEXT: "tile.mbarrier_arrive"(%[[FULL]], %[[STAGE]]) {after_copies = true}
// CHECK-NEXT: }
// CHECK-NEXT: }) {role = "producer"
!x = memref<256xf16>
!y = memref<256xf32>
!win = memref<16xf16, strided<[1], offset: ?>>
!short = memref<6xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!few = memref<6xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @bulk_cp_async_and_threads(%X: !x, %Y: !y) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !few
    %U = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %X[%k] [6] [1] : !x to !short
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %T : !short to !few
      scf.forall (%e) in (16) {
        %place = arith.addi %k, %e : index
        %y = memref.load %Y[%place] : !y
        %h = arith.truncf %y : f32 to f16
        memref.store %h, %U[%e] : !tile
      }
      scf.forall (%e) in (6) {
        %s = memref.load %S[%e] : !tile
        %t = memref.load %T[%e] : !few
        %u = memref.load %U[%e] : !tile
        %p = arith.mulf %s, %t : f16
        %q = arith.addf %p, %u : f16
        memref.store %q, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Under a guard the copies may not be made at all: the arrival is unconditional, as that of bulk copies.
// CHECK-LABEL: gpu.func @guarded_cp_async(
//
// CHECK: scf.if
// CHECK: "tile.copy_async"
// CHECK-NEXT: }
// CHECK-NEXT: "tile.mbarrier_arrive"({{.*}}) {after_copies = true}
// CHECK-NEXT: }
// CHECK-NEXT: }) {role = "producer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!short = memref<6xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!few = memref<6xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @guarded_cp_async(%X: !x, %guard: i1) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !few
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %X[%k] [6] [1] : !x to !short
      memref.copy %a, %S : !win to !tile
      scf.if %guard {
        memref.copy %b, %T : !short to !few
        scf.forall (%e) in (6) {
          %s = memref.load %S[%e] : !tile
          %t = memref.load %T[%e] : !few
          %p = arith.mulf %s, %t : f16
          memref.store %p, %F[%e] : !frag
        }
      }
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
