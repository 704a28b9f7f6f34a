# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only block_sparse_attention | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only block_sparse_attention --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# Attention over a mask of blocks: the copies of a skipped iteration are not made.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
