// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s

// What both branches of a condition write is written for certain.

// A gather that pads outside of its source runs ahead, as a copy does.
// CHECK-LABEL: gpu.func @both_branches(
// CHECK: scf.if
// CHECK: }) {group = -1 : i32, order = 0 : i32, stage = 0 : i32}
// CHECK: }) {group = -1 : i32, order = 1 : i32, stage = 1 : i32}
!x = memref<100xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @both_branches(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %c100 = arith.constant 100 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c8 step %c1 {
      scf.forall (%i) in (16) {
        %at = affine.apply affine_map<(k, i) -> (k * 16 + i)>(%k, %i)
        %inside = arith.cmpi slt, %at, %c100 : index
        scf.if %inside {
          %v = memref.load %X[%at] : !x
          memref.store %v, %S[%i] : !tile
        } else {
          memref.store %zero, %S[%i] : !tile
        }
      }
      %place = memref.subview %F[%k] [16] [1] : !frag to memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<private>>
      memref.copy %S, %place : !tile to memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<private>>
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// Where the other branch writes another element, what was there before may still be read.
// CHECK-LABEL: gpu.func @one_branch_writes_elsewhere(
// CHECK-NOT: stage = 0
// CHECK: gpu.return
!x = memref<100xf16>
!tile = memref<17xf16, #gpu.address_space<workgroup>>
!frag = memref<17xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @one_branch_writes_elsewhere(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %c100 = arith.constant 100 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    linalg.fill ins(%zero : f16) outs(%S : !tile)
    scf.for %k = %c0 to %c8 step %c1 {
      scf.forall (%i) in (16) {
        %at = affine.apply affine_map<(k, i) -> (k * 16 + i)>(%k, %i)
        %inside = arith.cmpi slt, %at, %c100 : index
        scf.if %inside {
          %v = memref.load %X[%at] : !x
          memref.store %v, %S[%i] : !tile
        } else {
          %next = arith.addi %i, %c1 : index
          memref.store %zero, %S[%next] : !tile
        }
      }
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
