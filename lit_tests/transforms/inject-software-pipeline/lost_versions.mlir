// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_80 --tile-inject-software-pipeline --verify-diagnostics | FileCheck %s

// What clean-up leaves where a loop of one iteration stood in front of the second loop: its copy now is a use of the tile in
// another loop's body, where no iteration has a number. The second loop stays as it is, its copies synchronous.

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @folded_sibling(%X: !x, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    // CHECK: %[[TILE:.*]] = memref.alloc() : memref<16xf16, #gpu.address_space<workgroup>>
    scf.for %t = %c0 to %n step %c1 {
      %first = memref.subview %X[%t] [16] [1] : !x to !win
      "tile.statement"() ({
        memref.copy %first, %S {tile.instruction = "cp_async", tile.reason = "the first choice of the machine"} : !win to !tile
      }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
      "tile.statement"() ({
        memref.copy %S, %F : !tile to !frag
      }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
      // CHECK: memref.copy %{{.*}}, %[[TILE]] {tile.instruction = "simt"
      // CHECK-NOT: tile.strategy
      // CHECK: scf.for
      // CHECK: memref.copy %{{.*}}, %[[TILE]] {tile.instruction = "simt", tile.reason = "no pipeline runs it ahead"}
      // CHECK-NEXT: memref.copy %[[TILE]]
      // CHECK-NEXT: }
      // CHECK-NOT: tile.strategy
      // expected-remark@+1 {{memref.copy uses it before the loop, in another loop's body}}
      scf.for %k = %c0 to %c64 step %c16 {
        %a = memref.subview %X[%k] [16] [1] : !x to !win
        "tile.statement"() ({
          memref.copy %a, %S {tile.instruction = "cp_async", tile.reason = "the first choice of the machine"} : !win to !tile
        }) {stage = 0 : i32, order = 0 : i32, group = 0 : i32} : () -> ()
        "tile.statement"() ({
          memref.copy %S, %F : !tile to !frag
        }) {stage = 1 : i32, order = 1 : i32, group = -1 : i32} : () -> ()
      } {tile.num_stages = 2 : i32, tile.strategy = "async", tile.reason = "asked for"}
    }
    gpu.return
  }
}
