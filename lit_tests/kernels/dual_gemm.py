# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only dual_gemm | FileCheck %s
# RUN: tilewright examples %examples --only dual_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Two products into one accumulator, before the loop and in it.
# CHECK: dual_gemm, both in the loop, three stages: right after 4 passes
# CHECK: kernels, 0 wrong
