// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-specialize-warps --split-input-file | FileCheck %s

// Register budgets: by the number of warp groups, none, or as asked for.

// CHECK-LABEL: gpu.func @one_and_one(
// CHECK: registers = 24 : i32, role = "producer"
// CHECK: registers = 240 : i32, role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @one_and_one(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
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

// CHECK-LABEL: gpu.func @one_and_two(
// CHECK: registers = 24 : i32, role = "producer"
// CHECK: registers = 240 : i32, role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @one_and_two(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
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

// CHECK-LABEL: gpu.func @one_and_three(
// CHECK: registers = 24 : i32, role = "producer"
// CHECK: registers = 160 : i32, role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @one_and_three(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 384, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
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

// The hardware has no legal division for four consumer warp groups.
// CHECK-LABEL: gpu.func @one_and_four(
// CHECK: {role = "producer"
// CHECK: {role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @one_and_four(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 512, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
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

// The producer needs registers where its threads copy.
// CHECK-LABEL: gpu.func @threads_copy(
// CHECK: {role = "producer"
// CHECK: {role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @threads_copy(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
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
      memref.copy %a, %s {tile.instruction = "simt"} : !win to !version
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

// What is asked for is taken, whatever the producer does.
// CHECK-LABEL: gpu.func @hints(
// CHECK: registers = 40 : i32, role = "producer"
// CHECK: registers = 232 : i32, role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @hints(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.registers = array<i32: 40, 232>} {
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
      memref.copy %a, %s {tile.instruction = "simt"} : !win to !version
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

// CHECK-LABEL: gpu.func @opt_out(
// CHECK: {role = "producer"
// CHECK: {role = "consumer"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!x16 = memref<16xf16>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @opt_out(%X: !x, %O: !x16) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.disable_register_budget, tile.registers = array<i32: 40, 232>} {
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
