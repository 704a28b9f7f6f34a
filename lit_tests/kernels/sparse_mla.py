# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only sparse_mla | FileCheck %s
# RUN: tilewright examples %examples --only sparse_mla --pass-pipeline %async_pipeline | FileCheck %s

# Sparse multi-head latent attention: threads gather the rows of a tile by index, ahead of their iteration. No copy is a
# bulk copy, so no warp group has nothing but copies to issue.
# CHECK: async, stages [0, 0, 2
# CHECK: prologue and epilogue of 2 steps, versions [2, 2]
# CHECK: kernels, 0 wrong
