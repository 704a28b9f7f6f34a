// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --cse --canonicalize=max-iterations=1 --dump-pass-pipeline 2>&1 | FileCheck %s
// RUN: tile-opt --dump-pass-pipeline | FileCheck %s --check-prefix=DEFAULT
// RUN: tile-opt --dump-pass-pipeline --target cuda:sm_80 | FileCheck %s --check-prefix=DEFAULT
// RUN: tile-opt --dump-pass-pipeline --pass-pipeline=default | FileCheck %s --check-prefix=DEFAULT

// Flags run in the order in which they are given, under builtin.module.
// CHECK: {{^}}builtin.module(cse,canonicalize{max-iterations=1}){{$}}
// CHECK: func.func @empty

// DEFAULT: builtin.module(gpu.module(tile-plan-pipeline,tile-inject-software-pipeline,tile-specialize-warps,tile-infer-layout))
func.func @empty() {
  return
}
