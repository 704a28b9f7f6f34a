gpu.module @kernels {
  gpu.func @k(%A: memref<16x192xf16>, %B: memref<16x192xf16>, %C: memref<16x32xf32>, %D: memref<16x32xf16>, %I: memref<8xindex>, %W0: memref<16x192xf16>, %W1: memref<16x192xf16>, %n: index) kernel attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
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
    %T = memref.alloc() : memref<16x32xf16, #gpu.address_space<workgroup>>
    scf.for %k = %c0 to %n step %c1 {
      %o1 = arith.muli %k, %c32 : index
      %v1 = memref.subview %A[0, %o1] [16, 32] [1, 1] : memref<16x192xf16> to memref<16x32xf16, strided<[192, 1], offset: ?>>
      memref.copy %v1, %S : memref<16x32xf16, strided<[192, 1], offset: ?>> to memref<16x32xf16, #gpu.address_space<workgroup>>
      scf.forall (%i, %j) in (16, 32) {
        %x = memref.load %S[%i, %j] : memref<16x32xf16, #gpu.address_space<workgroup>>
        %y = memref.load %acc[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
        %xe = arith.extf %x : f16 to f32
        %y2 = arith.addf %y, %y : f32
        %z = arith.addf %xe, %y2 : f32
        memref.store %z, %acc[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
      }
      %d = memref.dim %S, %c0 : memref<16x32xf16, #gpu.address_space<workgroup>>
      scf.for %q = %c0 to %d step %c1 {
        scf.forall (%j) in (32) {
          %y = memref.load %acc[%q, %j] : memref<16x32xf32, #gpu.address_space<private>>
          %y2 = arith.addf %y, %y : f32
          memref.store %y2, %acc[%q, %j] : memref<16x32xf32, #gpu.address_space<private>>
        }
      }
    } {tile.num_stages = 3 : i32}

    scf.forall (%i, %j) in (16, 32) {
      %y = memref.load %acc[%i, %j] : memref<16x32xf32, #gpu.address_space<private>>
      memref.store %y, %C[%i, %j] : memref<16x32xf32>
    }
    gpu.return
  }
}