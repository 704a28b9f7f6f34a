// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --verify-roundtrip | FileCheck %s
// RUN: tile-opt %s --mlir-print-debuginfo | FileCheck %s --check-prefix=LOCATIONS
// RUN: tile-opt - < %s | FileCheck %s

// CHECK: func.func @located
// CHECK-NOT: loc(
// CHECK: {{^}}}
// LOCATIONS: loc("{{.*}}roundtrip_and_locations.mlir":11:3)
func.func @located() {
  return
}
