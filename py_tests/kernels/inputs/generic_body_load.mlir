gpu.module @kernels {
  gpu.func @k(%A: memref<16x192xf16>, %B: memref<16x192xf16>, %C: memref<16x32xf32>, %D: memref<16x32xf16>, %I: memref<8xindex>, %W0: memref<16x192xf16>, %W1: memref<16x192xf16>) kernel attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c5 = arith.constant 5 : index
    %c6 = arith.constant 6 : index
    %c32 = arith.constant 32 : index
    %zero = arith.constant 0.0 : f16
    %one = arith.constant 1.0 : f16
    %fz = arith.constant 0.0 : f32
    %acc = memref.alloc() : memref<16x32xf32, #gpu.address_space<private>>
    linalg.fill ins(%fz : f32) outs(%acc : memref<16x32xf32, #gpu.address_space<private>>)
    %q = memref.alloc() : memref<16x32xf32, #gpu.address_space<private>>
    %u = memref.alloc() : memref<16x32xf32, #gpu.address_space<private>>
    scf.forall (%i, %j) in (16, 32) {
      %b = arith.index_cast %i : index to i32
      %c = arith.sitofp %b : i32 to f32
      memref.store %c, %q[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
    }
    linalg.generic {indexing_maps = [affine_map<(i,j)->(i,j)>], iterator_types = ["parallel","parallel"]} outs(%u : memref<16x32xf32, #gpu.address_space<private>>) {
    ^bb0(%o: f32):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %c15 = arith.constant 15 : index
      %ii = arith.subi %c15, %i : index
      %y = memref.load %q[%ii, %j] : memref<16x32xf32, #gpu.address_space<private>>
      linalg.yield %y : f32
    }
    memref.copy %u, %acc : memref<16x32xf32, #gpu.address_space<private>> to memref<16x32xf32, #gpu.address_space<private>>

    scf.forall (%i, %j) in (16, 32) {
      %y = memref.load %acc[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
      memref.store %y, %C[%i, %j] : memref<16x32xf32>
    }
    gpu.return
  }
}