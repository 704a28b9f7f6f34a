# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only topk_selector | FileCheck %s
# RUN: tilewright examples %examples --only topk_selector --pass-pipeline %async_pipeline | FileCheck %s

# A radix selection: pipelined loops that count in shared memory, with scalars of the kernel between them.
# CHECK: topk_selector, one: right after 4 passes
# CHECK: kernels, 0 wrong
