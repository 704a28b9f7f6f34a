// TIER: l1a_compile_no_target_dialect
// RUN: rm -f %t.out
// RUN: not tile-opt %s --pass-pipeline='builtin.module(func.func(inline))' -o %t.out --print-ir-after-failure 2>&1 | FileCheck %s
// RUN: not test -e %t.out

// An error of an upstream pass is a located error, and nothing is written.
// CHECK: // -----// IR Dump After failure of inline (builtin.module/func.func) //----- //
// CHECK: upstream_failure.mlir:9:1: error: 'func.func' op was scheduled to run under the inliner, but does not define a symbol table
func.func @function() {
  return
}
