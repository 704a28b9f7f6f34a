// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// Rule 1: reads of memory that the loop writes, results of statements, carried values.

// What the loop writes is read in the statement that uses it, with all that is computed from it.
// CHECK-LABEL: gpu.func @read_where_it_is_used(
// CHECK: scf.for
// CHECK-NEXT: memref.subview
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: %[[VALUE:.*]] = memref.load %alloc[%c0]
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[VALUE]], %[[VALUE]]
// CHECK-NEXT: memref.store %[[SUM]], %alloc_0[%c0]
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: } {
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @read_where_it_is_used(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      %value = memref.load %S[%c0] : !tile
      %sum = arith.addf %value, %value : f16
      memref.store %sum, %F[%c0] : !frag
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A guard over what the loop writes is computed by each statement under it.
// CHECK-LABEL: gpu.func @guard_read_from_written_memory(
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK: "tile.statement"() ({
// CHECK-NEXT: %[[FIRST:.*]] = memref.load %[[FLAGS:.*]][%c0]
// CHECK-NEXT: %[[ON:.*]] = arith.cmpi ne, %[[FIRST]], %c0_i32
// CHECK-NEXT: scf.if %[[ON]] {
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 2 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: %[[SECOND:.*]] = memref.load %[[FLAGS]][%c0]
// CHECK-NEXT: arith.cmpi ne, %[[SECOND]]
// CHECK-NEXT: scf.if
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 2 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: memref.store
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!flags = memref<4xi32>
gpu.module @kernels {
  gpu.func @guard_read_from_written_memory(%X: !x, %flags: !flags) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %none = arith.constant 0 : i32
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      %flag = memref.load %flags[%c0] : !flags
      %on = arith.cmpi ne, %flag, %none : i32
      scf.if %on {
        memref.copy %S, %F : !tile to !frag
        memref.copy %S, %G : !tile to !frag
      }
      memref.store %none, %flags[%c0] : !flags
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A statement under the guard writes what the guard was read from: the flag is kept in a buffer of its own.
// CHECK-LABEL: gpu.func @guard_is_kept(
// CHECK: %[[KEPT:.*]] = memref.alloc() : memref<1xi32, #gpu.address_space<private>>
// CHECK-NEXT: scf.for
// CHECK: memref.copy
// CHECK-NEXT: })
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: %[[FLAG:.*]] = memref.load %arg1[%c0]
// CHECK-NEXT: memref.store %[[FLAG]], %[[KEPT]][%c0]
// CHECK-NEXT: })
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: %[[FIRST:.*]] = memref.load %[[KEPT]][%c0]
// CHECK-NEXT: arith.cmpi ne, %[[FIRST]]
// CHECK-NEXT: scf.if
// CHECK-NEXT: memref.store %c0_i32, %arg1[%c0]
// CHECK: "tile.statement"() ({
// CHECK-NEXT: %[[SECOND:.*]] = memref.load %[[KEPT]][%c0]
// CHECK-NEXT: arith.cmpi ne, %[[SECOND]]
// CHECK-NEXT: scf.if
// CHECK-NEXT: memref.copy
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!flags = memref<4xi32>
gpu.module @kernels {
  gpu.func @guard_is_kept(%X: !x, %flags: !flags) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %none = arith.constant 0 : i32
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      %flag = memref.load %flags[%c0] : !flags
      %on = arith.cmpi ne, %flag, %none : i32
      scf.if %on {
        memref.store %none, %flags[%c0] : !flags
        memref.copy %S, %F : !tile to !frag
      }
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// The result of an atomic update is stored in the statement of the update.
// CHECK-LABEL: gpu.func @atomic_result(
// CHECK: %[[KEPT:.*]] = memref.alloc() : memref<1xi32, #gpu.address_space<private>>
// CHECK-NEXT: scf.for
// CHECK: memref.copy
// CHECK-NEXT: })
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: %[[OLD:.*]] = memref.atomic_rmw addi %c1_i32, %arg1[%c0]
// CHECK-NEXT: memref.store %[[OLD]], %[[KEPT]][%c0]
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 2 : i32}
// CHECK: memref.copy
// CHECK: "tile.statement"() ({
// CHECK-NEXT: %[[USED:.*]] = memref.load %[[KEPT]][%c0]
// CHECK-NEXT: memref.store %[[USED]], %arg1[%c1]
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!counts = memref<4xi32>
gpu.module @kernels {
  gpu.func @atomic_result(%X: !x, %counts: !counts) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %one = arith.constant 1 : i32
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      %old = memref.atomic_rmw addi %one, %counts[%c0] : (i32, !counts) -> i32
      memref.copy %S, %F : !tile to !frag
      memref.store %old, %counts[%c1] : !counts
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    gpu.return
  }
}

// -----

// A carried value is stored at the end of each iteration, loaded where it is used, and loaded after the loop.
// CHECK-LABEL: gpu.func @carried_value(
// CHECK: %[[PLACE:.*]] = memref.alloc() : memref<1xf16, #gpu.address_space<private>>
// CHECK-NEXT: memref.store %{{.*}}, %[[PLACE]][%c0]
// CHECK-NEXT: scf.for %{{.*}} = %c0 to %c64 step %c16 {
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK: "tile.statement"() ({
// CHECK-NEXT: %[[CARRIED:.*]] = memref.load %[[PLACE]][%c0]
// CHECK-NEXT: %[[ELEMENT:.*]] = memref.load %alloc[%c0]
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[CARRIED]], %[[ELEMENT]]
// CHECK-NEXT: memref.store %[[SUM]], %[[PLACE]][%c0]
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: } {
// CHECK-NEXT: %[[END:.*]] = memref.load %[[PLACE]][%c0]
// CHECK-NEXT: memref.store %[[END]], %arg0[%c0]
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @carried_value(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %total = scf.for %k = %c0 to %c64 step %c16 iter_args(%before = %zero) -> (f16) {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      %element = memref.load %S[%c0] : !tile
      %sum = arith.addf %before, %element : f16
      scf.yield %sum : f16
    } {tile.num_stages = 2 : i32, tile.strategy = "async"}
    memref.store %total, %X[%c0] : !x
    gpu.return
  }
}

// -----

// In an explicit schedule a read with a place is a statement; a replayable one loses its place.
// CHECK-LABEL: gpu.func @explicit_places_of_reads(
// CHECK: scf.for
// CHECK-NOT: tile.stage
// CHECK: memref.load %arg1[%{{.*}}] : memref<256xindex>
// CHECK: "tile.statement"() ({
// CHECK-NEXT: memref.copy
// CHECK-NEXT: }) {group = 0 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: %[[READ:.*]] = memref.load %alloc[%c0]
// CHECK-NEXT: memref.store %[[READ]], %[[KEPT:.*]][%c0]
// CHECK-NEXT: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
// CHECK-NEXT: "tile.statement"() ({
// CHECK-NEXT: %[[USED:.*]] = memref.load %[[KEPT]][%c0]
// CHECK-NEXT: memref.store %[[USED]], %alloc_0[%c0]
// CHECK-NEXT: }) {group = -1 : i32, order = 2 : i32, stage = 2 : i32}
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!table = memref<256xindex>
gpu.module @kernels {
  gpu.func @explicit_places_of_reads(%X: !x, %table: !table) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %row = memref.load %table[%k] {tile.stage = 0 : i32, tile.order = 9 : i32} : !table
      %a = memref.subview %X[%row] [16] [1] : !x to !win
      memref.copy %a, %S {tile.stage = 0 : i32, tile.order = 0 : i32} : !win to !tile
      %value = memref.load %S[%c0] {tile.stage = 1 : i32, tile.order = 1 : i32} : !tile
      memref.store %value, %F[%c0] {tile.stage = 2 : i32, tile.order = 2 : i32} : !frag
    } {tile.strategy = "async"}
    gpu.return
  }
}
