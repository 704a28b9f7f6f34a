// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

func.func @case_0() {
  // expected-error@+1 {{'tile.mbarrier_init' op has arrivals = 0; it must be at least 1}}
  %b = "tile.mbarrier_init"() {arrivals = 0 : i32, stages = 1 : i32} : () -> !tile.mbarrier
  return
}

// -----

func.func @case_1() {
  // expected-error@+1 {{'tile.mbarrier_init' op has stages = 0; it must be at least 1}}
  %b = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 0 : i32} : () -> !tile.mbarrier
  return
}

// -----

func.func @case_2(%b: !tile.mbarrier, %i: index) {
  // expected-error@+1 {{'tile.mbarrier_expect' op has bytes = 0; it must be at least 1}}
  "tile.mbarrier_expect"(%b, %i) {bytes = 0 : i32} : (!tile.mbarrier, index) -> ()
  return
}

// -----

func.func @case_3(%b: !tile.mbarrier, %i: index) {
  // expected-error@+1 {{'tile.mbarrier_arrive' op has elect = 1 : i32; it is true or false}}
  "tile.mbarrier_arrive"(%b, %i) {elect = 1 : i32} : (!tile.mbarrier, index) -> ()
  return
}

// -----

func.func @case_4(%b: !tile.channel, %i: index) {
  // expected-error@+1 {{expected base type 'tile.mbarrier' but got 'tile.channel'}}
  "tile.mbarrier_wait"(%b, %i, %i) : (!tile.channel, index, index) -> ()
  return
}

// -----

func.func @case_5(%b: !tile.mbarrier, %i: index) {
  // expected-error@+1 {{'tile.mbarrier_arrive' op has after_copies = 1 : i32; it is true or false}}
  "tile.mbarrier_arrive"(%b, %i) {after_copies = 1 : i32} : (!tile.mbarrier, index) -> ()
  return
}

// -----

func.func @case_6(%b: !tile.mbarrier, %i: index) {
  // expected-error@+1 {{'tile.mbarrier_arrive' op has elect and after_copies; each thread arrives after its own copies}}
  "tile.mbarrier_arrive"(%b, %i) {after_copies = true, elect = true} : (!tile.mbarrier, index) -> ()
  return
}
