# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only gemm_stream_k | FileCheck %s
# RUN: tilewright examples %examples --only gemm_stream_k --pass-pipeline %async_pipeline | FileCheck %s

# Pipelined loops with bounds from the block, and parts of tiles that are added up.
# CHECK: gemm_stream_k, a part of the tiles: right after 4 passes
# CHECK: kernels, 0 wrong
