# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only fused_moe | FileCheck %s
# RUN: tilewright examples %examples --only fused_moe --pass-pipeline %async_pipeline | FileCheck %s

# A fused mixture of experts: rows gathered by a table under a guard, results added by atomics, under both strategies.
# CHECK: stages [0, 0, 0, 2, 2]
# CHECK: fused_moe, shared expert: right after 4 passes
# CHECK: 4 kernels, 0 wrong
