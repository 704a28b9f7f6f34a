# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only native_sparse_attention | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only native_sparse_attention --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# Native sparse attention: gathered blocks, those after a token skipped; forward and decode, on one warp.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
