# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only gemm_persistent | FileCheck %s
# RUN: tilewright examples %examples --only gemm_persistent --pass-pipeline %async_pipeline | FileCheck %s

# A loop over tiles around the pipelined loop.
# CHECK: gemm_persistent, as many blocks as tiles: right after 4 passes
# CHECK: kernels, 0 wrong
