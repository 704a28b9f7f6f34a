// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt --help | FileCheck %s

// CHECK: --pass-pipeline
// CHECK: --tile-plan-pipeline
// CHECK: strategy=
// CHECK: --tile-inject-software-pipeline
// CHECK: --tile-specialize-warps
// CHECK: --tile-infer-layout
// CHECK: --canonicalize
