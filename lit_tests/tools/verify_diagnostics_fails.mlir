// TIER: l1a_compile_no_target_dialect
// RUN: not tile-opt %S/Inputs/wrong_expectations.mlir --split-input-file --verify-diagnostics -o %t.out 2>&1 | FileCheck %s
// RUN: not test -e %t.out

// CHECK: wrong_expectations.mlir:3:3: error: unexpected error: 'tile.wait_group' op has pending = -1
// CHECK: wrong_expectations.mlir:2:6: error: expected error "another message" was not produced
// CHECK: wrong_expectations.mlir:9:4: error: expected remark "never said" was not produced
// CHECK: wrong_expectations.mlir:16:4: error: malformed
