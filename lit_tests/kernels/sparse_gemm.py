# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only sparse_gemm | FileCheck %s
# RUN: tilewright examples %examples --only sparse_gemm --pass-pipeline %async_pipeline | FileCheck %s

# A sparse product with metadata of every width.
# CHECK: sparse_gemm, one stage, one trip: right after 4 passes
# CHECK: kernels, 0 wrong
