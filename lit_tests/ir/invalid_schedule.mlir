// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

func.func @case_0() {
  "tile.statement"() ({
    // expected-error@+1 {{'tile.statement' op must not stand in another tile.statement}}
    "tile.statement"() ({ %c = arith.constant 0 : index }) {stage = 0 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
  }) {stage = 0 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
  return
}

// -----

func.func @case_1() {
  // expected-error@+1 {{'tile.statement' op has stage = -1; it must be at least 0}}
  "tile.statement"() ({ %c = arith.constant 0 : index }) {stage = -1 : i32, order = 0 : i32, group = -1 : i32} : () -> ()
  return
}

// -----

func.func @case_2() {
  // expected-error@+1 {{'tile.statement' op has group = -2; it must be at least -1}}
  "tile.statement"() ({ %c = arith.constant 0 : index }) {stage = 0 : i32, order = 0 : i32, group = -2 : i32} : () -> ()
  return
}

// -----

func.func @case_3(%i: index) {
  // expected-error@+1 {{'tile.stage_index' op has versions = 0; it must be at least 1}}
  %v = "tile.stage_index"(%i) {versions = 0 : i32} : (index) -> index
  return
}

// -----

func.func @case_4(%i: index) {
  // expected-error@+1 {{'tile.phase' op has initial = 2; a parity is 0 or 1}}
  %v = "tile.phase"(%i) {stages = 2 : i32, initial = 2 : i32} : (index) -> index
  return
}

// -----

func.func @case_5(%i: index) {
  // expected-error@+1 {{'tile.phase' op has stages = 0; it must be at least 1}}
  %v = "tile.phase"(%i) {stages = 0 : i32, initial = 0 : i32} : (index) -> index
  return
}
