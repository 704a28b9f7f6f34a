// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-specialize-warps --split-input-file --verify-diagnostics

// Kernels that keep their channel form.

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @barrier_outside(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    // expected-remark@+1 {{not specialized, but pipelined: gpu.barrier waits for all threads of the kernel}}
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
    // expected-note@+1 {{because of this 'gpu.barrier'}}
    gpu.barrier
    gpu.return
  }
}

// -----

!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @no_whole_warps(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 48, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    // expected-remark@+2 {{not specialized, but pipelined: 48 threads are not whole warps}}
    // expected-note@+1 {{because of this 'scf.for'}}
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
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @no_room(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 960, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    // expected-remark@+2 {{not specialized, but pipelined: 960 threads leave no room for a producer warp group}}
    // expected-note@+1 {{because of this 'scf.for'}}
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
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
!table = memref<16xindex>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @value_of_the_consumer(%X: !x, %O: !x16, %table: !table) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    memref.store %c64, %table[%c0] : !table
    // expected-note@+1 {{because of this 'memref.load'}}
    %n = memref.load %table[%c0] : !table
    // expected-remark@+1 {{not specialized, but pipelined: a copy's address or guard is read from memory that the kernel writes}}
    scf.for %k = %c0 to %n step %c16 {
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
