# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only gemm | FileCheck %s
# RUN: tilewright examples %examples --only gemm --pass-pipeline %async_pipeline | FileCheck %s

# All transposes and operand types, under both strategies.
# CHECK: gemm, f8E4M3FN: right after 4 passes
# CHECK: kernels, 0 wrong
