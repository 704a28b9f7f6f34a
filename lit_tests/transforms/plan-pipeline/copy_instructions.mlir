// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --tile-plan-pipeline --split-input-file | FileCheck %s
// RUN: tile-opt %s --target cuda:sm_80 --tile-plan-pipeline --split-input-file | FileCheck %s --check-prefix=SM80

// Rule 8: the instruction of a copy, and each reason against one. A loop without a bulk copy is not specialized, and its copies are
// asked again for an instruction that completes in groups.

// Rows of 64 bytes, 512 bytes apart.
// CHECK-LABEL: gpu.func @row_major(
// CHECK: memref.copy{{.*}}tile.instruction = "bulk", tile.reason = "the first choice of the machine"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "cuda:sm_90a has bulk copies, and nothing forbids it", tile.strategy = "warp_specialize"
// SM80-LABEL: gpu.func @row_major(
// SM80: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
!source = memref<16x32xf16, strided<[256, 1], offset: ?>>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @row_major(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 32] [1, 1] : memref<256x256xf16> to !source
      memref.copy %a, %S : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @single_precision(
// CHECK: memref.copy{{.*}}tile.instruction = "bulk", tile.reason = "the first choice of the machine"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "cuda:sm_90a has bulk copies, and nothing forbids it", tile.strategy = "warp_specialize"
// SM80-LABEL: gpu.func @single_precision(
// SM80: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
!source = memref<16x32xf32, strided<[256, 1], offset: ?>>
!shared = memref<16x32xf32, #gpu.address_space<workgroup>>
!private = memref<16x32xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @single_precision(%X: memref<256x256xf32>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 32] [1, 1] : memref<256x256xf32> to !source
      memref.copy %a, %S : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @conversion(
// CHECK: linalg.copy{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: the element types differ"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: the element types differ)", tile.strategy = "async"
// SM80-LABEL: gpu.func @conversion(
// SM80: linalg.copy{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: the element types differ"
!source = memref<16x32xf16, strided<[256, 1], offset: ?>>
!shared = memref<16x32xf32, #gpu.address_space<workgroup>>
!private = memref<16x32xf32, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @conversion(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 32] [1, 1] : memref<256x256xf16> to !source
      linalg.copy ins(%a : !source) outs(%S : !shared)
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @disabled(
// CHECK: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: tile.disable_bulk_copy is set)", tile.strategy = "async"
// SM80-LABEL: gpu.func @disabled(
// SM80: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
!source = memref<16x32xf16, strided<[256, 1], offset: ?>>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @disabled(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 32] [1, 1] : memref<256x256xf16> to !source
      memref.copy %a, %S {tile.disable_bulk_copy} : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @innermost_stride(
// CHECK: memref.copy{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: the innermost stride is not 1"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: the innermost stride is not 1)", tile.strategy = "async"
// SM80-LABEL: gpu.func @innermost_stride(
// SM80: memref.copy{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: the innermost stride is not 1"
!source = memref<16x32xf16, strided<[512, 2], offset: ?>>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @innermost_stride(%X: memref<256x256xf16, strided<[512, 2]>>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 32] [1, 1] : memref<256x256xf16, strided<[512, 2]>> to !source
      memref.copy %a, %S : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @odd_row(
// CHECK: memref.copy{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: the last dimension has 30 bytes, not a multiple of 4"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: the last dimension has 30 bytes, not a multiple of 16)", tile.strategy = "async"
// SM80-LABEL: gpu.func @odd_row(
// SM80: memref.copy{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: the last dimension has 30 bytes, not a multiple of 4"
!source = memref<16x15xf16, strided<[256, 1], offset: ?>>
!shared = memref<16x15xf16, #gpu.address_space<workgroup>>
!private = memref<16x15xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @odd_row(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 15] [1, 1] : memref<256x256xf16> to !source
      memref.copy %a, %S : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @short_row(
// CHECK: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: the last dimension has 12 bytes, not a multiple of 16)", tile.strategy = "async"
// SM80-LABEL: gpu.func @short_row(
// SM80: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
!source = memref<16x6xf16, strided<[256, 1], offset: ?>>
!shared = memref<16x6xf16, #gpu.address_space<workgroup>>
!private = memref<16x6xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @short_row(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 6] [1, 1] : memref<256x256xf16> to !source
      memref.copy %a, %S : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @unaligned_stride(
// CHECK: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: a stride of 504 bytes is not a multiple of 16, or too large)", tile.strategy = "async"
// SM80-LABEL: gpu.func @unaligned_stride(
// SM80: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
!source = memref<16x32xf16, strided<[252, 1], offset: ?>>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @unaligned_stride(%X: memref<256x252xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 32] [1, 1] : memref<256x252xf16> to !source
      memref.copy %a, %S : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @odd_stride(
// CHECK: memref.copy{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: a stride of 498 bytes is not a multiple of 4, or too large"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: a stride of 498 bytes is not a multiple of 16, or too large)", tile.strategy = "async"
// SM80-LABEL: gpu.func @odd_stride(
// SM80: memref.copy{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: a stride of 498 bytes is not a multiple of 4, or too large"
!source = memref<16x32xf16, strided<[249, 1], offset: ?>>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @odd_stride(%X: memref<256x249xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %X[0, %k] [16, 32] [1, 1] : memref<256x249xf16> to !source
      memref.copy %a, %S : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A window that may cross an edge, padded with 0.
// CHECK-LABEL: gpu.func @window(
// CHECK: "tile.copy_in"{{.*}}tile.instruction = "bulk", tile.reason = "the first choice of the machine"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "cuda:sm_90a has bulk copies, and nothing forbids it", tile.strategy = "warp_specialize"
// SM80-LABEL: gpu.func @window(
// SM80: "tile.copy_in"{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @window(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      "tile.copy_in"(%X, %c0, %k, %S)  : (memref<256x256xf16>, index, index, !shared) -> ()
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @pad_zero(
// CHECK: "tile.copy_in"{{.*}}tile.instruction = "bulk", tile.reason = "the first choice of the machine"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "cuda:sm_90a has bulk copies, and nothing forbids it", tile.strategy = "warp_specialize"
// SM80-LABEL: gpu.func @pad_zero(
// SM80: "tile.copy_in"{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @pad_zero(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      "tile.copy_in"(%X, %c0, %k, %S) {pad = 0.0 : f16} : (memref<256x256xf16>, index, index, !shared) -> ()
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @pad_one(
// CHECK: "tile.copy_in"{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: it cannot pad with 1"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: it cannot pad with 1)", tile.strategy = "async"
// SM80-LABEL: gpu.func @pad_one(
// SM80: "tile.copy_in"{{.*}}tile.instruction = "simt", tile.reason = "no cp_async: it cannot pad with 1"
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @pad_one(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      "tile.copy_in"(%X, %c0, %k, %S) {pad = 1.0 : f16} : (memref<256x256xf16>, index, index, !shared) -> ()
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A descriptor needs an address that the launch knows.
// CHECK-LABEL: gpu.func @allocated_in_global_memory(
// CHECK: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: the base pointer is not a kernel argument)", tile.strategy = "async"
// SM80-LABEL: gpu.func @allocated_in_global_memory(
// SM80: memref.copy{{.*}}tile.instruction = "cp_async", tile.reason = "the first choice of the machine"
!source = memref<16x32xf16, strided<[256, 1], offset: ?>>
!shared = memref<16x32xf16, #gpu.address_space<workgroup>>
!private = memref<16x32xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @allocated_in_global_memory(%X: memref<256x256xf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %G = memref.alloc() : memref<256x256xf16>
    %S = memref.alloc() : !shared
    %F = memref.alloc() : !private
    scf.for %k = %c0 to %c256 step %c32 {
      %a = memref.subview %G[0, %k] [16, 32] [1, 1] : memref<256x256xf16> to !source
      memref.copy %a, %S : !source to !shared
      memref.copy %S, %F : !shared to !private
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// 2^40 bytes from row to row are too many.
// CHECK-LABEL: gpu.func @huge_stride(
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: a stride of 1099511627776 bytes is not a multiple of 16, or too large)", tile.strategy = "async"
!x = memref<64x16xf16, strided<[549755813888, 1]>>
!win = memref<16x16xf16, strided<[549755813888, 1], offset: ?>>
!tile = memref<16x16xf16, #gpu.address_space<workgroup>>
!frag = memref<16x16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @huge_stride(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k, 0] [16, 16] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// The largest stride that a descriptor can hold.
// CHECK-LABEL: gpu.func @large_stride(
// CHECK: memref.copy{{.*}}tile.instruction = "bulk"
!x = memref<64x16xf16, strided<[549755813880, 1]>>
!win = memref<16x16xf16, strided<[549755813880, 1], offset: ?>>
!tile = memref<16x16xf16, #gpu.address_space<workgroup>>
!frag = memref<16x16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @large_stride(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k, 0] [16, 16] [1, 1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}

// -----

// A kernel may do without bulk copies altogether.
// CHECK-LABEL: gpu.func @disabled_in_the_kernel(
// CHECK: } {tile.num_stages = 2 : i32, tile.reason = "not specialized: no copy of the loop can be a bulk copy (no bulk: tile.disable_bulk_copy is set)", tile.strategy = "async"
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @disabled_in_the_kernel(%X: !x) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.disable_bulk_copy} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    scf.for %k = %c0 to %c64 step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 2 : i32}
    gpu.return
  }
}
