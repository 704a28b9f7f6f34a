// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

// The places: next line, line above, this line; errors with their notes; a regular expression.
func.func @below() {
  // expected-error@+1 {{op has pending = -1; it must be at least 0}}
  "tile.wait_group"() {pending = -1 : i32} : () -> ()
  return
}

// -----

func.func @above() {
  "tile.wait_group"() {pending = -1 : i32} : () -> ()
  // expected-error@above {{has pending = -1}}
  return
}

// -----

func.func @here() {
  "tile.wait_group"() {pending = -1 : i32} : () -> () // expected-error {{has pending = -1}}
  return
}

// -----

func.func @regular_expression() {
  // expected-error-re@below {{has pending = {{-[0-9]+}}; it must be at least {{[0-9]}}}}
  "tile.wait_group"() {pending = -12 : i32} : () -> ()
  return
}

// -----

// expected-note@+1 {{prior use here}}
func.func @notes(%a: i32) {
  // expected-error@+1 {{expects different type than prior uses: 'i64' vs 'i32'}}
  %b = arith.addi %a, %a : i64
  return
}

// -----

func.func @valid() {
  return
}
