// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file --verify-diagnostics | FileCheck %s

// A table in shared memory is kept twice, once for each role, where there is room for it.

// CHECK-LABEL: gpu.func @room_for_two(
// CHECK: tile.strategy = "warp_specialize"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!rows = memref<14000xindex>
!table = memref<14000xindex, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @room_for_two(%X: !x, %rows: !rows, %Y: !rows) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %table = memref.alloc() : !table
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %rows, %table : !rows to !table
    scf.for %k = %c0 to %c4 step %c1 {
      %row = memref.load %table[%k] : !table
      %a = memref.subview %X[%row] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @no_room_for_two(
// CHECK: tile.reason = "not specialized: a second copy of the table that a copy's address or guard is read from does not fit into shared memory", tile.strategy = "async"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!rows = memref<15000xindex>
!table = memref<15000xindex, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @no_room_for_two(%X: !x, %rows: !rows, %Y: !rows) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    // expected-note@+1 {{because of this 'memref.alloc'}}
    %table = memref.alloc() : !table
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    memref.copy %rows, %table : !rows to !table
    // expected-remark@+1 {{not specialized, but pipelined: a second copy of the table that a copy's address or guard is read from does not fit}}
    scf.for %k = %c0 to %c4 step %c1 {
      %row = memref.load %table[%k] : !table
      %a = memref.subview %X[%row] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
