# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only linear_attention_backward | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only linear_attention_backward --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# Linear attention backward: two pipelined loops in one kernel, the second from the last chunk to the first.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
