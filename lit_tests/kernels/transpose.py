# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only transpose | FileCheck %s
# RUN: tilewright examples %examples --only transpose --pass-pipeline %async_pipeline | FileCheck %s

# Transpositions through shared memory, one through a reshaped tile with versions, one from a transposed view.
# CHECK: transpose, through a view: right after 4 passes
# CHECK: transpose, heads: right after 4 passes
# CHECK: 5 kernels, 0 wrong
