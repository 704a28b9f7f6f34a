// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps))' | FileCheck %s

// Which role runs what: the producer has the slice that fills the channels, the consumer the rest, some they both compute.

// What only the consumer needs stands in it alone: the first value of its accumulator, and what stores the last. The view of
// the output computes nothing that a role would own, and is shared.
// CHECK-LABEL: gpu.func @consumer_initialises(
//
// CHECK: %[[OUT:.*]] = memref.subview %arg1[%arg2]
// CHECK-NEXT: "tile.specialize"() ({
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: scf.for
// CHECK-NOT: linalg.fill
// CHECK-NOT: memref.copy
// CHECK-NOT: scf.forall
// CHECK: role = "producer"
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: scf.for
// CHECK-NOT: tile.bulk_copy
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: memref.copy %{{.*}}, %[[OUT]]
// CHECK-NEXT: }) {registers = 240 : i32, role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @consumer_initialises(%X: !x, %O: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%F : !frag)
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      scf.forall (%e) in (16) {
        %old = memref.load %F[%e] : !frag
        %s = memref.load %S[%e] : !tile
        %sum = arith.addf %old, %s : f16
        memref.store %sum, %F[%e] : !frag
      }
    } {tile.num_stages = 2 : i32}
    %o = memref.subview %O[%n] [16] [1] : !x to !win
    memref.copy %F, %o : !frag to !win
    gpu.return
  }
}

// -----

// A mask in a fragment, from which both roles take their guards: each has its own copy of it, and fills it itself.
// CHECK-LABEL: gpu.func @mask_in_both(
//
// CHECK: memref.alloc() : memref<16xf16, #gpu.address_space<private>>
// CHECK-NEXT: %[[PRODUCERS:.*]] = memref.alloc() : memref<8xi32, #gpu.address_space<private>>
// CHECK-NEXT: %[[CONSUMERS:.*]] = memref.alloc() : memref<8xi32, #gpu.address_space<private>>
// CHECK: "tile.warp_group"() ({
// CHECK-NEXT: memref.copy %arg3, %[[PRODUCERS]]
// CHECK-NEXT: scf.for
// CHECK-NOT: %[[CONSUMERS]]
// CHECK: memref.load %[[PRODUCERS]][
// CHECK: scf.if
// CHECK: tile.bulk_copy
// CHECK: role = "producer"
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: memref.copy %arg3, %[[CONSUMERS]]
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: scf.for
// CHECK-NOT: %[[PRODUCERS]]
// CHECK: memref.load %[[CONSUMERS]][
// CHECK: scf.if
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!flags = memref<8xi32>
!mask = memref<8xi32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @mask_in_both(%X: !x, %O: !x, %n: index, %flags: !flags) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %mask = memref.alloc() : !mask
    memref.copy %flags, %mask : !flags to !mask
    linalg.fill ins(%zero : f16) outs(%F : !frag)
    scf.for %k = %c0 to %c4 step %c1 {
      %flag = memref.load %mask[%k] : !mask
      %there = arith.trunci %flag : i32 to i1
      scf.if %there {
        %at = arith.muli %k, %c16 : index
        %a = memref.subview %X[%at] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
  scf.forall (%e) in (16) {
          %old = memref.load %F[%e] : !frag
          %s = memref.load %S[%e] : !tile
          %sum = arith.addf %old, %s : f16
          memref.store %sum, %F[%e] : !frag
        }
      }
    } {tile.num_stages = 2 : i32}
    %o = memref.subview %O[%n] [16] [1] : !x to !win
    memref.copy %F, %o : !frag to !win
    gpu.return
  }
}

// -----

// In a nest each role computes the addresses of its own accesses: where the copies read is the producer's, where the result goes
// the consumer's. The producer carries only the values that it needs: the place, and the count of its iterations.
// CHECK-LABEL: gpu.func @addresses(
//
// CHECK: "tile.warp_group"() ({
// CHECK-NEXT: scf.for {{.*}} iter_args(%[[PLACE:.*]] = %c0, %[[COUNT:.*]] = %c0) -> (index, index) {
// CHECK-NEXT: %[[FROM:.*]] = arith.muli %[[PLACE]], %c16
// CHECK-NEXT: %[[NEXT:.*]] = affine.apply #map(%[[COUNT]])
// CHECK-NEXT: scf.for %[[K:.*]] = %c0 to %c4
// CHECK: %[[AT:.*]] = arith.addi %[[FROM]], %[[K]]
// CHECK-NEXT: memref.subview %arg0[%[[AT]]]
// CHECK: } {tile.pipeline_depth
// CHECK-NEXT: %[[PLACE2:.*]] = arith.addi %[[PLACE]], %c1
// CHECK-NEXT: scf.yield %[[PLACE2]], %[[NEXT]] : index, index
// CHECK: role = "producer"
// CHECK-NEXT: "tile.warp_group"() ({
// CHECK-NEXT: scf.for {{.*}} iter_args({{.*}}, %[[TARGET:.*]] = %c0, %[[COUNT2:.*]] = %c0)
// CHECK-NEXT: %[[TO:.*]] = arith.muli %[[TARGET]], %c16
// CHECK-NEXT: linalg.fill
// CHECK-NOT: memref.subview %arg0
// CHECK: %[[OUT:.*]] = memref.subview %arg1[%[[TO]]]
// CHECK-NEXT: memref.copy %{{.*}}, %[[OUT]]
// CHECK: role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @addresses(%X: !x, %O: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %ends:2 = scf.for %i = %c0 to %n step %c1 iter_args(%place = %c0, %target = %c0) -> (index, index) {
      %from = arith.muli %place, %c16 : index
      %to = arith.muli %target, %c16 : index
      linalg.fill ins(%zero : f16) outs(%F : !frag)
      scf.for %k = %c0 to %c4 step %c1 {
        %at = arith.addi %from, %k : index
        %a = memref.subview %X[%at] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
  scf.forall (%e) in (16) {
          %old = memref.load %F[%e] : !frag
          %s = memref.load %S[%e] : !tile
          %sum = arith.addf %old, %s : f16
          memref.store %sum, %F[%e] : !frag
        }
      } {tile.num_stages = 2 : i32}
      %o = memref.subview %O[%to] [16] [1] : !x to !win
      memref.copy %F, %o : !frag to !win
      %place2 = arith.addi %place, %c1 : index
      %target2 = arith.addi %target, %c4 : index
      scf.yield %place2, %target2 : index, index
    }
    gpu.return
  }
}
