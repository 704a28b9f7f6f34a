# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only linear_attention | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only linear_attention --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# Chunked linear attention: a mixed producer of bulk copies and a scaled copy by threads, a state that lives on, atomics.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
