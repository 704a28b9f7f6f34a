// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --canonicalize | FileCheck %s
// RUN: tile-opt %s --split-input-file -o %t.mlir
// RUN: tile-opt %t.mlir --split-input-file | FileCheck %s

// The parts stand alone, so both may define one name; the output is split again.
// CHECK: func.func @same
// CHECK: // -----
// CHECK: func.func @same
func.func @same() {
  return
}

// -----

func.func @same() {
  return
}
