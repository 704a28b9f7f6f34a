# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only sliding_filters | FileCheck %s
# RUN: tilewright examples %examples --only sliding_filters --pass-pipeline %async_pipeline | FileCheck %s

# A product with a view of overlapping rows, whose copy the threads make themselves, under both strategies.
# CHECK: stages [0, 2, 2, 2]
# CHECK: sliding_filters, bf16, more taps: right after 4 passes
# CHECK: 3 kernels, 0 wrong
