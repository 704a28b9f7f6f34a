// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// A sparse product adds to its accumulator: two equal ones stay two, in their loop.
// CHECK-LABEL: func.func @gemm_sp
// CHECK: scf.for
// CHECK-NEXT: "tile.gemm_sp"(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
// CHECK-NEXT: "tile.gemm_sp"(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
// CHECK-NEXT: }
func.func @gemm_sp(%a: memref<16x16xf16>, %e: memref<16x2xi16>, %b: memref<32x8xf16>, %c: memref<16x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
    "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
  }
  return
}

// A load before and after it are two loads, and a store that it reads stays.
// CHECK-LABEL: func.func @gemm_sp_reads_and_writes
// CHECK: memref.store
// CHECK-NEXT: %[[BEFORE:.*]] = memref.load
// CHECK-NEXT: "tile.gemm_sp"{{.*}} {transpose_b = true}
// CHECK-NEXT: %[[AFTER:.*]] = memref.load
// CHECK-NEXT: return %[[BEFORE]], %[[AFTER]]
func.func @gemm_sp_reads_and_writes(%a: memref<16x16xi8>, %e: memref<16x1xi32>, %b: memref<8x32xi8>, %c: memref<16x8xi32>) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i8
  memref.store %zero, %b[%c0, %c0] : memref<8x32xi8>
  %before = memref.load %c[%c0, %c0] : memref<16x8xi32>
  "tile.gemm_sp"(%a, %e, %b, %c) {transpose_b = true} : (memref<16x16xi8>, memref<16x1xi32>, memref<8x32xi8>, memref<16x8xi32>) -> ()
  %after = memref.load %c[%c0, %c0] : memref<16x8xi32>
  return %before, %after : i32, i32
}
