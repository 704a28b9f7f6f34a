# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only w4a8_gemm | FileCheck %s
# RUN: tilewright examples %examples --only w4a8_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Weights of four bits with activations of eight, under both strategies.
# CHECK: stages [0, 0, 2, 2]
# CHECK: w4a8_gemm, weights in shared memory: right after 4 passes
# CHECK: 4 kernels, 0 wrong
