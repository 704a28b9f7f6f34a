// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --target cuda:sm_90a --tile-plan-pipeline --split-input-file --verify-diagnostics

// Warp groups by hand that no block can hold, and a register hint that no thread can have.

gpu.module @kernels {
  gpu.func @too_many_threads() kernel
      attributes {known_block_size = array<i32: 1024, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{'tile.specialize' has warp groups of 1152 threads; a block has at most 1024}}
    "tile.specialize"() ({
      "tile.warp_group"() ({
        %c = arith.constant 0 : index
      }) {role = "producer", warps = 4 : i32} : () -> ()
      "tile.warp_group"() ({
        %c = arith.constant 0 : index
      }) {role = "consumer", warps = 32 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @too_many_registers() kernel
      attributes {known_block_size = array<i32: 1024, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    // expected-error@+1 {{'tile.specialize' asks for 94208 registers; a block has 65536}}
    "tile.specialize"() ({
      "tile.warp_group"() ({
        %c = arith.constant 0 : index
      }) {role = "producer", warps = 4 : i32, registers = 40 : i32} : () -> ()
      "tile.warp_group"() ({
        %c = arith.constant 0 : index
      }) {role = "consumer", warps = 12 : i32, registers = 232 : i32} : () -> ()
    }) : () -> ()
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{tile.registers asks for 20 registers on 'gpu.func'; it is two multiples of 8 from 24 to 240}}
  gpu.func @hint() kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, known_grid_size = array<i32: 1, 1, 1>, tile.registers = array<i32: 20, 240>} {
    gpu.return
  }
}
