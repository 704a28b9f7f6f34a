// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each
// RUN: tile-run %s --simulate-each --target cuda:sm_80
// RUN: tile-opt %s --pass-pipeline default | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --pass-pipeline default | FileCheck %s --check-prefix=SM80

// A persistent loop around the pipelined one, whose trip count is another each time: 1, 2, 3, 4, 5.

// Both roles count the iterations of the inner loop over those of the outer one; the accumulator and the output are the consumer's.
// CHECK: "tile.warp_group"
// CHECK-NEXT: scf.for {{.*}} iter_args(%[[COUNT:.*]] = %c0) -> (index)
// CHECK-NOT: linalg.fill
// CHECK: %[[TRIPS:.*]] = arith.maxsi
// CHECK-NEXT: %[[NEXT:.*]] = arith.addi %[[COUNT]], %[[TRIPS]]
// CHECK-NEXT: scf.for
// CHECK: %[[NUMBER:.*]] = arith.addi {{.*}}, %[[COUNT]]
// CHECK-NEXT: "tile.stage_index"(%[[NUMBER]])
// CHECK-NEXT: %[[PARITY:.*]] = "tile.phase"(%[[NUMBER]]) {initial = 1
// CHECK-NEXT: "tile.mbarrier_wait"({{.*}}, {{.*}}, %[[PARITY]])
// CHECK: tile.bulk_copy
// CHECK: scf.yield %[[NEXT]]
// CHECK: role = "producer"
// CHECK: scf.for {{.*}} iter_args
// CHECK-NEXT: linalg.fill
// CHECK: {initial = 0
// CHECK: memref.copy
// CHECK-NEXT: scf.yield
// CHECK: role = "consumer"
// SM80: tile.copy_async
// SM80: tile.wait_group
// SM80: tile.pipeline_depth = 2
!x = memref<256xf32>
!win = memref<16xf32, strided<[1], offset: ?>>
!tile = memref<16xf32, #gpu.address_space<workgroup>>
!frag = memref<16xf32, #gpu.address_space<private>>
#times16 = affine_map<(i) -> (i * 16)>
gpu.module @kernels {
  gpu.func @persistent(%X: !x, %Y: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0.0 : f32
    %half = arith.constant 0.5 : f32
    %S = memref.alloc() : !tile
    %acc = memref.alloc() : !frag
    scf.for %b = %c0 to %c5 step %c1 {
      linalg.fill ins(%zero : f32) outs(%acc : !frag)
      %begin = affine.apply affine_map<(b) -> (b * 32)>(%b)
      %end = affine.apply affine_map<(b) -> (b * 48 + 16)>(%b)
      scf.for %k = %begin to %end step %c16 {
        %a = memref.subview %X[%k] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
        scf.forall (%e) in (16) {
          %old = memref.load %acc[%e] : !frag
          %new = memref.load %S[%e] : !tile
          %scaled = arith.mulf %old, %half : f32
          %sum = arith.addf %scaled, %new : f32
          memref.store %sum, %acc[%e] : !frag
        }
      } {tile.num_stages = 3 : i32}
      %out = affine.apply #times16(%b)
      %o = memref.subview %Y[%out] [16] [1] : !x to !win
      memref.copy %acc, %o : !frag to !win
    } {unrelated}
    gpu.return
  }
}
