gpu.module @kernels {
  gpu.func @gemm(%A: memref<64x64xf16>, %B: memref<64x64xf16>, %C: memref<64x64xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 2, 2, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %zero = arith.constant 0.0 : f32
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %row = affine.apply affine_map<(d0) -> (d0 * 32)>(%by)
    %column = affine.apply affine_map<(d0) -> (d0 * 32)>(%bx)
    %As = memref.alloc() : memref<32x16xf16, #gpu.address_space<workgroup>>
    %Bs = memref.alloc() : memref<16x32xf16, #gpu.address_space<workgroup>>
    %acc = memref.alloc() : memref<32x32xf32, #gpu.address_space<private>>
    linalg.fill ins(%zero : f32) outs(%acc : memref<32x32xf32, #gpu.address_space<private>>)
    scf.for %k = %c0 to %c4 step %c1 {
      %depth = affine.apply affine_map<(d0) -> (d0 * 16)>(%k)
      "tile.copy_in"(%A, %row, %depth, %As) : (memref<64x64xf16>, index, index, memref<32x16xf16, #gpu.address_space<workgroup>>) -> ()
      "tile.copy_in"(%B, %depth, %column, %Bs) : (memref<64x64xf16>, index, index, memref<16x32xf16, #gpu.address_space<workgroup>>) -> ()
      linalg.matmul ins(%As, %Bs : memref<32x16xf16, #gpu.address_space<workgroup>>, memref<16x32xf16, #gpu.address_space<workgroup>>)
        outs(%acc : memref<32x32xf32, #gpu.address_space<private>>)
    } {tile.num_stages = 3 : i32}
    %window = memref.subview %C[%row, %column] [32, 32] [1, 1] : memref<64x64xf16> to memref<32x32xf16, strided<[64, 1], offset: ?>>
    scf.forall (%i, %j) in (32, 32) {
      %wide = memref.load %acc[%i, %j] : memref<32x32xf32, #gpu.address_space<private>>
      %narrow = arith.truncf %wide : f32 to f16
      memref.store %narrow, %window[%i, %j] : memref<32x32xf16, strided<[64, 1], offset: ?>>
    }
    gpu.return
  }
}
