// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --tolerance 0

// A view of a tile of f8E5M2 in another shape ended the simulator: NumPy gives no buffer of that type.

gpu.module @kernels {
  gpu.func @random_kernel(%in_a0: memref<8x16xf8E5M2>, %out_a0: memref<16x8xf8E5M2>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %alloc = memref.alloc() : memref<8x16xf8E5M2, #gpu.address_space<workgroup>>
    %view = memref.reinterpret_cast %alloc to offset: [0], sizes: [16, 8], strides: [8, 1] : memref<8x16xf8E5M2, #gpu.address_space<workgroup>> to memref<16x8xf8E5M2, strided<[8, 1]>, #gpu.address_space<workgroup>>
    memref.copy %in_a0, %alloc : memref<8x16xf8E5M2> to memref<8x16xf8E5M2, #gpu.address_space<workgroup>>
    memref.copy %view, %out_a0 : memref<16x8xf8E5M2, strided<[8, 1]>, #gpu.address_space<workgroup>> to memref<16x8xf8E5M2>
    gpu.return
  }
}
