// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-specialize-warps --split-input-file --verify-diagnostics

// Register hints that no warp group can have.

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  // expected-error@+1 {{tile.registers asks for 16 registers on 'gpu.func'; it is two multiples of 8 from 24 to 240, for the producer and for the consumer}}
  gpu.func @too_few(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.registers = array<i32: 16, 240>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  // expected-error@+1 {{tile.registers asks for 248 registers on 'gpu.func'}}
  gpu.func @too_many(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.registers = array<i32: 24, 248>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  // expected-error@+1 {{tile.registers asks for 36 registers on 'gpu.func'}}
  gpu.func @no_multiple(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.registers = array<i32: 36, 240>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  // expected-error@+1 {{tile.registers = 40 : i32 on 'gpu.func'; it is array<i32: producer, consumer>}}
  gpu.func @one_number(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.registers = 40 : i32} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  // expected-error@+1 {{it is array<i32: producer, consumer>}}
  gpu.func @three_numbers(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.registers = array<i32: 40, 232, 232>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  // expected-error@+1 {{tile.registers asks for 94208 registers on 'gpu.func': 128 threads with 40 and 384 with 232; a block has 65536}}
  gpu.func @more_than_there_are(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 384, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.registers = array<i32: 40, 232>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to !x16
    gpu.return
  }
}
