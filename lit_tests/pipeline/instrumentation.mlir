// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --print-ir-before=cse --print-ir-after-all -o %t.mlir 2>&1 | FileCheck %s --check-prefix=PRINT
// PRINT: // -----// IR Dump After canonicalize (builtin.module) //----- //
// PRINT: func.func @constants
// PRINT: // -----// IR Dump Before cse (builtin.module) //----- //
// PRINT: // -----// IR Dump After cse (builtin.module) //----- //

// RUN: tile-opt %s --canonicalize --cse --print-ir-after-change -o %t.mlir 2>&1 | FileCheck %s --check-prefix=CHANGE
// CHANGE: IR Dump After canonicalize
// CHANGE-NOT: IR Dump After cse
// CHANGE: {{^}}}

// RUN: rm -rf %t.tree
// RUN: tile-opt %s --canonicalize --cse --print-ir-tree-dir=%t.tree -o %t.mlir
// RUN: ls %t.tree | FileCheck %s --check-prefix=TREE
// TREE: 00_input.mlir
// TREE-NEXT: 01_canonicalize.mlir
// TREE-NEXT: 02_cse.mlir
// RUN: FileCheck %s --check-prefix=FINAL < %t.tree/02_cse.mlir
// FINAL: func.func @constants
// FINAL-NEXT: return

// RUN: tile-opt %s --canonicalize --cse --timing -o %t.mlir 2>&1 | FileCheck %s --check-prefix=TIMING
// TIMING: Execution time report
// TIMING: Total: {{[0-9.]+}} seconds
// TIMING: {{[0-9.]+ .*%\)}}  canonicalize
// TIMING: {{[0-9.]+ .*%\)}}  cse

// RUN: tile-opt %s --canonicalize --timing=json -o %t.mlir 2>&1 | %python -m json.tool | FileCheck %s --check-prefix=JSON
// JSON: "pass": "canonicalize",
// JSON: "anchor": "builtin.module",
// JSON: "seconds":

// RUN: tile-opt %s --canonicalize --statistics -o %t.mlir 2>&1 | FileCheck %s --check-prefix=STATISTICS
// STATISTICS: canonicalize: 4 -> 2 operations
// STATISTICS-NEXT: -2 arith.constant

// RUN: env TILEWRIGHT_OPT_BISECT_LIMIT=0 %python -m tilewright_tools.cli.tile_opt %s --canonicalize 2>&1 | FileCheck %s --check-prefix=BISECT
// BISECT: BISECT: NOT running pass (1) canonicalize on builtin.module
// BISECT: arith.constant

// RUN: rm -rf %t.dump
// RUN: env TILEWRIGHT_DUMP_IR=1 TILEWRIGHT_DUMP_DIR=%t.dump %python -m tilewright_tools.cli.tile_opt %s --cse -o %t.mlir
// RUN: ls %t.dump/instrumentation | FileCheck %s --check-prefix=DUMP
// DUMP: 00_input.mlir
// DUMP-NEXT: 01_cse.mlir
func.func @constants() {
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  return
}
