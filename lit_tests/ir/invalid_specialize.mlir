// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

func.func @case_0() {
  // expected-error@+1 {{'tile.warp_group' op must stand in a tile.specialize}}
  "tile.warp_group"() ({ "tile.commit_group"() {group = 0 : i32} : () -> () }) {role = "producer", warps = 4 : i32} : () -> ()
  return
}

// -----

func.func @case_1() {
  // expected-error@+1 {{'tile.specialize' op holds arith.constant; only tile.warp_group may stand in it}}
  "tile.specialize"() ({ %c = arith.constant 0 : index }) : () -> ()
  return
}

// -----

func.func @case_2() {
  // expected-error@+1 {{'tile.specialize' op needs one block with at least one tile.warp_group}}
  "tile.specialize"() ({ ^bb0: }) : () -> ()
  return
}

// -----

func.func @case_3() {
  // expected-error@+1 {{'tile.warp_group' op has warps = 0; it must be at least 1}}
  "tile.specialize"() ({ "tile.warp_group"() ({ "tile.commit_group"() {group = 0 : i32} : () -> () }) {role = "producer", warps = 0 : i32} : () -> () }) : () -> ()
  return
}

// -----

func.func @case_4() {
  // expected-error@+1 {{'tile.warp_group' op needs a role that is not empty}}
  "tile.specialize"() ({ "tile.warp_group"() ({ "tile.commit_group"() {group = 0 : i32} : () -> () }) {role = "", warps = 4 : i32} : () -> () }) : () -> ()
  return
}

// -----

func.func @case_5() {
  // expected-error@+1 {{'tile.warp_group' op has registers = 25; a budget is a multiple of 8 from 24 to 240}}
  "tile.specialize"() ({ "tile.warp_group"() ({ "tile.commit_group"() {group = 0 : i32} : () -> () }) {role = "producer", warps = 4 : i32, registers = 25 : i32} : () -> () }) : () -> ()
  return
}
