# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only specialized_gemm | FileCheck %s
# RUN: tilewright examples %examples --only specialized_gemm --pass-pipeline %async_pipeline | FileCheck %s

# What is specialized by hand stays as it is.
# CHECK: specialized_gemm, soft_pipe, three stages, one trip: right after 4 passes
# CHECK: kernels, 0 wrong
