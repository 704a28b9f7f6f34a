# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only argmax | FileCheck %s
# RUN: tilewright examples %examples --only argmax --pass-pipeline %async_pipeline | FileCheck %s

# The place of the largest element, found tile by tile, under both strategies.
# CHECK: stages [0, 2, 2]
# CHECK: argmax, argmin: right after 4 passes
# CHECK: 4 kernels, 0 wrong
