# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only gemv | FileCheck %s
# RUN: tilewright examples %examples --only gemv --pass-pipeline %async_pipeline | FileCheck %s

# Products kept element by element; split over blocks, and in batches.
# CHECK: gemv, one trip: right after 4 passes
# CHECK: kernels, 0 wrong
