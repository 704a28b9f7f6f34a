// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --split-input-file | FileCheck %s

// What a layout annotation of the destination lets a copy be: bulk copies write rows, or swizzles of the hardware's.

// CHECK-LABEL: gpu.func @linear(
// CHECK: tile.strategy = "warp_specialize"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<4x64xf16, #gpu.address_space<workgroup>>
!src = memref<64x64xf16>
!part = memref<4x64xf16, strided<[64, 1], offset: ?>>
!frag = memref<4x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @linear(%X: !src) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [4, 64]}>} : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c4 {
      %a = memref.subview %X[%k, 0] [4, 64] [1, 1] : !src to !part
      memref.copy %a, %S : !part to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @swizzled(
// CHECK: tile.strategy = "warp_specialize"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<4x64xf16, #gpu.address_space<workgroup>>
!src = memref<64x64xf16>
!part = memref<4x64xf16, strided<[64, 1], offset: ?>>
!frag = memref<4x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @swizzled(%X: !src) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() {tile.layout = #tile.shared<{swizzle = 128 : i32, element_bytes = 2 : i32, shape = [4, 64]}>} : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c4 {
      %a = memref.subview %X[%k, 0] [4, 64] [1, 1] : !src to !part
      memref.copy %a, %S : !part to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @padded(
// CHECK: tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
// CHECK: tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: the layout of its tile is neither linear nor a swizzle of the hardware's)", tile.strategy = "async"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<4x64xf16, #gpu.address_space<workgroup>>
!src = memref<64x64xf16>
!part = memref<4x64xf16, strided<[64, 1], offset: ?>>
!frag = memref<4x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @padded(%X: !src) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() {tile.layout = #tile.shared<{padding = 8 : i32, element_bytes = 2 : i32, shape = [4, 64]}>} : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c4 {
      %a = memref.subview %X[%k, 0] [4, 64] [1, 1] : !src to !part
      memref.copy %a, %S : !part to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
