# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only cumulative_sum | FileCheck %s
# RUN: tilewright examples %examples --only cumulative_sum --pass-pipeline %async_pipeline | FileCheck %s

# Running sums by tiles, under both strategies.
# CHECK: cumulative_sum, along columns, reverse, i32: right after 4 passes
# CHECK: 5 kernels, 0 wrong
