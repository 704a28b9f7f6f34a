// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// Layouts and memory spaces survive as attributes, and print as what parses again.
// CHECK-LABEL: func.func @attributes
// CHECK: memref.alloc() {tile.layout = #tile.shared<{{.*}}swizzle = 3{{.*}}>} : memref<16xf16, #gpu.address_space<workgroup>>
// CHECK: memref.alloc() {tile.layout = #tile.fragment<{{.*}}threads = 128{{.*}}>} : memref<16xf32, #gpu.address_space<private>>
// CHECK: memref.alloc() : memref<16xf16, #tile.space<"l0a">>
func.func @attributes(%value: f16, %wide: f32) {
  %c0 = arith.constant 0 : index
  %shared = memref.alloc() {tile.layout = #tile.shared<{swizzle = 3 : i32}>} : memref<16xf16, #gpu.address_space<workgroup>>
  %fragment = memref.alloc() {tile.layout = #tile.fragment<{threads = 128 : i32}>} : memref<16xf32, #gpu.address_space<private>>
  %near = memref.alloc() : memref<16xf16, #tile.space<"l0a">>
  "tile.copy_in"(%shared, %c0, %near) : (memref<16xf16, #gpu.address_space<workgroup>>, index, memref<16xf16, #tile.space<"l0a">>) -> ()
  linalg.fill ins(%wide : f32) outs(%fragment : memref<16xf32, #gpu.address_space<private>>)
  return
}
