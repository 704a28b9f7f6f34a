// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

func.func @case_0() {
  // expected-error@+1 {{'tile.channel_init' op has depth = 0; it must be at least 1}}
  %c = "tile.channel_init"() {depth = 0 : i32} : () -> !tile.channel
  return
}

// -----

func.func @case_1(%b: !tile.mbarrier, %i: index) {
  // expected-error@+1 {{expected base type 'tile.channel' but got 'tile.mbarrier'}}
  "tile.channel_acquire"(%b, %i) : (!tile.mbarrier, index) -> ()
  return
}
