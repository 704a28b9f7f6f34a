# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only sparse_mla_pipelined | FileCheck %s
# RUN: tilewright examples %examples --only sparse_mla_pipelined --pass-pipeline %async_pipeline | FileCheck %s

# Three warp groups written by hand stay as they are: one gathers, two share the output.
# CHECK: tile-specialize-warps{{.*}}nothing to do
# CHECK: kernels, 0 wrong
