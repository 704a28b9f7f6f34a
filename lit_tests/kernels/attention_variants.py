# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only attention | FileCheck %s
# RUN: tilewright examples %examples --only attention --pass-pipeline %async_pipeline | FileCheck %s

# Flash attention at its small shapes, under both strategies.
# CHECK: attention, causal: right after 4 passes
# CHECK: kernels, 0 wrong
