// TIER: l2_simulator sim
// RUN: not tile-run %s --pass-pipeline='builtin.module()' --json %t.json 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=JSON < %t.json

// A kernel that reads what nothing has written: the finding names the line, in the file as it was called.
// CHECK: tile_run_findings.mlir:15:{{[0-9]+}}: error: uninitialised-read
// JSON: "ok": false,
// JSON: "kind": "uninitialised-read",
// JSON: "location": "{{.*}}tile_run_findings.mlir:
gpu.module @kernels {
  gpu.func @reads_nothing(%Out: memref<4xf32>) kernel
      attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %tile = memref.alloc() : memref<4xf32, #gpu.address_space<workgroup>>
    %v = memref.load %tile[%c0] : memref<4xf32, #gpu.address_space<workgroup>>
    memref.store %v, %Out[%c0] : memref<4xf32>
    gpu.return
  }
}
