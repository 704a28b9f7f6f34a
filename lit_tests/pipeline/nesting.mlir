// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(canonicalize)),func.func(cse))' | FileCheck %s
// RUN: tile-opt %s --pass-pipeline=' builtin.module( any( any(canonicalize) ), func.func(cse) ) ' | FileCheck %s

// A pass runs on the operations at its path only: the kernel is canonicalized, the function is not.
// CHECK-LABEL: gpu.func @kernel
// CHECK-NEXT: gpu.return
gpu.module @kernels {
  gpu.func @kernel() kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %dead = arith.constant 1 : index
    gpu.return
  }
}

// CHECK-LABEL: func.func @function
// CHECK-NEXT: %[[ONE:.*]] = arith.constant 1 : index
// CHECK-NEXT: %[[SUM:.*]] = arith.addi %[[ONE]], %[[ONE]]
// CHECK-NEXT: return %[[SUM]]
func.func @function() -> index {
  %one = arith.constant 1 : index
  %other = arith.constant 1 : index
  %sum = arith.addi %one, %other : index
  return %sum : index
}
