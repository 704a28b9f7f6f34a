// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --canonicalize --cse --loop-invariant-code-motion --verify-roundtrip | FileCheck %s

// Synchronisation declares no effects: equal ones stay, in their loop, and no read is merged across them.
// CHECK-LABEL: func.func @channel_release
// CHECK: %[[CHANNEL:.*]] = "tile.channel_init"() {depth = 2 : i32}
// CHECK: scf.for
// CHECK-NEXT: "tile.channel_release"(%[[CHANNEL]], %[[I:.*]]) :
// CHECK-NEXT: "tile.channel_release"(%[[CHANNEL]], %[[I]]) :
// CHECK-NEXT: }
// CHECK: %[[BEFORE:.*]] = memref.load
// CHECK-NEXT: "tile.channel_release"
// CHECK-NEXT: %[[AFTER:.*]] = memref.load
// CHECK-NEXT: return %[[BEFORE]], %[[AFTER]]
func.func @channel_release(%tile: memref<16xf16, #gpu.address_space<workgroup>>, %i: index, %n: index) -> (f16, f16) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %channel = "tile.channel_init"() {depth = 2 : i32} : () -> !tile.channel
  scf.for %k = %c0 to %n step %c1 {
    "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
  }
  %before = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
  %after = memref.load %tile[%c0] : memref<16xf16, #gpu.address_space<workgroup>>
  return %before, %after : f16, f16
}
