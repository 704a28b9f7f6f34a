// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

// Attributes that are missing or of another kind, and operands that are missing: errors at the operation.

func.func @no_integer() {
  // expected-error@+1 {{'tile.wait_group' op has no pending; it is an integer}}
  "tile.wait_group"() : () -> ()
  return
}

// -----

func.func @integer_of_another_kind(%i: index) {
  // expected-error@+1 {{'tile.stage_index' op has versions = "two"; it is an integer}}
  %s = "tile.stage_index"(%i) {versions = "two"} : (index) -> index
  return
}

// -----

func.func @no_string(%m: memref<4xf32>) {
  // expected-error@+1 {{'tile.scan' op has no kind; it is a string}}
  "tile.scan"(%m, %m) {dimension = 0 : i32, reverse = false} : (memref<4xf32>, memref<4xf32>) -> ()
  return
}

// -----

func.func @no_flag(%m: memref<4xf32>) {
  // expected-error@+1 {{'tile.scan' op has no reverse; it is true or false}}
  "tile.scan"(%m, %m) {dimension = 0 : i32, kind = "sum"} : (memref<4xf32>, memref<4xf32>) -> ()
  return
}

// -----

func.func @no_role() {
  "tile.specialize"() ({
    // expected-error@+1 {{'tile.warp_group' op has role = 3 : i32; it is a string}}
    "tile.warp_group"() ({ %c = arith.constant 0 : index }) {role = 3 : i32, warps = 1 : i32} : () -> ()
  }) : () -> ()
  return
}

// -----

func.func @registers_of_another_kind() {
  "tile.specialize"() ({
    // expected-error@+1 {{'tile.warp_group' op has registers = "many"; it is an integer}}
    "tile.warp_group"() ({ %c = arith.constant 0 : index }) {role = "a", warps = 1 : i32, registers = "many"} : () -> ()
  }) : () -> ()
  return
}

// -----

func.func @no_operands() {
  // expected-error@+1 {{'tile.copy_in' op has too few operands: 0; it needs 2}}
  "tile.copy_in"() : () -> ()
  return
}

// -----

func.func @no_tile(%m: memref<4xf32>) {
  // expected-error@+1 {{'tile.copy_out' op has too few operands: 1; it needs 2}}
  "tile.copy_out"(%m) : (memref<4xf32>) -> ()
  return
}

// -----

func.func @copy_of_nothing() {
  // expected-error@+1 {{'tile.copy_async' op has too few operands: 0; it needs 2}}
  "tile.copy_async"() {group = 0 : i32} : () -> ()
  return
}

// -----

func.func @no_mbarrier(%m: memref<4xf32>) {
  // expected-error@+1 {{'tile.bulk_copy' op has too few operands: 2; it needs 4}}
  "tile.bulk_copy"(%m, %m) : (memref<4xf32>, memref<4xf32>) -> ()
  return
}

// -----

func.func @product_of_one(%m: memref<4x4xf16>) {
  // expected-error@+1 {{'tile.gemm_sp' op has too few operands: 1; it needs 4}}
  "tile.gemm_sp"(%m) : (memref<4x4xf16>) -> ()
  return
}
