# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only guarded_gemm | FileCheck %s
# RUN: tilewright examples %examples --only guarded_gemm --pass-pipeline %async_pipeline | FileCheck %s

# A guard around copies and product.
# CHECK: guarded_gemm, one trip: right after 4 passes
# CHECK: kernels, 0 wrong
