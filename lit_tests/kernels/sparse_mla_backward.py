# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only sparse_mla_backward | FileCheck %s
# RUN: tilewright examples %examples --only sparse_mla_backward --pass-pipeline %async_pipeline | FileCheck %s

# The gradients of sparse multi-head latent attention: rows gathered ahead by threads, and scattered by atomics.
# CHECK: async, stages [0, 0, 2
# CHECK: prologue and epilogue of 2 steps, versions [2, 2]
# CHECK: kernels, 0 wrong
