# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only attention_varlen | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only attention_varlen --pass-pipeline %async_pipeline | FileCheck %s --check-prefix=ASYNC

# Attention over packed sequences of different lengths: trip counts and offsets come from a table.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
