# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only attention | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only attention --pass-pipeline %async_pipeline | FileCheck %s --check-prefix=ASYNC

# Flash attention, full, causal, in a window, with heads inside the sequence.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
