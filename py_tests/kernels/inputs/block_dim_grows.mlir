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
    %S = memref.alloc() : memref<16x32xf16, #gpu.address_space<workgroup>>
    scf.for %k = %c0 to %c6 step %c1 {
      %o18 = arith.muli %k, %c32 : index
      %v18 = memref.subview %A[0, %o18] [16, 32] [1, 1] : memref<16x192xf16> to memref<16x32xf16, strided<[192, 1], offset: ?>>
      memref.copy %v18, %S : memref<16x32xf16, strided<[192, 1], offset: ?>> to memref<16x32xf16, #gpu.address_space<workgroup>>
      scf.forall (%i, %j) in (16, 32) {
        %x = memref.load %S[%i, %j] : memref<16x32xf16, #gpu.address_space<workgroup>>
        %y = memref.load %acc[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
        %xe = arith.extf %x : f16 to f32
        %y2 = arith.addf %y, %y : f32
        %z = arith.addf %xe, %y2 : f32
        memref.store %z, %acc[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
      }
    } {tile.num_stages = 3 : i32}
    %bd = gpu.block_dim x
    %bi = arith.index_cast %bd : index to i32
    %bf = arith.sitofp %bi : i32 to f32
    scf.forall (%i, %j) in (16, 32) {
      %y = memref.load %acc[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
      %yb = arith.addf %y, %bf : f32
      memref.store %yb, %C[%i, %j] : memref<16x32xf32>
    }
    gpu.return
  }
}