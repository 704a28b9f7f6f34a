# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only mhc_post | FileCheck %s
# RUN: tilewright examples %examples --only mhc_post --pass-pipeline %async_pipeline | FileCheck %s

# Residual streams mixed at the end of a layer, under both strategies.
# CHECK: stages [0, 0, 2, 2]
# CHECK: mhc_post, two streams, three stages: right after 4 passes
# CHECK: 3 kernels, 0 wrong
