# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only mla_decode | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only mla_decode --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# Multi-head latent attention: one tile is keys and values, another the rotary part; whole, and split over the keys.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
