# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only layer_norm | FileCheck %s
# RUN: tilewright examples %examples --only layer_norm --pass-pipeline %async_pipeline | FileCheck %s

# Two pipelined loops over a reshaped argument, under both strategies.
# CHECK: stages [0, 2, 2, 2, 2]
# CHECK: layer_norm, groups: right after 4 passes
# CHECK: 4 kernels, 0 wrong
