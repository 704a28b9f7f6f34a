// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// A scan writes its destination: it is never dead, never merged, and what is loaded after it is loaded again.
// CHECK-LABEL: func.func @scan
// CHECK: %[[BEFORE:.*]] = memref.load
// CHECK: "tile.scan"(%{{.*}}, %{{.*}}) {dimension = 1 : i32, kind = "sum", reverse = false}
// CHECK-NEXT: %[[BETWEEN:.*]] = memref.load
// CHECK: "tile.scan"(%{{.*}}, %{{.*}}) {dimension = 0 : i32, kind = "max", reverse = true}
// CHECK-NEXT: %[[AFTER:.*]] = memref.load
// CHECK: return %[[BEFORE]], %[[BETWEEN]], %[[AFTER]]
func.func @scan(%source: memref<4x8xf16, #gpu.address_space<workgroup>>, %destination: memref<4x8xf16, #gpu.address_space<private>>) -> (f16, f16, f16) {
  %c0 = arith.constant 0 : index
  %before = memref.load %destination[%c0, %c0] : memref<4x8xf16, #gpu.address_space<private>>
  "tile.scan"(%source, %destination) {dimension = 1 : i32, kind = "sum", reverse = false} : (memref<4x8xf16, #gpu.address_space<workgroup>>, memref<4x8xf16, #gpu.address_space<private>>) -> ()
  %between = memref.load %destination[%c0, %c0] : memref<4x8xf16, #gpu.address_space<private>>
  "tile.scan"(%destination, %destination) {dimension = 0 : i32, kind = "max", reverse = true} : (memref<4x8xf16, #gpu.address_space<private>>, memref<4x8xf16, #gpu.address_space<private>>) -> ()
  %after = memref.load %destination[%c0, %c0] : memref<4x8xf16, #gpu.address_space<private>>
  return %before, %between, %after : f16, f16, f16
}
