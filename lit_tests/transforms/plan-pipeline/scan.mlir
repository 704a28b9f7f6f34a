// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --print-decisions | FileCheck %s

// A scan is a statement that reads its source and writes its destination: the copy before it runs ahead, the tile has versions.
// CHECK: loop: warp_specialize, stages [0, 2, 2], order [1, 0, 2]
// CHECK: memref.copy {{.*}} {tile.instruction = "bulk"
// CHECK-NEXT: }) {group = 0 : i32, order = 1 : i32, stage = 0 : i32}
// CHECK: "tile.statement"() ({
// CHECK-NEXT: "tile.scan"
// CHECK-NEXT: }) {group = -1 : i32, order = 0 : i32, stage = 2 : i32}
!m = memref<16x256xf32>
!w = memref<16x64xf32, strided<[256, 1], offset: ?>>
!s = memref<16x64xf32, #gpu.address_space<workgroup>>
!f = memref<16x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @running_sums(%X: !m, %Y: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %S = memref.alloc() : !s
    %F = memref.alloc() : !f
    scf.for %k = %c0 to %c4 step %c1 {
      %column = affine.apply affine_map<(d0) -> (d0 * 64)>(%k)
      %x = memref.subview %X[0, %column] [16, 64] [1, 1] : !m to !w
      %y = memref.subview %Y[0, %column] [16, 64] [1, 1] : !m to !w
      memref.copy %x, %S : !w to !s
      "tile.scan"(%S, %F) {dimension = 1 : i32, kind = "sum", reverse = false} : (!s, !f) -> ()
      memref.copy %F, %y : !f to !w
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
