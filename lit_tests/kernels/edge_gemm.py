# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only edge_gemm | FileCheck %s
# RUN: tilewright examples %examples --only edge_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Tiles that cross an edge, or are larger than the matrix.
# CHECK: edge_gemm, no edge: right after 4 passes
# CHECK: kernels, 0 wrong
