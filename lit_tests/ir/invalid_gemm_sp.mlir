// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

func.func @case_0(%a: memref<16x16xf16>, %e: memref<16x?xi16>, %b: memref<32x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{'tile.gemm_sp' op has metadata memref<16x?xi16>; it must be a matrix of static shape}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x?xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_1(%a: memref<2x16x16xf16>, %e: memref<16x2xi16>, %b: memref<32x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{has a memref<2x16x16xf16>; it must be a matrix of static shape}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<2x16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_2(%a: memref<16x16xf16>, %e: memref<16x2xi16>, %b: memref<32x8xbf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{multiplies f16 with bf16; they must be the same}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xbf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_3(%a: memref<16x16xf16>, %e: memref<16x2xi16>, %b: memref<32x8xf16>, %c: memref<16x8xi32>) {
  // expected-error@+1 {{accumulates f16 in i32; both must be integers, or both floats}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<16x8xi32>) -> ()
  return
}

// -----

func.func @case_4(%a: memref<16x16xf16>, %e: memref<16x2xf16>, %b: memref<32x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{has metadata of f16; it must be i8, i16 or i32}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x2xf16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_5(%a: memref<16x16xf16>, %e: memref<16x1xi64>, %b: memref<32x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{has metadata of i64; it must be i8, i16 or i32}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x1xi64>, memref<32x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_6(%a: memref<16x15xf16>, %e: memref<16x2xi16>, %b: memref<30x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{has a with 15 columns; it keeps two of each four, so their number must be even}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x15xf16>, memref<16x2xi16>, memref<30x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_7(%a: memref<16x16xf16>, %e: memref<16x4xi16>, %b: memref<32x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{has metadata of shape [16, 4]; 16x2 words of 16 bits describe a 16x32 matrix}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x4xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_8(%a: memref<16x16xf16>, %e: memref<16x2xi16>, %b: memref<16x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{contracts 32 columns with 16 rows of b}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x2xi16>, memref<16x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_9(%a: memref<16x16xf16>, %e: memref<16x2xi16>, %b: memref<32x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{contracts 32 columns with 8 rows of b}}
  "tile.gemm_sp"(%a, %e, %b, %c) {transpose_b = true} : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_10(%a: memref<16x16xf16>, %e: memref<16x2xi16>, %b: memref<32x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{has transpose_b = 1 : i32; it is true or false}}
  "tile.gemm_sp"(%a, %e, %b, %c) {transpose_b = 1 : i32} : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<16x8xf32>) -> ()
  return
}

// -----

func.func @case_11(%a: memref<16x16xf16>, %e: memref<16x2xi16>, %b: memref<32x8xf16>, %c: memref<8x16xf32>) {
  // expected-error@+1 {{has an accumulator of shape [8, 16]; the product has [16, 8]}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, memref<16x2xi16>, memref<32x8xf16>, memref<8x16xf32>) -> ()
  return
}

// -----

func.func @case_12(%a: memref<16x16xf16>, %e: index, %b: memref<32x8xf16>, %c: memref<16x8xf32>) {
  // expected-error@+1 {{needs a memref as its metadata, not index}}
  "tile.gemm_sp"(%a, %e, %b, %c) : (memref<16x16xf16>, index, memref<32x8xf16>, memref<16x8xf32>) -> ()
  return
}
