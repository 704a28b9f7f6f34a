// TIER: l2_simulator, sim
// RUN: tile-run %s --simulate-each --target cuda:sm_90a --arg X=random:-1:1 --arg O=zeros
// RUN: tile-run %s --simulate-each --target cuda:sm_80 --arg X=random:-1:1 --arg O=zeros

// The arrival is a step after the copy, the wait one after that: each iteration has a barrier and a tile of its own.
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @by_explicit_schedule(%X: !x, %O: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c9 = arith.constant 9 : index
    %c16 = arith.constant 16 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    %barrier = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier
    scf.for %k = %c0 to %c9 step %c1 {
      %o = arith.muli %k, %c16 : index
      "tile.mbarrier_expect"(%barrier, %c0) {bytes = 32 : i32, tile.stage = 0 : i32, tile.order = 0 : i32} : (!tile.mbarrier, index) -> ()
      "tile.bulk_copy"(%X, %o, %S, %barrier, %c0) {tile.stage = 0 : i32, tile.order = 1 : i32} : (!x, index, !tile, !tile.mbarrier, index) -> ()
      "tile.mbarrier_arrive"(%barrier, %c0) {elect = true, tile.stage = 1 : i32, tile.order = 2 : i32} : (!tile.mbarrier, index) -> ()
      %parity = arith.remui %k, %c2 : index
      "tile.mbarrier_wait"(%barrier, %c0, %parity) {tile.stage = 2 : i32, tile.order = 3 : i32} : (!tile.mbarrier, index, index) -> ()
      memref.copy %S, %F {tile.stage = 3 : i32, tile.order = 4 : i32} : !tile to !frag
      %w = memref.subview %O[%o] [16] [1] : !x to !win
      memref.copy %F, %w {tile.stage = 3 : i32, tile.order = 5 : i32} : !frag to !win
    } 
    gpu.return
  }
}
