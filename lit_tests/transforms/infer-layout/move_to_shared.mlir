// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout 2>/dev/null | FileCheck %s

// Rule 6: allocation and all users change space; what stays in registers stays.
// CHECK-LABEL: gpu.func @moves(
//
// CHECK: memref.alloc() {tile.layout = #tile.shared<{element_bytes = 2 : i32, shape = [16, 64], swizzle = 0 : i32}>} : memref<16x64xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT: memref.copy %arg0, %alloc {{.*}}to memref<16x64xf16, #gpu.address_space<workgroup>>
// CHECK: memref.load %alloc[{{.*}} : memref<16x64xf16, #gpu.address_space<workgroup>>
// CHECK: } {tile.layout = #tile.fragment
!m = memref<16x64xf16>
!f = memref<16x64xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @moves(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    memref.copy %X, %F : !m to !f
    scf.forall (%i, %j) in (16, 15) {
      %n = affine.apply affine_map<(d0) -> (d0 + 1)>(%j)
      %v = memref.load %F[%n, %n] : !f
      memref.store %v, %X[%i, %j] : !m
    }
    gpu.return
  }
}
