// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// Pure: equal ones become one, an unused one goes, and one that does not depend on its loop leaves it.
// CHECK-LABEL: func.func @phase
// CHECK: %[[ONE:.*]] = "tile.phase"(%{{.*}}) {initial = 1 : i32, stages = 3 : i32} : (index) -> index
// CHECK-NEXT: scf.for
// CHECK-NEXT: memref.store %{{.*}}, %{{.*}}[%[[ONE]]]
// CHECK-NEXT: }
// CHECK-NEXT: return %[[ONE]], %[[ONE]]
func.func @phase(%buffer: memref<16xf16>, %value: f16, %i: index, %n: index) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %first = "tile.phase"(%i) {initial = 1 : i32, stages = 3 : i32} : (index) -> index
  %second = "tile.phase"(%i) {initial = 1 : i32, stages = 3 : i32} : (index) -> index
  %unused = "tile.phase"(%n) {initial = 1 : i32, stages = 3 : i32} : (index) -> index
  scf.for %k = %c0 to %n step %c1 {
    %inner = "tile.phase"(%i) {initial = 1 : i32, stages = 3 : i32} : (index) -> index
    memref.store %value, %buffer[%inner] : memref<16xf16>
  }
  return %first, %second : index, index
}
