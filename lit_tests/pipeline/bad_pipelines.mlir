// TIER: l1a_compile_no_target_dialect
// RUN: not tile-opt %s --pass-pipeline='builtin.module(canonicalise)' 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: <pass-pipeline>:1:16: error: unknown pass 'canonicalise'; did you mean 'canonicalize'?

// RUN: not tile-opt %s --pass-pipeline='builtin.module(gpu.module(tile-plan-pipelin))' 2>&1 | FileCheck %s --check-prefix=OURS
// OURS: <pass-pipeline>:1:27: error: unknown pass 'tile-plan-pipelin'; did you mean 'tile-plan-pipeline'?

// RUN: not tile-opt %s --pass-pipeline='builtin.module(tile-plan-pipeline{stratgy=async})' 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: <pass-pipeline>:1:35: error: pass 'tile-plan-pipeline' has no option 'stratgy'; did you mean 'strategy'?

// RUN: not tile-opt %s --pass-pipeline='builtin.module(canonicalize{max-iteration=1})' 2>&1 | FileCheck %s --check-prefix=UPSTREAM-OPTION
// UPSTREAM-OPTION: <pass-pipeline>:1:29: error: pass 'canonicalize' has no option 'max-iteration'; did you mean 'max-iterations'?

// RUN: not tile-opt %s --pass-pipeline='builtin.module(canonicalize{max-iterations=few})' 2>&1 | FileCheck %s --check-prefix=UPSTREAM-TYPE
// UPSTREAM-TYPE: <pass-pipeline>:1:29: error: pass 'canonicalize' cannot be added: for the --max-iterations option: 'few' value invalid

// RUN: not tile-opt %s --pass-pipeline='builtin.module(cse' 2>&1 | FileCheck %s --check-prefix=OPEN
// OPEN: <pass-pipeline>:1:19: error: expected ',' or ')', found the end of the pipeline

// RUN: not tile-opt %s --pass-pipeline='builtin.module(cse))' 2>&1 | FileCheck %s --check-prefix=CLOSED
// CLOSED: <pass-pipeline>:1:20: error: expected the end of the pipeline, found ')'

// RUN: not tile-opt %s --pass-pipeline='builtin.module(canonicalize{top-down=true)' 2>&1 | FileCheck %s --check-prefix=BRACE
// BRACE: <pass-pipeline>:1:28: error: this '{' is never closed

// RUN: not tile-opt %s --pass-pipeline='canonicalize' 2>&1 | FileCheck %s --check-prefix=ANCHOR
// ANCHOR: <pass-pipeline>:1:1: error: a pipeline starts with its anchor operation: write builtin.module(canonicalize)

// RUN: not tile-opt %s --pass-pipeline='gpu.module(canonicalize)' 2>&1 | FileCheck %s --check-prefix=ROOT
// ROOT: <pass-pipeline>:1:1: error: the pipeline is anchored on 'gpu.module', the input is a 'builtin.module'

// RUN: not tile-opt %s --pass-pipeline='builtin.module(cse)' --cse 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: tile-opt: error: give either --pass-pipeline or passes as flags, not both

// RUN: not tile-opt %s --canonicalise 2>&1 | FileCheck %s --check-prefix=FLAG
// FLAG: tile-opt: error: unknown pass or option '--canonicalise'; did you mean '--canonicalize'?
func.func @empty() {
  return
}
