// TIER: l1a_compile_no_target_dialect
// RUN: not tile-opt %S/missing.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: missing.mlir: error: cannot be read: No such file or directory

// RUN: not tile-opt %S 2>&1 | FileCheck %s --check-prefix=DIRECTORY
// DIRECTORY: tools: error: is a directory; the input needs a file

// RUN: %python -c "open(r'%t.bin', 'wb').write(b'module {\n\xff\xfe')"
// RUN: not tile-opt %t.bin 2>&1 | FileCheck %s --check-prefix=BINARY
// BINARY: bin:2:1: error: is not text: a byte here is not UTF-8

// RUN: rm -f %t.out
// RUN: echo 'func.func @f() { oops }' > %t.mlir
// RUN: not tile-opt %t.mlir -o %t.out 2>&1 | FileCheck %s --check-prefix=PARSE
// RUN: not test -e %t.out
// PARSE: {{.*}}.tmp.mlir:1:18: error: custom op 'oops' is unknown

// RUN: echo 'func.func @f() { oops }' | not tile-opt - 2>&1 | FileCheck %s --check-prefix=STDIN
// STDIN: <stdin>:1:18: error: custom op 'oops' is unknown

// RUN: echo 'func.func @f() { return }' > %t.custom.mlir
// RUN: echo 'func.func @g() {' >> %t.custom.mlir
// RUN: echo '  tile.commit_group {group = 0 : i32}' >> %t.custom.mlir
// RUN: not tile-opt %t.custom.mlir 2>&1 | FileCheck %s --check-prefix=CUSTOM
// CUSTOM: {{.*}}.custom.mlir:3:3: error: tile.commit_group is an operation of the tile dialect, which has the generic form only

// RUN: not tile-opt 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: tile-opt: error: an input FILE is needed; - is stdin

// RUN: not tile-opt %s -o %S 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: tools: error: is a directory; the output needs a file

// RUN: not tile-opt %s --target cuda:sm_90 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: tile-opt: error: unknown target 'cuda:sm_90'; did you mean 'cuda:sm_90a'?

// RUN: env TILEWRIGHT_DUMP_IR=ture not %python -m tilewright_tools.cli.tile_opt %s 2>&1 | FileCheck %s --check-prefix=VARIABLE
// VARIABLE: tile-opt: error: TILEWRIGHT_DUMP_IR=ture: expected one of 1, true, yes, on, 0, false, no, off

// Nothing of this is a traceback.
// RUN: not tile-opt %t.mlir 2>&1 | not grep Traceback
func.func @empty() {
  return
}
