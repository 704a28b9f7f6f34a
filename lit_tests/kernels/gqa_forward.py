# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only gqa_forward | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only gqa_forward --pass-pipeline %async_pipeline | FileCheck %s --check-prefix=ASYNC

# Grouped-query attention, full and causal.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
