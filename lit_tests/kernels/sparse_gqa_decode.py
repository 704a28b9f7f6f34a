# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only sparse_gqa_decode | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only sparse_gqa_decode --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# Decoding over chosen blocks of keys: the copies of an iteration stand under a guard that is read from a table.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
