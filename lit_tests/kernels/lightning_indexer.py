# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only lightning_indexer | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only lightning_indexer --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# The lightning indexer: fp8 products, relu, weights, a sum over heads; windows between bounds from a table.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
