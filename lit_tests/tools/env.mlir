// TIER: l0_backend_agnostic
// RUN: env COMPILE_ONLY=yes ARCH=x86_64 TILEWRIGHT_DUMP_IRR=1 %python -m tilewright_tools.cli.tilewright env 2>&1 | FileCheck %s
// CHECK: tilewright: warning: TILEWRIGHT_DUMP_IRR is not a variable of Tilewright; did you mean TILEWRIGHT_DUMP_IR?
// CHECK: TILEWRIGHT_COMPILE_BACKEND = sim (default; default: sim)
// CHECK: TILEWRIGHT_ARCH = (empty) (default; default: (empty))
// CHECK: TILEWRIGHT_COMPILE_ONLY = 1 (COMPILE_ONLY; default: 0)

// RUN: env TILEWRIGHT_ARCH=sm_80 %python -m tilewright_tools.cli.tilewright env --json | FileCheck %s --check-prefix=JSON
// JSON: "TILEWRIGHT_ARCH": {
// JSON-NEXT: "value": "sm_80",
// JSON-NEXT: "source": "TILEWRIGHT_ARCH",
// JSON-NEXT: "default": "",

// RUN: env TILEWRIGHT_GOLDEN_THREADS=many not %python -m tilewright_tools.cli.tilewright env 2>&1 | FileCheck %s --check-prefix=BAD
// BAD: tilewright: error: TILEWRIGHT_GOLDEN_THREADS=many: expected an integer

// RUN: env TILEWRIGHT_ARCH=sm_9 not %python -m tilewright_tools.cli.tilewright env 2>&1 | FileCheck %s --check-prefix=ARCH
// ARCH: tilewright: error: TILEWRIGHT_ARCH=sm_9: no installed backend has this arch
