# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only vertical_slash_attention | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only vertical_slash_attention --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# A vertical and slash pattern: a specialized loop over blocks, then a loop whose rows are gathered by threads.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: async, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: kernels, 0 wrong
