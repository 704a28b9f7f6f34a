# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only mhc_pre | FileCheck %s
# RUN: tilewright examples %examples --only mhc_pre --pass-pipeline %async_pipeline | FileCheck %s

# Two kernels in order, the first with a reshaped argument: mixes of residual streams, Sinkhorn's iteration, the layer's input.
# CHECK: stages [0, 0, 2, 2, 2, 2]
# CHECK: stages [0, 2, 2]
# CHECK: mhc_pre, ragged tokens: right after 4 passes
# CHECK: 3 kernels, 0 wrong
