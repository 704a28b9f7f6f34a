// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

func.func @another_shape(%a: memref<4x8xf16>, %b: memref<4x4xf16>) {
  // expected-error@+1 {{'tile.scan' op scans shape [4, 8] into [4, 4]; they must be the same}}
  "tile.scan"(%a, %b) {dimension = 1 : i32, kind = "sum", reverse = false} : (memref<4x8xf16>, memref<4x4xf16>) -> ()
  return
}

// -----

func.func @another_type(%a: memref<4xf16>, %b: memref<4xf32>) {
  // expected-error@+1 {{'tile.scan' op scans f16 into f32; it never converts}}
  "tile.scan"(%a, %b) {dimension = 0 : i32, kind = "sum", reverse = false} : (memref<4xf16>, memref<4xf32>) -> ()
  return
}

// -----

func.func @no_such_dimension(%a: memref<4xf16>) {
  // expected-error@+1 {{'tile.scan' op has dimension = 1; a memref of rank 1 has none}}
  "tile.scan"(%a, %a) {dimension = 1 : i32, kind = "sum", reverse = false} : (memref<4xf16>, memref<4xf16>) -> ()
  return
}

// -----

func.func @no_such_kind(%a: memref<4xf16>) {
  // expected-error@+1 {{'tile.scan' op has kind = "mean"; it is one of sum, max, min}}
  "tile.scan"(%a, %a) {dimension = 0 : i32, kind = "mean", reverse = false} : (memref<4xf16>, memref<4xf16>) -> ()
  return
}

// -----

func.func @dynamic(%a: memref<?xf16>) {
  // expected-error@+1 {{'tile.scan' op scans the dynamic shape}}
  "tile.scan"(%a, %a) {dimension = 0 : i32, kind = "sum", reverse = false} : (memref<?xf16>, memref<?xf16>) -> ()
  return
}

// -----

func.func @no_direction(%a: memref<4xf16>) {
  // expected-error@+1 {{'tile.scan' op has reverse = 1 : i32; it is true or false}}
  "tile.scan"(%a, %a) {dimension = 0 : i32, kind = "sum", reverse = 1 : i32} : (memref<4xf16>, memref<4xf16>) -> ()
  return
}

// -----

func.func @conditions(%a: memref<4xi1>) {
  // expected-error@+1 {{'tile.scan' op scans elements of type i1; they must be numbers}}
  "tile.scan"(%a, %a) {dimension = 0 : i32, kind = "sum", reverse = false} : (memref<4xi1>, memref<4xi1>) -> ()
  return
}

// -----

func.func @a_number(%a: memref<4xf16>, %x: f16) {
  // expected-error@+1 {{'tile.scan' op needs a memref as its source, not f16}}
  "tile.scan"(%x, %a) {dimension = 0 : i32, kind = "sum", reverse = false} : (f16, memref<4xf16>) -> ()
  return
}
