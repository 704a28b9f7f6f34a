# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only gemm_split_k | FileCheck %s
# RUN: tilewright examples %examples --only gemm_split_k --pass-pipeline %async_pipeline | FileCheck %s

# K split over blocks, which add to one tile of C.
# CHECK: gemm_split_k, one trip: right after 4 passes
# CHECK: kernels, 0 wrong
