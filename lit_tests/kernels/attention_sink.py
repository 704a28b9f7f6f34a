# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only attention_sink | FileCheck %s --check-prefix=SPECIALIZED
# RUN: tilewright examples %examples --only attention_sink --pass-pipeline %async_pipeline | FileCheck %s --check-prefix=ASYNC

# Causal attention with a learned logit beside the keys of a head.
# SPECIALIZED: warp_specialize, stages
# SPECIALIZED: producer of 4 warps
# SPECIALIZED: kernels, 0 wrong
# ASYNC: async, stages
# ASYNC: prologue and epilogue
# ASYNC: kernels, 0 wrong
