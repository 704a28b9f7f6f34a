// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --print-decisions=json -o %t.mlir | FileCheck %s

// The decision of a loop says for every copy why it is no bulk copy, also where others are and the loop is specialized.

// CHECK: "subject": "loop"
// CHECK: "strategy": "warp_specialize"
// CHECK: "bulk": [
// CHECK-NEXT: "the first choice of the machine",
// CHECK-NEXT: "no bulk: the last dimension has 12 bytes, not a multiple of 16",
// CHECK-NEXT: "no bulk: tile.disable_bulk_copy is set",
// CHECK-NEXT: "no bulk: it copies global to shared, not shared to fragment"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!short = memref<6xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @three_copies(%X: !x, %O: memref<6xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %T = memref.alloc() : !short
    %U = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %G = memref.alloc() : memref<6xf16, #gpu.address_space<private>>
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      %b = memref.subview %X[%k] [6] [1] : !x to memref<6xf16, strided<[1], offset: ?>>
      memref.copy %a, %S : !win to !tile
      memref.copy %b, %T : memref<6xf16, strided<[1], offset: ?>> to !short
      memref.copy %a, %U {tile.disable_bulk_copy} : !win to !tile
      memref.copy %S, %F : !tile to !frag
      linalg.add ins(%S, %U : !tile, !tile) outs(%F : !frag)
      linalg.copy ins(%T : !short) outs(%G : memref<6xf16, #gpu.address_space<private>>)
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
