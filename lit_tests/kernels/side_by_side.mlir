// TIER: l2_simulator, sim
// RUN: tile-opt %s --tile-plan-pipeline --print-decisions | FileCheck %s
// RUN: tile-run %s --simulate-each --json - | FileCheck %s --check-prefix=RUNS
// RUN: tile-run %s --simulate-each --json - --target cuda:sm_80 | FileCheck %s --check-prefix=RUNS

// Two copies that fill the halves of one tile renew it together: both run ahead.
// CHECK: loop: warp_specialize, stages [0, 0, 2], source order
// CHECK-COUNT-2: memref.copy: bulk: the first choice of the machine
// RUNS: "name": "tile-infer-layout"
// RUNS-NEXT: "ok": true
!m = memref<16x128xf16>
!w = memref<16x32xf16, strided<[128, 1], offset: ?>>
!s = memref<16x64xf16, #gpu.address_space<workgroup>>
!left = memref<16x32xf16, strided<[64, 1]>, #gpu.address_space<workgroup>>
!right = memref<16x32xf16, strided<[64, 1], offset: 32>, #gpu.address_space<workgroup>>
!y = memref<16x64xf16>
gpu.module @kernels {
  gpu.func @halves(%A: !m, %B: !m, %Y: !y) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %zero = arith.constant 0.0 : f16
    %S = memref.alloc() : !s
    %F = memref.alloc() : memref<16x64xf16, #gpu.address_space<private>>
    linalg.fill ins(%zero : f16) outs(%F : memref<16x64xf16, #gpu.address_space<private>>)
    scf.for %k = %c0 to %c4 step %c1 {
      %column = affine.apply affine_map<(d0) -> (d0 * 32)>(%k)
      %a = memref.subview %A[0, %column] [16, 32] [1, 1] : !m to !w
      %b = memref.subview %B[0, %column] [16, 32] [1, 1] : !m to !w
      %l = memref.subview %S[0, 0] [16, 32] [1, 1] : !s to !left
      %r = memref.subview %S[0, 32] [16, 32] [1, 1] : !s to !right
      memref.copy %a, %l : !w to !left
      memref.copy %b, %r : !w to !right
      scf.forall (%i, %j) in (16, 64) {
        %x = memref.load %S[%i, %j] : !s
        %f = memref.load %F[%i, %j] : memref<16x64xf16, #gpu.address_space<private>>
        %sum = arith.addf %x, %f : f16
        memref.store %sum, %F[%i, %j] : memref<16x64xf16, #gpu.address_space<private>>
      }
    } {tile.num_stages = 3 : i32}
    memref.copy %F, %Y : memref<16x64xf16, #gpu.address_space<private>> to !y
    gpu.return
  }
}
