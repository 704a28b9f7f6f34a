# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only swizzled_gemm | FileCheck %s
# RUN: tilewright examples %examples --only swizzled_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Blocks in panels, there and back.
# CHECK: swizzled_gemm, a panel larger than the grid: right after 4 passes
# CHECK: kernels, 0 wrong
