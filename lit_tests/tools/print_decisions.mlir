// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %S/Inputs/gemm.mlir --tile-plan-pipeline=strategy=async --print-decisions | FileCheck %s
// RUN: tile-opt %S/Inputs/gemm.mlir --tile-plan-pipeline=strategy=async --print-decisions | tile-opt - | FileCheck %s --check-prefix=PARSES
// RUN: tile-opt %S/Inputs/gemm.mlir --tile-plan-pipeline=strategy=async --print-decisions=json -o %t.mlir | FileCheck %s --check-prefix=JSON
// RUN: FileCheck %s --check-prefix=PARSES < %t.mlir

// Decisions are comments in front of the IR, each with its place; or JSON, with the IR where -o says.
// CHECK: // tile-plan-pipeline: {{.*}}gemm.mlir:[[LINE:[0-9]+]]:{{[0-9]+}}: {{.*}}async
// CHECK: // tile-plan-pipeline: {{.*}}gemm.mlir:{{[0-9]+}}:{{[0-9]+}}: tile.copy_in: cp_async
// CHECK: gpu.module @kernels
// PARSES: gpu.module @kernels
// PARSES: "tile.statement"
// JSON: "pass": "tile-plan-pipeline",
// JSON-NEXT: "subject":
// JSON-NEXT: "location": "{{.*}}gemm.mlir:
// JSON-NEXT: "phrase":
// JSON-NEXT: "details": {
