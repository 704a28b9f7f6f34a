// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-infer-layout | FileCheck %s

// Rule 3: a scan is a parallel operation whose space is its tile; source and destination have one layout.
// CHECK-LABEL: gpu.func @running_sums(
// CHECK: memref.alloc() {tile.layout = #tile.fragment<[[LAYOUT:.*]]>} : memref<16x64xf32
// CHECK-NEXT: memref.alloc() {tile.layout = #tile.fragment<[[LAYOUT]]>} : memref<16x64xf32
// CHECK: "tile.scan"(%{{.*}}, %{{.*}}) {{{.*}}tile.layout = #tile.fragment<[[LAYOUT]]>}
!m = memref<16x64xf32>
!f = memref<16x64xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @running_sums(%X: !m) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %F = memref.alloc() : !f
    %G = memref.alloc() : !f
    memref.copy %X, %F : !m to !f
    "tile.scan"(%F, %G) {dimension = 1 : i32, kind = "sum", reverse = true} : (!f, !f) -> ()
    memref.copy %G, %X : !f to !m
    gpu.return
  }
}
