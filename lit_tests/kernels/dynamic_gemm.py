# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only dynamic_gemm | FileCheck %s
# RUN: tilewright examples %examples --only dynamic_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Dynamic shapes: edges, trip counts and the grid come from the arguments.
# CHECK: dynamic_gemm, no depth: right after 4 passes
# CHECK: kernels, 0 wrong
