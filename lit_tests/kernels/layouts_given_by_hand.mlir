// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --json - | FileCheck %s

// A fragment and one of the loops have layouts of their own; the values are those of the input form, and each thread touches only
// what it keeps. Ragged columns, rows read whole, a table that every thread keeps.
// CHECK: "name": "tile-infer-layout"
// CHECK-NEXT: "ok": true
gpu.module @kernels {
  gpu.func @by_hand(%X: memref<16x50xf32>, %Y: memref<16x50xf32>, %Z: memref<16xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c50 = arith.constant 50 : index
    %zero = arith.constant 0.0 : f32
    %F = memref.alloc() {tile.layout = #tile.fragment<{shape = [16, 50], cover = [16, 56], threads = 128 : i32, modes = [[7, 0, 1], [8, 1, 0], [16, 8, 0]]}>} : memref<16x50xf32, #gpu.address_space<private>>
    %G = memref.alloc() : memref<16x50xf32, #gpu.address_space<private>>
    %S = memref.alloc() : memref<16xf32, #gpu.address_space<private>>
    %T = memref.alloc() : memref<2xf32, #gpu.address_space<private>>
    memref.store %zero, %T[%c0] : memref<2xf32, #gpu.address_space<private>>
    memref.store %zero, %T[%c1] : memref<2xf32, #gpu.address_space<private>>
    memref.copy %X, %F : memref<16x50xf32> to memref<16x50xf32, #gpu.address_space<private>>
    scf.forall (%i, %j) in (16, 50) {
      %v = memref.load %F[%i, %j] : memref<16x50xf32, #gpu.address_space<private>>
      %t = memref.load %T[%c1] : memref<2xf32, #gpu.address_space<private>>
      %s = arith.addf %v, %t : f32
      memref.store %s, %Y[%i, %j] : memref<16x50xf32>
    } {tile.layout = #tile.fragment<{shape = [16, 50], cover = [16, 56], threads = 128 : i32, modes = [[7, 0, 1], [8, 1, 0], [16, 8, 0]]}>}
    memref.copy %X, %G : memref<16x50xf32> to memref<16x50xf32, #gpu.address_space<private>>
    linalg.fill ins(%zero : f32) outs(%S : memref<16xf32, #gpu.address_space<private>>)
    scf.forall (%i) in (16) {
      scf.for %k = %c0 to %c50 step %c1 {
        %v = memref.load %G[%i, %k] : memref<16x50xf32, #gpu.address_space<private>>
        %s = memref.load %S[%i] : memref<16xf32, #gpu.address_space<private>>
        %t = arith.maximumf %v, %s : f32
        memref.store %t, %S[%i] : memref<16xf32, #gpu.address_space<private>>
      }
    }
    memref.copy %S, %Z : memref<16xf32, #gpu.address_space<private>> to memref<16xf32>
    gpu.return
  }
}
