# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only attention_varlen_backward | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only attention_varlen_backward --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# Attention backward over packed sequences: a mixed producer, for rows of odd length have no bulk copy; guarded atomics.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
