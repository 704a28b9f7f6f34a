// RUN: tile-run %s --simulate-each --arg n=64
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
gpu.module @kernels {
  gpu.func @nested(%X: !x, %O: !x16, %n: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %block = %c0 to %c4 step %c1 {
      scf.for %k = %c0 to %n step %c16 {
        %a = memref.subview %X[%k] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
        memref.copy %S, %F : !tile to !frag
      } {tile.num_stages = 2 : i32, tile.strategy = "none"}
      scf.for %k = %c0 to %c64 step %c16 {
        %a = memref.subview %X[%k] [16] [1] : !x to !win
        memref.copy %a, %S : !win to !tile
        memref.copy %S, %F : !tile to !frag
      } {tile.num_stages = 2 : i32}
    }
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}
