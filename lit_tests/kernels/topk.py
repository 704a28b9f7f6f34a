# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only topk | FileCheck %s
# RUN: tilewright examples %examples --only topk --pass-pipeline %async_pipeline | FileCheck %s

# The largest, again and again.
# CHECK: topk, bf16: right after 4 passes
# CHECK: kernels, 0 wrong
