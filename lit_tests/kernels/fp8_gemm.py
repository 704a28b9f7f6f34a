# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only fp8_gemm | FileCheck %s
# RUN: tilewright examples %examples --only fp8_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Sums of fp8 products promoted every few steps, and block scales, under both strategies.
# CHECK: stages [0, 0, 3, 3, 3]
# CHECK: fp8_gemm, block scales: right after 4 passes
# CHECK: 6 kernels, 0 wrong
