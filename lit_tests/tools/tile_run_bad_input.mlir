// TIER: l2_simulator sim
// RUN: not tile-run %S/Inputs/two_kernels.mlir 2>&1 | FileCheck %s --check-prefix=SEVERAL
// SEVERAL: tile-run: error: {{.*}}two_kernels.mlir holds several kernels (first, second): choose one with --entry NAME

// RUN: not tile-run %S/Inputs/two_kernels.mlir --entry frist 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: has no kernel 'frist'; did you mean 'first'? (it has: first, second)

// RUN: tile-run %S/Inputs/two_kernels.mlir --entry first

// RUN: not tile-run %S/Inputs/two_kernels.mlir --entry second 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: tile-run: error: argument 'A' has the dynamic shape memref<?xf32>: give --shape A=AxB, or a file

// RUN: tile-run %S/Inputs/two_kernels.mlir --entry second --shape A=8 --shape B=8

// RUN: not tile-run %S/Inputs/gemm.mlir --arg D=zeros 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: tile-run: error: kernel 'gemm' has no argument 'D' (it has: A, B, C)

// RUN: %python -c "import numpy; numpy.save(r'%t.npy', numpy.zeros((64, 64), 'f4'))"
// RUN: not tile-run %S/Inputs/gemm.mlir --arg A=%t.npy 2>&1 | FileCheck %s --check-prefix=DTYPE
// DTYPE: {{.*}}.npy: error: argument 'A' is memref<64x64xf16>: the file must hold float16, it holds float32

// RUN: not tile-run %S/Inputs/gemm.mlir --blocks 9,9,9 2>&1 | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: tile-run: error: no block (9, 9, 9) in a grid of (2, 2, 1)

// RUN: not tile-run %S/Inputs/gemm.mlir --runtime cuda 2>&1 | FileCheck %s --check-prefix=RUNTIME
// RUNTIME: tile-run: error: --runtime=cuda: target 'sim' has no such runtime (known: sim)

// RUN: sed "s/known_grid_size = array<i32: 2, 2, 1>/other = 1/" %S/Inputs/gemm.mlir > %t.mlir
// RUN: rm -rf %t.json %t.args
// RUN: not tile-run %t.mlir --json %t.json --save-args %t.args 2>&1 | FileCheck %s --check-prefix=GRID
// RUN: not test -e %t.json
// RUN: not test -e %t.args
// GRID: {{.*}}.mlir:2:3: error: kernel 'gemm' has no grid: give known_grid_size, or tile.grid as an affine map

// RUN: sed "s/known_grid_size = array<i32: 2, 2, 1>/tile.grid = 4/" %S/Inputs/gemm.mlir > %t.mlir
// RUN: not tile-run %t.mlir 2>&1 | FileCheck %s --check-prefix=MAP
// MAP: {{.*}}.mlir:2:3: error: tile.grid = 4 : i64 on kernel 'gemm'; it is an affine map

// RUN: not tile-run %S/missing.py 2>&1 | FileCheck %s --check-prefix=PYTHON
// PYTHON: missing.py: error: cannot be read

// RUN: echo 'func.func @f() { return }' | not tile-run - 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: <stdin>: error: holds no kernel: a kernel is a gpu.func with the attribute 'kernel'
