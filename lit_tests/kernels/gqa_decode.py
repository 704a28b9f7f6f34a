# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only gqa_decode | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only gqa_decode --pass-pipeline %async_pipeline | FileCheck %s --check-prefix=ASYNC

# Decoding split over the keys, and the kernel that combines the parts.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
