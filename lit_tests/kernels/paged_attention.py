# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only paged_attention | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only paged_attention --pass-pipeline %async_pipeline \
# RUN:   | FileCheck %s --check-prefix=ASYNC

# Paged attention: a tile is put together from pages that a table names, in one channel.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
