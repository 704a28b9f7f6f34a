// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// Two channels of one depth are two channels, used or not, and one made in a loop is made anew each time.
// CHECK-LABEL: func.func @channel_init
// CHECK: "tile.channel_init"() {depth = 2 : i32} : () -> !tile.channel
// CHECK-NEXT: "tile.channel_init"() {depth = 2 : i32} : () -> !tile.channel
// CHECK-NEXT: scf.for
// CHECK-NEXT: "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
func.func @channel_init(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %first = "tile.channel_init"() {depth = 2 : i32} : () -> !tile.channel
  %second = "tile.channel_init"() {depth = 2 : i32} : () -> !tile.channel
  scf.for %k = %c0 to %n step %c1 {
    %inner = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
  }
  return
}
