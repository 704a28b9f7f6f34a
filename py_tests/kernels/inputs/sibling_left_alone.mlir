// RUN: tile-run %s --simulate-each
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!halfwin = memref<8xf16, strided<[1], offset: ?>>
!halftile = memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
!halffrag = memref<8xf16, strided<[1]>, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @siblings(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %half = memref.subview %S[0] [8] [1] : !tile to !halftile
    %fhalf = memref.subview %F[0] [8] [1] : !frag to !halffrag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [8] [1] : !x to !halfwin
      memref.copy %a, %half : !halfwin to !halftile
      memref.copy %half, %fhalf : !halftile to !halffrag
    } {tile.num_stages = 2 : i32}
    %r = scf.for %k = %c0 to %c64 step %c16 iter_args(%p = %c0) -> (index) {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
      scf.yield %k : index
    } {tile.num_stages = 2 : i32}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}
