// TIER: l2_simulator sim
// RUN: tile-run %S/Inputs/gemm.mlir --simulate-each --seed 7 | FileCheck %s --check-prefix=TABLE
// TABLE: gemm on sim, seed 7
// TABLE: input
// TABLE: tile-plan-pipeline
// TABLE: tile-inject-software-pipeline
// TABLE: tile-specialize-warps
// TABLE: tile-infer-layout

// RUN: tile-run %S/Inputs/gemm.mlir --target cuda:sm_80 --json - | FileCheck %s --check-prefix=JSON
// JSON: "kernel": "gemm",
// JSON-NEXT: "target": "cuda:sm_80",
// JSON: "name": "input",
// JSON-NEXT: "ok": true,
// JSON-NEXT: "max_abs_error": 0.0,
// JSON-NEXT: "findings": [],
// JSON-NEXT: "seconds":
// JSON-NEXT: "pass_seconds": 0.0,
// JSON-NEXT: "operations":
// JSON: "name": "tile-plan-pipeline",
// JSON: "simulated": false,
// JSON: "name": "tile-infer-layout",
// JSON-NEXT: "ok": true,
// JSON: "simulated": true,

// RUN: rm -rf %t.args %t.tree
// RUN: tile-run %S/Inputs/gemm.mlir --arg A=ones --arg B=0.5 --save-args %t.args --print-ir-tree-dir %t.tree --blocks all
// RUN: %python -c "import numpy; c = numpy.load(r'%t.args/C.npy'); print(c.dtype, c.min(), c.max())" | FileCheck %s --check-prefix=SAVED
// SAVED: float16 32.0 32.0
// RUN: ls %t.tree | FileCheck %s --check-prefix=TREE
// TREE: 00_input.mlir
// TREE-NEXT: 01_tile-plan-pipeline.mlir
// TREE-NEXT: 02_tile-inject-software-pipeline.mlir

// What was saved can be given again, and an error against the input form is told.
// RUN: tile-run %S/Inputs/gemm.mlir --arg A=%t.args/A.npy --arg B=%t.args/B.npy --blocks 1,0,0

// RUN: tile-run - < %S/Inputs/gemm.mlir | FileCheck %s --check-prefix=STDIN
// STDIN: gemm on sim

// RUN: env TILEWRIGHT_COMPILE_ONLY=1 %python -m tilewright_tools.cli.tile_run %S/Inputs/gemm.mlir | FileCheck %s --check-prefix=COMPILE
// COMPILE: tile-infer-layout {{.*}} not run
